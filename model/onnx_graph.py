"""The trained weights as an ONNX graph around one fused LSTM, with the wide part beside it.

Exporters write a Keras LSTM as a loop of small operators; the fused `LSTM` operator with sequence lengths is two to
three times as fast and skips padding altogether. The operator's equations and layouts:
https://onnx.ai/onnx/operators/onnx__LSTM.html
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from newsgate.model.onnx_wide import WIDE_LOGITS, wide_arrays, wide_nodes
from newsgate.model.weights import Float32, LstmWeights, Weights

# The newest pair that every onnxruntime since 1.20 reads.
OPSET: Final = 17
IR_VERSION: Final = 8

_BELOW_EVERY_OUTPUT: Final = -1e4


def compile_onnx(weights: Weights) -> bytes:
    """Return the graph: `ids` int32 [batch, tokens] and `lengths` int32 [batch] -> `logits` float32 [batch].

    Rows are padded on the right; what stands behind a row's length has no influence.
    """
    # `onnx` is in the training extra and absent from a base install.
    from onnx import TensorProto, checker, helper

    def shape(*dimensions: str) -> list[str]:
        return list(dimensions)

    graph = helper.make_graph(
        nodes=_nodes(units=weights.forward.units, wide=weights.wide is not None),
        name="newsgate",
        inputs=[
            helper.make_tensor_value_info("ids", TensorProto.INT32, shape("batch", "tokens")),
            helper.make_tensor_value_info("lengths", TensorProto.INT32, shape("batch")),
        ],
        outputs=[helper.make_tensor_value_info("logits", TensorProto.FLOAT, shape("batch"))],
        initializer=_initializers(weights),
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="newsgate"
    )
    checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def _nodes(*, units: int, wide: bool) -> list[Any]:
    from onnx import helper

    node = helper.make_node
    lstm_logits = "lstm_logits" if wide else "logits"
    lstm = [
        # The LSTM wants time first: [tokens, batch].
        node("Transpose", ["ids"], ["ids_by_time"], perm=[1, 0]),
        node("Gather", ["embedding", "ids_by_time"], ["embedded"], axis=0),
        node(
            "LSTM",
            ["embedded", "lstm_w", "lstm_r", "lstm_b", "lengths"],
            ["states"],  # [tokens, direction, batch, units]
            hidden_size=units,
            direction="bidirectional",
        ),
        # What is there and not padding, as `present` of shape tokens x 1 x batch x 1.
        node("Shape", ["ids"], ["token_count"], start=1, end=2),
        node("Squeeze", ["token_count", "axis_0"], ["token_count_scalar"]),
        node("Range", ["zero", "token_count_scalar", "one"], ["positions"]),
        node("Unsqueeze", ["positions", "axis_1"], ["positions_column"]),
        node("Cast", ["lengths"], ["lengths_int64"], to=7),
        node("Less", ["positions_column", "lengths_int64"], ["present_flat"]),
        node("Unsqueeze", ["present_flat", "axes_1_3"], ["present"]),
        # Mean and maximum over what is there, direction x batch x units each.
        node("Where", ["present", "states", "float_zero"], ["states_or_zero"]),
        node("ReduceSum", ["states_or_zero", "axis_0"], ["sums"], keepdims=0),
        node("Cast", ["lengths"], ["lengths_float"], to=1),
        node("Unsqueeze", ["lengths_float", "axis_1"], ["lengths_column"]),
        node("Div", ["sums", "lengths_column"], ["means"]),
        node("Where", ["present", "states", "below_every_output"], ["states_or_low"]),
        node("ReduceMax", ["states_or_low"], ["maxima"], axes=[0], keepdims=0),
        # [4, batch, units] -> [batch, 4 * units], in the order of the output kernel's rows.
        node("Concat", ["means", "maxima"], ["pooled_by_part"], axis=0),
        node("Transpose", ["pooled_by_part"], ["pooled_by_row"], perm=[1, 0, 2]),
        node("Reshape", ["pooled_by_row", "flat_shape"], ["pooled"]),
        node("Gemm", ["pooled", "output_kernel", "output_bias"], ["logit_column"]),
        node("Squeeze", ["logit_column", "axis_1"], [lstm_logits]),
    ]
    return [*lstm, *wide_nodes(), node("Add", [lstm_logits, WIDE_LOGITS], ["logits"])] if wide else lstm


def _initializers(weights: Weights) -> list[Any]:
    from onnx import numpy_helper

    directions = (weights.forward, weights.backward)
    arrays: dict[str, np.ndarray[Any, Any]] = {
        "embedding": weights.embedding,
        "lstm_w": np.stack([_gates_first(lstm.kernel) for lstm in directions]),
        "lstm_r": np.stack([_gates_first(lstm.recurrent_kernel) for lstm in directions]),
        "lstm_b": np.stack([_biases(lstm) for lstm in directions]),
        "output_kernel": weights.output_kernel,
        "output_bias": weights.output_bias,
        "zero": np.array(0, np.int64),
        "one": np.array(1, np.int64),
        "axis_0": np.array([0], np.int64),
        "axis_1": np.array([1], np.int64),
        "axes_1_3": np.array([1, 3], np.int64),
        "float_zero": np.array(0.0, np.float32),
        "below_every_output": np.array(_BELOW_EVERY_OUTPUT, np.float32),
        "flat_shape": np.array([0, -1], np.int64),
    }
    if weights.wide is not None:
        arrays |= wide_arrays(weights.wide)
    return [numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in arrays.items()]


def _gates_first(kernel: Float32) -> Float32:
    """Return Keras' [inputs, input|forget|cell|output] as ONNX' [input|output|forget|cell, inputs]."""
    input_gate, forget_gate, cell, output_gate = np.split(kernel, 4, axis=1)
    return np.concatenate([input_gate, output_gate, forget_gate, cell], axis=1).T


def _biases(lstm: LstmWeights) -> Float32:
    """Return ONNX' two biases a gate, the input's and the state's; Keras has one, so the second is zero."""
    reordered = _gates_first(lstm.bias[np.newaxis, :])[:, 0]
    return np.concatenate([reordered, np.zeros_like(reordered)])
