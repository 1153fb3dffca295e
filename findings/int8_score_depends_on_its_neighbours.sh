#!/usr/bin/env bash
# After ONNX Runtime's dynamic int8 quantization, the score of a text depends on the texts beside it in the batch.
#
# One would expect: rows of a batch do not see each other in an LSTM. Quantization costs a little accuracy, but the
# same input gives the same output.
# Instead: "dynamic" means that the scale of the activations is taken from the values at hand, one scale for the whole
# batch. One neighbour with large values makes the steps coarse for all. So a score changes with what it is scored
# beside, a run cannot be repeated in other batches, and a text near the threshold changes its label. Alone, or beside
# its own copy, the text scores the same; so a test of one text at a time sees nothing.
#
# Versions: onnxruntime 1.31.1, onnx 1.23.2, numpy 2.4.6.
# Seen on 2026-11-29:
#                            float32  int8
#   alone                    0.7644   0.7564
#   beside its own copy      0.7644   0.7564
#   beside itself times 10   0.7644   0.7876
#   beside itself times 30   0.7644   0.8659
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile onnxruntime==1.31.1 onnx==1.23.2 numpy==2.4.6
cd "$room"
"$room/venv/bin/python" - <<'EOF'
import logging, sys
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import InferenceSession
from onnxruntime.quantization import QuantType, quantize_dynamic

logging.disable()
SIZE = 16
random = np.random.default_rng(0)

def weights(name, *shape, scale=1.0):
    return numpy_helper.from_array(random.normal(size=shape).astype("float32") * np.float32(scale), name)

held = [
    weights("w", 1, 4 * SIZE, SIZE, scale=0.3),
    weights("r", 1, 4 * SIZE, SIZE, scale=0.3),
    numpy_helper.from_array(np.array([0]), "direction"),
    weights("d", SIZE, 1),
]
nodes = [
    helper.make_node("LSTM", ["x", "w", "r"], ["", "h"], hidden_size=SIZE),
    helper.make_node("Squeeze", ["h", "direction"], ["last"]),
    helper.make_node("MatMul", ["last", "d"], ["score"]),
]
x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["time", "batch", SIZE])
score = helper.make_tensor_value_info("score", TensorProto.FLOAT, ["batch", 1])
model = helper.make_model(helper.make_graph(nodes, "lstm", [x], [score], held), opset_imports=[helper.make_opsetid("", 17)])
model.ir_version = 9
onnx.save(model, "float32.onnx")
quantize_dynamic("float32.onnx", "int8.onnx", weight_type=QuantType.QInt8)

text = random.normal(size=(5, 1, SIZE)).astype("float32")
batches = {
    "alone": text,
    "beside its own copy": np.concatenate([text, text], axis=1),
    "beside itself times 10": np.concatenate([text, text * 10], axis=1),
    "beside itself times 30": np.concatenate([text, text * 30], axis=1),
}
scores = {}
for kind in ("float32", "int8"):
    session = InferenceSession(f"{kind}.onnx", providers=["CPUExecutionProvider"])
    scores[kind] = [float(session.run(None, {"x": batch})[0][0, 0]) for batch in batches.values()]
print(f"{'':24} float32  int8")
for name, exact, coarse in zip(batches, scores["float32"], scores["int8"], strict=True):
    print(f"{name:24} {exact:.4f}   {coarse:.4f}")
spread = {kind: max(values) - min(values) for kind, values in scores.items()}
if spread["float32"] > 1e-6 or spread["int8"] < 0.01 or scores["int8"][0] != scores["int8"][1]:
    sys.exit("CHANGED: the score does not depend on its neighbours")
EOF
