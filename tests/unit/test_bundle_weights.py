"""The weights of a bundle as plain arrays: exactly what was trained, from every format, or not at all."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsgate.model.bundle import BundleError, read_bundle
from newsgate.model.bundle_weights import weights_from_npz, weights_of, weights_to_npz
from newsgate.model.classifier import Classifier
from newsgate.model.onnx_graph import compile_onnx
from newsgate.model.onnx_weights import weights_from_onnx
from newsgate.model.runtime_names import RuntimeName
from newsgate.model.starter import starter_bundle
from tests.bundles import older_bundle, remade
from tests.networks import assert_equal, random_weights
from tests.texts import posts

# Of the starter bundle as it was before format 3.
_FORMER_SHA256 = {
    "model.keras": "5ccb80896f7777200deefdbf411f88c44427174ee5e8c62b965bdaf1c6272110",
    "model.onnx": "702c3ad3987f572843d151ab1560f276d74e5e352f5f39aaa95ca4364bbaa44a",
    "tokenizer.json": "e9cf9b8b7072308b9cdc72696cfb29d27dbefbae80db38d3441062e491ca2404",
}


@cache
def small_file() -> bytes:
    return weights_to_npz(random_weights(vocabulary=5, width=3, units=2, seed=0))


def arrays_of(content: bytes) -> dict[str, np.ndarray[Any, Any]]:
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return dict(archive)


def members_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zip_of(members: Mapping[str, bytes], *, method: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def npy(array: np.ndarray[Any, Any], *, version: tuple[int, int] = (1, 0)) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version=version)
    return buffer.getvalue()


def header(text: str, *, numbers: bytes = bytes(4)) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + numbers


@settings(max_examples=30, deadline=None)
@given(vocabulary=st.integers(1, 9), width=st.integers(1, 7), units=st.integers(1, 6), seed=st.integers(0, 2**32 - 1))
def test_reading_undoes_writing_and_both_formats_give_the_same_arrays(
    vocabulary: int, width: int, units: int, seed: int
) -> None:
    weights = random_weights(vocabulary=vocabulary, width=width, units=units, seed=seed)
    read = weights_from_npz(weights_to_npz(weights))
    older = weights_from_onnx(compile_onnx(weights))
    assert_equal(weights, read)
    assert_equal(weights, older)
    # In memory too: the last bit of a product may depend on it.
    orders = [[array.strides for array in each.arrays().values() if 1 not in array.shape] for each in (read, older)]
    assert orders[0] == orders[1]


def test_any_program_with_numpy_opens_the_file() -> None:
    content = read_bundle(starter_bundle()).weights_npz
    assert content is not None
    shapes = {name: (array.shape, array.dtype.str) for name, array in arrays_of(content).items()}
    assert shapes == {
        "embedding": ((6000, 64), "<f4"),
        "forward_kernel": ((64, 256), "<f4"),
        "forward_recurrent_kernel": ((64, 256), "<f4"),
        "forward_bias": ((256,), "<f4"),
        "backward_kernel": ((64, 256), "<f4"),
        "backward_recurrent_kernel": ((64, 256), "<f4"),
        "backward_bias": ((256,), "<f4"),
        "output_kernel": ((256, 1), "<f4"),
        "output_bias": ((1,), "<f4"),
    }


def test_the_same_weights_give_the_same_bytes() -> None:
    assert weights_to_npz(random_weights(vocabulary=5, width=3, units=2, seed=0)) == small_file()
    assert weights_to_npz(weights_from_npz(small_file())) == small_file()


def test_the_starter_is_the_network_that_it_was_before_the_weights_were_a_file() -> None:
    bundle = read_bundle(starter_bundle())
    assert _FORMER_SHA256.items() <= bundle.metadata.members_sha256.items()
    assert hashlib.sha256(bundle.onnx_model).hexdigest() == _FORMER_SHA256["model.onnx"]
    assert_equal(weights_from_onnx(bundle.onnx_model), weights_of(bundle))


@pytest.mark.parametrize("runtime", ["auto", "numpy", "onnx"])
@pytest.mark.parametrize("version", [1, 2])
def test_older_bundles_score_the_same_to_the_last_bit(version: int, runtime: RuntimeName) -> None:
    texts = posts(500, seed=3)
    older = older_bundle(starter_bundle(), format_version=version)
    assert read_bundle(older).weights_npz is None
    scores = [Classifier.from_bundle_bytes(each, runtime=runtime).classify(texts) for each in (starter_bundle(), older)]
    np.testing.assert_array_equal(scores[0].p_fake, scores[1].p_fake)
    np.testing.assert_array_equal(scores[0].token_counts, scores[1].token_counts)
    assert read_bundle(older).metadata.temperature == read_bundle(starter_bundle()).metadata.temperature


@pytest.mark.parametrize("older", [False, True])
def test_a_bundle_serves_without_the_training_extra(older: bool) -> None:
    program = (
        "import sys\n"
        "from newsgate.model.classifier import Classifier\n"
        "Classifier.from_bundle_bytes(sys.stdin.buffer.read(), runtime='numpy').classify(['a'])\n"
        "heavy = {'tensorflow', 'keras', 'onnx', 'onnxruntime', 'h5py', 'google.protobuf'}\n"
        "print(*sorted(heavy & set(sys.modules)))\n"
    )
    data = older_bundle(starter_bundle()) if older else starter_bundle()
    done = subprocess.run([sys.executable, "-c", program], input=data, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stdout.decode().split()) == (0, ["google.protobuf"] if older else []), done.stderr


def test_arrays_that_inflate_are_refused_before_they_are_inflated(monkeypatch: pytest.MonkeyPatch) -> None:
    members = members_of(small_file()) | {"embedding.npy": npy(np.zeros((10_000_000, 3), np.float32))}
    bomb = zip_of(members, method=zipfile.ZIP_DEFLATED)
    assert len(bomb) < 200_000
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("inflated"))
    with pytest.raises(BundleError, match="its arrays are compressed"):
        weights_from_npz(bomb)


def test_an_array_larger_than_the_file_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    size = len(members_of(small_file())["embedding.npy"]).to_bytes(4, "little")
    lying = small_file().replace(size, (2**30).to_bytes(4, "little"))
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("read"))
    with pytest.raises(BundleError, match="cannot read the bundle's weights"):
        weights_from_npz(lying)


def test_a_header_cannot_ask_for_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    vast = header("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000, 1000), }\n")
    monkeypatch.setattr(np, "load", lambda *_, **__: pytest.fail("made"))
    # The first array that is read.
    with pytest.raises(BundleError, match="embedding is not an array of float32"):
        weights_from_npz(zip_of(members_of(small_file()) | {"embedding.npy": vast}))


def _shape(shape: str) -> bytes:
    return header(f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n")


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        pytest.param(npy(np.ones(1)), "not an array of float32", id="float64"),
        pytest.param(npy(np.ones(1, ">f4")), "not an array of float32", id="big-endian"),
        pytest.param(npy(np.ones(1, np.int32)), "not an array of float32", id="integers"),
        pytest.param(npy(np.array([{}], object)), "not an array of float32", id="pickled"),
        pytest.param(npy(np.ones(1, [("a", "<f4")])), "not an array of float32", id="records"),
        pytest.param(npy(np.ones(1, np.float32), version=(2, 0)), "not of the first version", id="version 2"),
        pytest.param(npy(np.ones(2, np.float32)), "has the shape", id="two numbers"),
        pytest.param(npy(np.ones((1, 1), np.float32)), "has the shape", id="two dimensions"),
        pytest.param(npy(np.array([np.nan], np.float32)), "output_bias holds something that is not", id="not finite"),
        pytest.param(npy(np.array([np.inf], np.float32)), "output_bias holds something that is not", id="infinite"),
        pytest.param(npy(np.ones(1, np.float32)) + b"more", "not an array of float32", id="more behind it"),
        pytest.param(npy(np.ones(1, np.float32))[:-1], "not an array of float32", id="truncated"),
        pytest.param(npy(np.ones(1, np.float32))[:30], "", id="truncated header"),
        pytest.param(_shape("()"), "not an array of float32", id="no dimension"),
        pytest.param(_shape("(-1,)"), "not an array of float32", id="a negative dimension"),
        pytest.param(_shape("(-1, -1)"), "not an array of float32", id="negative dimensions"),
        pytest.param(_shape("(4294967296, 4294967296, 0)"), "not an array", id="dimensions that overflow"),
        pytest.param(_shape("(0,)"), "not an array of float32", id="empty"),
        pytest.param(_shape("(1.0,)"), "shape is not valid", id="a fraction"),
        pytest.param(_shape("(1,), 'more': 1"), "correct keys", id="another key"),
        pytest.param(_shape("__import__('os').getpid()"), "", id="a call"),
        pytest.param(header("[" * 250), "", id="nested"),
        pytest.param(header("{" * 3000), "header", id="a long header"),
        pytest.param(header("'unfinished"), "", id="no literal"),
        pytest.param(b"", "", id="nothing"),
    ],
)
@pytest.mark.filterwarnings("ignore:Reading `.npy`")
def test_an_array_that_is_not_as_written_is_refused(member: bytes, reason: str) -> None:
    with pytest.raises(BundleError, match=f"cannot read the bundle's weights: .*{reason}"):
        weights_from_npz(zip_of(members_of(small_file()) | {"output_bias.npy": member}))


def _without(name: str) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    return lambda members: {other: content for other, content in members.items() if other != name}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_without("forward_bias.npy"), id="one less"),
        pytest.param(lambda members: members | {"more.npy": b""}, id="one more"),
        pytest.param(lambda members: members | {"../embedding.npy": b""}, id="a path"),
        pytest.param(lambda members: {name.removesuffix(".npy"): each for name, each in members.items()}, id="bare"),
    ],
)
def test_other_arrays_are_refused(change: Callable[[dict[str, bytes]], dict[str, bytes]]) -> None:
    with pytest.raises(BundleError, match="its arrays are not embedding, forward_kernel"):
        weights_from_npz(zip_of(change(members_of(small_file()))))


@pytest.mark.parametrize("name", ["embedding", "forward_kernel", "backward_recurrent_kernel", "backward_bias"])
def test_arrays_that_do_not_fit_together_are_refused(name: str) -> None:
    arrays = arrays_of(small_file())
    members = members_of(small_file())
    wider = np.concatenate([arrays[name], arrays[name]], axis=-1)
    with pytest.raises(BundleError, match="has the shape"):
        weights_from_npz(zip_of(members | {f"{name}.npy": npy(wider)}))


@settings(max_examples=300, deadline=None)
@given(st.data())
@pytest.mark.filterwarnings("ignore:Reading `.npy`")
def test_damaged_bytes_give_weights_or_a_bundle_error_and_nothing_else(data: st.DataObject) -> None:
    content = bytearray(small_file())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    for damaged in (bytes(content), bytes(content[:cut])):
        with suppress(BundleError):
            weights_from_npz(damaged)


@settings(max_examples=300, deadline=None)
@given(st.data())
@pytest.mark.filterwarnings("ignore:Reading `.npy`")
def test_damaged_headers_give_weights_or_a_bundle_error_and_nothing_else(data: st.DataObject) -> None:
    """With their zip's checksum in order, so that NumPy does see them."""
    members = members_of(small_file())
    name = data.draw(st.sampled_from(sorted(members)))
    content = bytearray(members[name])
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, 127))] = data.draw(st.integers(0, 255))
    with suppress(BundleError):
        weights_from_npz(zip_of(members | {name: bytes(content)}))


@given(st.binary(max_size=200))
def test_other_bytes_are_refused(noise: bytes) -> None:
    with pytest.raises(BundleError):
        weights_from_npz(noise)


def test_what_a_bundle_cannot_be_served_with_is_said_with_the_remedy() -> None:
    bundle = remade(starter_bundle(), weights_npz=small_file()[:100])
    with pytest.raises(BundleError, match=r"cannot read the bundle's weights: .*\. Train the model again"):
        Classifier.from_bundle_bytes(bundle, runtime="numpy")
