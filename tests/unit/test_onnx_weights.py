"""Reading the weights out of an older bundle's ONNX graph without the `onnx` package: exactly, or not at all."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import numpy_helper

from newsgate.model import onnx_weights
from newsgate.model.bundle import BundleError
from newsgate.model.onnx_graph import compile_onnx
from newsgate.model.onnx_weights import weights_from_onnx
from tests.networks import assert_equal, random_weights


@cache
def small_graph() -> bytes:
    return compile_onnx(random_weights(vocabulary=5, width=3, units=2, seed=0))


def changed(change: Callable[[Any], None]) -> bytes:
    graph = onnx.load_model_from_string(small_graph())
    change({each.name: each for each in graph.graph.initializer} | {"": graph})
    serialised: bytes = graph.SerializeToString()
    return serialised


@settings(max_examples=30, deadline=None)
@given(vocabulary=st.integers(1, 9), width=st.integers(1, 7), units=st.integers(1, 6), seed=st.integers(0, 2**32 - 1))
def test_reading_undoes_compiling(vocabulary: int, width: int, units: int, seed: int) -> None:
    weights = random_weights(vocabulary=vocabulary, width=width, units=units, seed=seed)
    assert_equal(weights, weights_from_onnx(compile_onnx(weights)))


def test_a_graph_is_read_without_the_training_extra_and_without_running_it() -> None:
    program = (
        "import sys\n"
        "from newsgate.model.bundle import read_bundle\n"
        "from newsgate.model.onnx_weights import weights_from_onnx\n"
        "from newsgate.model.starter import starter_bundle\n"
        "print(weights_from_onnx(read_bundle(starter_bundle()).onnx_model).forward.units)\n"
        "print(*sorted({'tensorflow', 'keras', 'onnx', 'onnxruntime', 'h5py'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout.split()) == (0, ["64"]), done.stderr


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_bytes_give_weights_or_a_bundle_error_and_nothing_else(data: st.DataObject) -> None:
    graph = bytearray(small_graph())
    for _ in range(data.draw(st.integers(1, 3))):
        graph[data.draw(st.integers(0, len(graph) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(graph)))
    for damaged in (bytes(graph), bytes(graph[:cut])):
        with suppress(BundleError):
            weights_from_onnx(damaged)


@given(st.binary(max_size=200))
def test_other_bytes_are_refused(noise: bytes) -> None:
    with pytest.raises(BundleError):
        weights_from_onnx(noise)


def _dims(*dims: int) -> Callable[[Any], None]:
    def change(parts: Any) -> None:
        del parts["lstm_r"].dims[:]
        parts["lstm_r"].dims.extend(dims)

    return change


def _replaced(name: str, array: np.ndarray[Any, Any]) -> Callable[[Any], None]:
    return lambda parts: parts[name].CopyFrom(numpy_helper.from_array(array, name))


def _twice(parts: Any) -> None:
    parts[""].graph.initializer.append(parts["output_bias"])


def _elsewhere(parts: Any) -> None:
    parts["output_bias"].ClearField("raw_data")
    parts["output_bias"].data_location = onnx.TensorProto.EXTERNAL


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param(lambda parts: setattr(parts["embedding"], "name", "e"), "has no embedding", id="missing"),
        pytest.param(_twice, "output_bias twice", id="twice"),
        pytest.param(_elsewhere, "output_bias is not an array", id="in another file"),
        pytest.param(_dims(2, 8, 2**62), "lstm_r is not an array", id="larger than its bytes"),
        pytest.param(_dims(2**32, 2**32, 0), "lstm_r is not an array", id="dimensions that overflow"),
        pytest.param(_dims(-1, 8, 2), "lstm_r is not an array", id="a negative dimension"),
        pytest.param(_dims(*[1] * 500, 32), "lstm_r is not an array", id="many dimensions"),
        pytest.param(_dims(2, 2, 8), "has the shape", id="another shape"),
        pytest.param(_replaced("lstm_b", np.ones((2, 16), np.float32)), "second bias", id="a second bias"),
        pytest.param(_replaced("output_bias", np.ones(1)), "not an array of float32", id="float64"),
        pytest.param(_replaced("output_bias", np.array([np.nan], np.float32)), "not a number", id="not finite"),
    ],
)
def test_a_graph_that_is_not_as_compiled_is_refused(change: Callable[[Any], None], reason: str) -> None:
    with pytest.raises(BundleError, match=reason):
        weights_from_onnx(changed(change))


def test_a_file_of_countless_fields_is_refused_at_once() -> None:
    began = time.thread_time()
    with pytest.raises(BundleError, match="it has no embedding"):
        weights_from_onnx(b"\x08\x01" * 5_000_000)
    assert time.thread_time() - began < 0.5


@pytest.mark.parametrize("tag", [b"\x2a", b"\xaa\x00", b"\xaa\x80\x00"])
def test_countless_initializers_are_refused_before_they_are_made(tag: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = (tag + b"\x00") * 1_000_000
    monkeypatch.setattr(onnx_weights, "_read_arrays", lambda _: pytest.fail("made"))
    with pytest.raises(BundleError, match="more parts than weights have"):
        weights_from_onnx(b"\x3a" + _varint(len(graph)) + graph)


def test_countless_dimensions_are_refused_before_they_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made = onnx_weights._message
    monkeypatch.setattr(
        onnx_weights, "_message", lambda name: pytest.fail("made") if name == "Dimensions" else made(name)
    )
    # The first array that is read.
    with pytest.raises(BundleError, match="embedding is not an array"):
        weights_from_onnx(changed(lambda parts: parts["embedding"].dims.extend([1] * 1_000_000)))


def _varint(number: int) -> bytes:
    low = number & 0x7F
    return bytes([low]) if number < 0x80 else bytes([low | 0x80]) + _varint(number >> 7)
