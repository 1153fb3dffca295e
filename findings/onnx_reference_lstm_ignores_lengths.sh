#!/usr/bin/env bash
# ONNX's own ReferenceEvaluator runs an LSTM over the padding: it does not look at sequence_lens.
#
# One would expect: onnx.reference is there to say what an operator means, so a converter can be tested against it. What
# it does not know, it refuses.
# Instead: its LSTM, GRU and RNN take the input sequence_lens and do not use it. A short text goes on through the padding
# behind it, and its last state, and with "reverse" each of its states, is another one. The same happens to the
# attributes clip, input_forget and activations of LSTM: they are accepted, and the result is as if they were not there.
# Nothing warns. ONNX Runtime gives for a padded text what it gives for the text alone; so whoever compares the two
# looks for a fault where there is none.
#
# Versions: onnx 1.23.2, onnxruntime 1.31.1, numpy 2.4.6.
# Seen on 2026-11-30, how far the last state of a text of 2 words, padded to 5, is from that of the text alone:
#                       ONNX Runtime  ReferenceEvaluator
#   LSTM forward        0.000         0.589
#   LSTM reverse        0.000         0.028
#   GRU forward         0.000         0.546
#   RNN forward         0.000         0.327
#   and how far the attribute changes what an LSTM gives for one text:
#   clip=0.1            0.401         0.000
#   input_forget=1      0.127         0.000
#   activations         0.440         0.000
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile onnx==1.23.2 onnxruntime==1.31.1 numpy==2.4.6
"$room/venv/bin/python" - <<'EOF'
import sys
import numpy as np
import onnx
from onnx.helper import make_graph, make_model, make_node, make_opsetid, make_tensor_value_info
from onnx.numpy_helper import from_array
from onnx.reference import ReferenceEvaluator
from onnxruntime import InferenceSession

words, states, FLOAT, INT32 = 3, 4, onnx.TensorProto.FLOAT, onnx.TensorProto.INT32
gates = {"LSTM": 4, "GRU": 3, "RNN": 1}

def last_states(kind, text, length, **attributes):
    """What ONNX Runtime and the reference give for one text of `length` words; the same weights each time."""
    random = np.random.default_rng(1)
    size = gates[kind] * states
    shapes = {"W": (1, size, words), "R": (1, size, states), "B": (1, 2 * size)}
    weights = [from_array(random.normal(size=shape).astype("float32"), name) for name, shape in shapes.items()]
    node = make_node(kind, ["X", "W", "R", "B", "lengths"], ["", "last"], hidden_size=states, **attributes)
    inputs = [make_tensor_value_info("X", FLOAT, [None, 1, words]), make_tensor_value_info("lengths", INT32, [1])]
    graph = make_graph([node], "text", inputs, [make_tensor_value_info("last", FLOAT, [1, 1, states])], weights)
    model = make_model(graph, opset_imports=[make_opsetid("", 22)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    feed = {"X": text, "lengths": np.array([length], "int32")}
    runtime = InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return runtime.run(None, feed)[0], ReferenceEvaluator(model).run(None, feed)[0]

def told(name, first, second):
    far = [float(np.abs(a - b).max()) for a, b in zip(first, second)]
    print(f"{name:19} {far[0]:.3f}         {far[1]:.3f}")
    return [value > 0.01 for value in far]

text = np.random.default_rng(2).normal(size=(2, 1, words)).astype("float32")
padded = np.concatenate([text, np.ones((3, 1, words), "float32")])

def padding(kind, direction):
    alone = last_states(kind, text, 2, direction=direction)
    return told(f"{kind} {direction}", alone, last_states(kind, padded, 2, direction=direction))

def attribute(name, **values):
    return told(name, last_states("LSTM", text, 2), last_states("LSTM", text, 2, **values))

lengths = [padding(*case) for case in (("LSTM", "forward"), ("LSTM", "reverse"), ("GRU", "forward"), ("RNN", "forward"))]
attributes = [
    attribute("clip=0.1", clip=0.1),
    attribute("input_forget=1", input_forget=1),
    attribute("activations", activations=["Sigmoid", "Relu", "Tanh"]),
]
if lengths != [[False, True]] * 4 or attributes != [[True, False]] * 3:
    sys.exit("CHANGED: the reference looks at the lengths, or at the attributes")
EOF
