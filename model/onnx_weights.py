"""The weights of a bundle made before they were a file of their own: they lie in its ONNX graph alone.

An ONNX file is a message of protobuf, which a base installation has for ONNX Runtime's sake. What is read of it is
declared below by the numbers of `onnx.proto`; protobuf passes over everything else. The graph is not run for them: a
stranger's may compute what it names `embedding`, and take any time and memory for it. The bytes may come from outside:
no array is larger than its own bytes, and what is made of them on the way is not much larger either.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from newsgate.model.bundle import BundleError
from newsgate.model.weights import Float32, LstmWeights, Weights

_FLOAT32: Final = 1
_NAMES: Final = ("embedding", "lstm_w", "lstm_r", "lstm_b", "output_kernel", "output_bias")
_MOST_DIMENSIONS: Final = 3
# `compile_onnx` writes twenty beside an array's numbers.
_MOST_BYTES_BESIDE: Final = 1000

# The first byte of an initializer in a graph, and how it may be written in a roundabout way.
_INITIALIZER_TAGS: Final = (b"\x2a", b"\xaa")
_MOST_TAGS: Final = 1000
_LEAST_BYTES_PER_TAG: Final = 32


def weights_from_onnx(onnx_model: bytes) -> Weights:
    """Return the weights that `model.onnx_graph.compile_onnx` wrote into `onnx_model`, in Keras' layout.

    Raises BundleError where the bytes are not such a graph: truncated, other names, types, shapes or no finite numbers.
    """
    _check_tags(onnx_model)
    try:
        arrays = _read_arrays(onnx_model)
    except DecodeError as error:
        raise _unreadable(f"it is not a message of protobuf ({error})") from error
    missing = [name for name in _NAMES if name not in arrays]
    if missing:
        raise _unreadable(f"it has no {missing[0]}")
    _check_shapes(arrays)
    forward, backward = (_lstm(arrays, direction) for direction in (0, 1))
    weights = Weights(
        embedding=arrays["embedding"],
        forward=forward,
        backward=backward,
        output_kernel=arrays["output_kernel"],
        output_bias=arrays["output_bias"],
    )
    if fault := weights.fault():
        raise _unreadable(fault)
    return weights


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


def _check_tags(onnx_model: bytes) -> None:
    """Refuse bytes that could hold countless initializers: each is an object, many times as large as its two bytes.

    Of bytes that are weights two in 256 look like a tag.
    """
    tags = sum(onnx_model.count(tag) for tag in _INITIALIZER_TAGS)
    if tags > max(_MOST_TAGS, len(onnx_model) // _LEAST_BYTES_PER_TAG):
        raise _unreadable("it has more parts than weights have")


def _read_arrays(onnx_model: bytes) -> dict[str, Float32]:
    arrays: dict[str, Float32] = {}
    for initializer in _message("Model").FromString(onnx_model).graph.initializer:
        tensor = _message("Tensor").FromString(initializer)
        name = tensor.name.decode(errors="replace")
        if name in arrays:
            raise _unreadable(f"it has {name} twice")
        if name in _NAMES:
            arrays[name] = _array(name, tensor, initializer)
    return arrays


def _array(name: str, tensor: Any, initializer: bytes) -> Float32:
    raw = tensor.raw_data
    # Before the dimensions are read: there may be as many as there are bytes, and each becomes eight.
    short = len(initializer) - len(raw) <= _MOST_BYTES_BESIDE
    dims = _message("Dimensions").FromString(initializer).dims if short else []
    # Python's integers do not overflow: no product of dimensions can pass for a smaller one.
    whole = raw and 1 <= len(dims) <= _MOST_DIMENSIONS and 4 * math.prod(dims) == len(raw)
    if tensor.data_type != _FLOAT32 or not whole:
        raise _unreadable(f"{name} is not an array of float32 with its numbers beside it")
    return np.frombuffer(raw, dtype="<f4").astype(np.float32).reshape(dims)


@cache
def _message(name: str) -> Any:
    """Return the class of one of the messages declared here."""
    descriptor = _pool().FindMessageTypeByName(f"newsgate.{name}")
    return message_factory.GetMessageClass(descriptor)


@cache
def _pool() -> Any:
    def field(name: str, number: int, kind: str, **more: str) -> dict[str, Any]:
        return {"name": name, "number": number, "type": f"TYPE_{kind}", "label": "LABEL_OPTIONAL", **more}

    messages = {
        "Model": [field("graph", 7, "MESSAGE", type_name=".newsgate.Graph")],
        # Initializers as bytes, to be read one by one.
        "Graph": [field("initializer", 5, "BYTES", label="LABEL_REPEATED")],
        "Tensor": [field("data_type", 2, "INT32"), field("name", 8, "BYTES"), field("raw_data", 9, "BYTES")],
        "Dimensions": [field("dims", 1, "INT64", label="LABEL_REPEATED")],
    }
    file = descriptor_pb2.FileDescriptorProto(
        name="newsgate/onnx_weights.proto",
        package="newsgate",
        message_type=[{"name": name, "field": fields} for name, fields in messages.items()],
    )
    # A pool of its own: the common one may have a file of another program under this name.
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool


def _unreadable(reason: str) -> BundleError:
    return BundleError(
        f"cannot read the weights of the bundle's ONNX graph: {reason}",
        remedy="Train the model again with this version",
    )
