"""The weights of a bundle's ONNX graph, without the `onnx` package, which a base installation lacks.

An ONNX file is one protobuf message. Its wire format is a row of fields, each a number and a kind packed in a varint
and then a value (https://protobuf.dev/programming-guides/encoding/); the numbers used here are those of `onnx.proto`.
The bytes may come from outside: nothing is read beyond them, and no array is larger than its own bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from newsgate.model.bundle import BundleError
from newsgate.model.weights import Float32, LstmWeights, Weights

_MODEL_GRAPH: Final = 7
_GRAPH_INITIALIZER: Final = 5
_TENSOR_DIMS: Final = 1
_TENSOR_TYPE: Final = 2
_TENSOR_NAME: Final = 8
_TENSOR_RAW: Final = 9
_FLOAT32: Final = 1

_VARINT: Final = 0
_FIXED64: Final = 1
_BYTES: Final = 2
_FIXED32: Final = 5

# `compile_onnx` writes 41 fields into its largest message; a file of millions would keep a reader busy for minutes.
_MOST_FIELDS: Final = 1000
_VARINT_BYTES: Final = 10
_MOST_DIMENSIONS: Final = 3

_NAMES: Final = ("embedding", "lstm_w", "lstm_r", "lstm_b", "output_kernel", "output_bias")

_Value = int | memoryview


def weights_from_onnx(onnx_model: bytes) -> Weights:
    """Return the weights that `model.onnx_graph.compile_onnx` wrote into `onnx_model`, in Keras' layout.

    Raises BundleError where the bytes are not such a graph: truncated, other names, types, shapes or no finite numbers.
    """
    arrays = _read_arrays(memoryview(onnx_model))
    missing = [name for name in _NAMES if name not in arrays]
    if missing:
        raise _unreadable(f"it has no {missing[0]}")
    _check_shapes(arrays)
    forward, backward = (_lstm(arrays, direction) for direction in (0, 1))
    return Weights(
        embedding=arrays["embedding"],
        forward=forward,
        backward=backward,
        output_kernel=arrays["output_kernel"],
        output_bias=arrays["output_bias"],
    )


def _lstm(arrays: Mapping[str, Float32], direction: int) -> LstmWeights:
    biases = arrays["lstm_b"][direction]
    input_bias, state_bias = np.split(biases, 2)
    if state_bias.any():
        raise _unreadable("its LSTM has a second bias, which Keras' has not")
    return LstmWeights(
        kernel=_gates_last(arrays["lstm_w"][direction]),
        recurrent_kernel=_gates_last(arrays["lstm_r"][direction]),
        bias=_gates_last(input_bias[:, np.newaxis])[0],
    )


def _gates_last(kernel: Float32) -> Float32:
    """Return ONNX' [input|output|forget|cell, inputs] as Keras' [inputs, input|forget|cell|output]."""
    input_gate, output_gate, forget_gate, cell = np.split(kernel, 4, axis=0)
    return np.concatenate([input_gate, forget_gate, cell, output_gate], axis=0).T


def _check_shapes(arrays: Mapping[str, Float32]) -> None:
    """Refuse arrays that do not fit together; the embedding gives the width, the state's kernel the units."""
    if arrays["embedding"].ndim != 2 or arrays["lstm_r"].ndim != 3:
        raise _unreadable("its embedding or its LSTM has too few dimensions")
    vocabulary, width = arrays["embedding"].shape
    units = arrays["lstm_r"].shape[2]
    expected = {
        "embedding": (vocabulary, width),
        "lstm_w": (2, 4 * units, width),
        "lstm_r": (2, 4 * units, units),
        "lstm_b": (2, 8 * units),
        "output_kernel": (4 * units, 1),
        "output_bias": (1,),
    }
    for name, shape in expected.items():
        if arrays[name].shape != shape:
            raise _unreadable(f"{name} has the shape {arrays[name].shape}, not {shape}")


def _read_arrays(model: memoryview) -> dict[str, Float32]:
    arrays: dict[str, Float32] = {}
    for graph in _messages(model, _MODEL_GRAPH):
        for tensor in _messages(graph, _GRAPH_INITIALIZER):
            name, array = _read_tensor(tensor)
            if name in arrays:
                raise _unreadable(f"it has {name} twice")
            if array is not None:
                arrays[name] = array
    return arrays


def _read_tensor(tensor: memoryview) -> tuple[str, Float32 | None]:
    """Return a tensor's name and its array, None where it is not one of the weights."""
    name, kind, raw = "", 0, memoryview(b"")
    dims: list[int] = []
    for field, value in _fields(tensor):
        if field == _TENSOR_DIMS:
            dims += _varints(value)
        elif field == _TENSOR_TYPE and isinstance(value, int):
            kind = value
        elif field == _TENSOR_NAME and isinstance(value, memoryview):
            name = value.tobytes().decode(errors="replace")
        elif field == _TENSOR_RAW and isinstance(value, memoryview):
            raw = value
    if name not in _NAMES:
        return name, None
    # Python's integers do not overflow: no product of dimensions can pass for a smaller one.
    if kind != _FLOAT32 or not 1 <= len(dims) <= _MOST_DIMENSIONS or 4 * math.prod(dims) != len(raw) or not raw:
        raise _unreadable(f"{name} is not an array of float32 with its numbers beside it")
    array = np.frombuffer(raw, dtype="<f4").astype(np.float32).reshape(dims)
    if not np.isfinite(array).all():
        raise _unreadable(f"{name} holds something that is not a number")
    return name, array


def _messages(message: memoryview, wanted: int) -> Iterator[memoryview]:
    for field, value in _fields(message):
        if field == wanted:
            if isinstance(value, int):
                raise _unreadable(f"field {field} is a number where a message belongs")
            yield value


def _fields(message: memoryview) -> Iterator[tuple[int, _Value]]:
    """Give the fields of a message in their order: their number, and an integer or the bytes."""
    place = 0
    for _ in range(_MOST_FIELDS):
        if place == len(message):
            return
        tag, place = _varint(message, place)
        field, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, place = _varint(message, place)
            yield field, value
            continue
        if kind == _BYTES:
            size, place = _varint(message, place)
        elif kind in (_FIXED32, _FIXED64):
            size = 4 if kind == _FIXED32 else 8
        else:
            raise _unreadable(f"it has a field of the unknown kind {kind}")
        if size > len(message) - place:
            raise _unreadable("it ends in the middle of a field")
        yield field, message[place : place + size]
        place += size
    raise _unreadable(f"a part of it has more than {_MOST_FIELDS} fields")


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    """Return the integer at `place`, seven bits a byte, the lowest first, and the place behind it."""
    value = 0
    for index, byte in enumerate(message[place : place + _VARINT_BYTES]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, place + index + 1
    raise _unreadable("it ends in the middle of a number")


def _varints(value: _Value) -> list[int]:
    """Return a repeated integer's values, which stand alone or packed together."""
    if isinstance(value, int):
        return [value]
    values: list[int] = []
    place = 0
    while place < len(value) and len(values) <= _MOST_DIMENSIONS:
        number, place = _varint(value, place)
        values.append(number)
    return values


def _unreadable(reason: str) -> BundleError:
    return BundleError(
        f"cannot read the weights of the bundle's ONNX graph: {reason}",
        remedy="Train the model again with this version",
    )
