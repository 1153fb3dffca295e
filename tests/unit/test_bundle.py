"""Bundles: written whole or not at all, and read with suspicion."""

from __future__ import annotations

import io
import json
import tracemalloc
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsgate.model import bundle as bundle_module
from newsgate.model.bundle import BundleError, bundle_sha256, make_bundle, read_bundle, write_bundle
from newsgate.model.classifier import Classifier
from newsgate.model.metadata import BundleMetadata, Parity, TrainingData
from newsgate.model.runtime_names import RuntimeName
from newsgate.model.tokenizer import RESERVED_PIECES, Tokenizer
from tests.bundles import older_bundle

METADATA = BundleMetadata(
    created_at="2026-01-02T03:04:05+00:00",
    max_tokens=8,
    temperature=1.5,
    recipe={"seed": 0},
    training_data=TrainingData(rows={"fake": 2, "real": 3}, sha256="0" * 64, held_back_rows=1),
    metrics={"held_back": {"accuracy": 0.5}},
    libraries={"keras": "3"},
    parity=Parity(max_abs_difference=1e-6, texts=10),
)


def make() -> bytes:
    return make_bundle(
        keras_model=b"keras",
        onnx_model=b"onnx",
        weights_npz=b"weights",
        tokenizer=Tokenizer([*RESERVED_PIECES, "news"]),
        metadata=METADATA,
    )


BUNDLE = make()


def members_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zip_of(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def with_metadata(**changes: Any) -> bytes:
    members = members_of(BUNDLE)
    document = json.loads(members["metadata.json"]) | changes
    return zip_of(members | {"metadata.json": json.dumps(document).encode()})


def test_round_trip() -> None:
    bundle = read_bundle(BUNDLE)
    assert (bundle.keras_model, bundle.onnx_model, bundle.weights_npz) == (b"keras", b"onnx", b"weights")
    assert bundle.tokenizer.pieces[-1] == "news"
    assert bundle.metadata.temperature == 1.5
    assert bundle.metadata.training_data == METADATA.training_data
    assert set(bundle.metadata.members_sha256) == {"model.keras", "model.onnx", "weights.npz", "tokenizer.json"}


def test_equal_contents_are_equal_bytes() -> None:
    assert bundle_sha256(make()) == bundle_sha256(BUNDLE)


def test_metadata_documents_what_people_read() -> None:
    document = json.loads(members_of(BUNDLE)["metadata.json"])
    assert document["format_version"] == 4
    assert document["labels"] == ["fake", "real"]
    assert document["calibration"] == {"temperature": 1.5}


@pytest.mark.parametrize("data", [b"", b"not a zip", BUNDLE[: len(BUNDLE) // 2], BUNDLE[:-1]])
def test_what_is_no_zip_is_refused(data: bytes) -> None:
    with pytest.raises(BundleError, match="not a newsgate model bundle"):
        read_bundle(data)


@pytest.mark.parametrize("name", ["../model.keras", "/etc/passwd", "extra.txt", "model.keras/"])
def test_unexpected_members_are_refused(name: str) -> None:
    with pytest.raises(BundleError, match="its members are"):
        read_bundle(zip_of(members_of(BUNDLE) | {name: b""}))


@pytest.mark.parametrize("name", ["model.keras", "model.onnx", "weights.npz", "tokenizer.json", "metadata.json"])
def test_missing_members_are_refused(name: str) -> None:
    members = members_of(BUNDLE)
    del members[name]
    with pytest.raises(BundleError, match="its members are"):
        read_bundle(zip_of(members))


def test_a_member_given_twice_is_refused() -> None:
    buffer = io.BytesIO(BUNDLE)
    with zipfile.ZipFile(buffer, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("model.onnx", b"another")
    with pytest.raises(BundleError, match="its members are"):
        read_bundle(buffer.getvalue())


@pytest.mark.parametrize("name", ["model.keras", "model.onnx", "weights.npz", "tokenizer.json"])
def test_a_changed_member_is_refused(name: str) -> None:
    with pytest.raises(BundleError, match=f"{name} is not what"):
        read_bundle(zip_of(members_of(BUNDLE) | {name: b"changed"}))


def test_a_zip_bomb_is_refused_before_it_is_inflated(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zip_of(members_of(BUNDLE) | {"tokenizer.json": bytes(17 * 1024 * 1024)})
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("inflated"))
    with pytest.raises(BundleError, match=r"tokenizer\.json would be"):
        read_bundle(bomb)


def test_a_member_that_says_less_than_it_holds_is_inflated_no_further() -> None:
    size = 64 * 1024 * 1024
    bomb = zip_of(members_of(BUNDLE) | {"model.keras": bytes(size)})
    # Its size as the directory and the member's own header have it.
    lying = bomb.replace(size.to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    assert lying != bomb
    tracemalloc.start()
    try:
        with pytest.raises(BundleError, match="not a readable zip file"):
            read_bundle(lying)
        assert tracemalloc.get_traced_memory()[1] < size // 16
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_inflate_without_bounds_are_refused_before(method: int, monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members_of(BUNDLE).items():
            archive.writestr(name, content, method if name == "model.keras" else zipfile.ZIP_DEFLATED)
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("inflated"))
    with pytest.raises(BundleError, match=rf"model\.keras is compressed by method {method}, not deflated"):
        read_bundle(buffer.getvalue())


def test_a_bundle_that_is_stored_is_read() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members_of(BUNDLE).items():
            archive.writestr(name, content)
    assert read_bundle(buffer.getvalue()).keras_model == b"keras"


def test_too_many_bytes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_module, "TOTAL_LIMIT_BYTES", len(BUNDLE) - 1)
    with pytest.raises(BundleError, match="more than"):
        read_bundle(BUNDLE)


def test_another_format_version_says_to_upgrade() -> None:
    with pytest.raises(BundleError, match=r"format 5, this program reads 1 to 4\. Upgrade newsgate"):
        read_bundle(with_metadata(format_version=5))


def test_a_later_format_with_other_members_says_to_upgrade() -> None:
    members = members_of(with_metadata(format_version=5))
    del members["model.keras"]
    with pytest.raises(BundleError, match=r"format 5, this program reads 1 to 4\. Upgrade newsgate"):
        read_bundle(zip_of(members | {"weights.future": b""}))


@pytest.mark.parametrize("version", [1, 2])
def test_an_older_format_has_no_file_of_weights(version: int) -> None:
    assert read_bundle(older_bundle(BUNDLE, format_version=version)).weights_npz is None
    with pytest.raises(BundleError, match="its members are"):
        read_bundle(with_metadata(format_version=version))
    with pytest.raises(BundleError, match="its members are"):
        read_bundle(older_bundle(BUNDLE, format_version=3))


@pytest.mark.parametrize("version", [0, -1, "3", None, [3], {"3": 3}, float("inf")])
def test_a_format_that_never_was_is_refused(version: object) -> None:
    with pytest.raises(BundleError, match="this program reads 1 to 4"):
        read_bundle(with_metadata(format_version=version))


@pytest.mark.parametrize(
    "temperature", [0, -1, float("nan"), float("inf"), pytest.param(10**400, id="1e400"), None, "warm"]
)
def test_a_temperature_that_is_no_positive_number_is_refused(temperature: object) -> None:
    with pytest.raises(BundleError, match=r"metadata\.json"):
        read_bundle(with_metadata(calibration={"temperature": temperature}))


@pytest.mark.parametrize(
    "changes",
    [
        {"labels": ["real", "fake"]},
        {"max_tokens": 0},
        {"max_tokens": float("inf")},
        {"parity": 3},
        {"recipe": None},
    ],
)
def test_metadata_that_makes_no_sense_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(BundleError, match=r"metadata\.json"):
        read_bundle(with_metadata(**changes))


@given(st.integers(0, len(BUNDLE) - 1), st.integers(1, 255))
def test_a_damaged_byte_is_a_bundle_error_or_no_matter(place: int, change: int) -> None:
    damaged = bytearray(BUNDLE)
    damaged[place] ^= change
    try:
        bundle = read_bundle(bytes(damaged))
    except BundleError:
        return
    assert bundle == read_bundle(BUNDLE) or bundle.tokenizer.pieces == read_bundle(BUNDLE).tokenizer.pieces


@pytest.mark.parametrize("runtime", ["numpy", "onnx"])
def test_a_graph_that_does_not_load_is_a_bundle_error(runtime: RuntimeName) -> None:
    with pytest.raises(BundleError, match="ONNX graph"):
        Classifier.from_bundle_bytes(older_bundle(BUNDLE), runtime=runtime)


@pytest.mark.parametrize(("runtime", "reason"), [("numpy", "the bundle's weights"), ("onnx", "ONNX graph")])
def test_weights_that_do_not_load_are_a_bundle_error(runtime: RuntimeName, reason: str) -> None:
    with pytest.raises(BundleError, match=reason):
        Classifier.from_bundle_bytes(BUNDLE, runtime=runtime)


def test_writing_is_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "models" / "one.newsgate"
    write_bundle(path, BUNDLE)
    assert path.read_bytes() == BUNDLE

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        write_bundle(path, b"half")
    assert path.read_bytes() == BUNDLE
    assert list(path.parent.iterdir()) == [path]
