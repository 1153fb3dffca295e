#!/usr/bin/env bash
# With ONNX Runtime's IOBinding, the scores of all batches of one size become those of the last batch.
#
# One would expect: bind_output("y") without a buffer leaves the memory to ONNX Runtime, so each run makes a new output,
# as run() does, and get_outputs()[0].numpy() is an array of one's own.
# Instead: the output of the first run stays bound. The next run writes into the same memory, and numpy() gives a view of
# it, not a copy; so what was kept of earlier batches changes behind one's back. It is an ordinary array that looks
# whole, and nothing warns. A test with one batch passes, and a batch of another size is an error, "output OrtValue
# provided has shape", although none was provided. copy_outputs_to_cpu() copies, and bind_output() before each run makes
# a new output.
#
# Versions: onnxruntime 1.32.0 (1.20.1 gives the same), onnx 1.23.2, numpy 2.4.6.
# Seen on 2026-11-30, the first score of three batches:
#   run()                               0.269  0.500  0.731
#   get_outputs()[0].numpy()            0.731  0.731  0.731
#   copy_outputs_to_cpu()[0]            0.269  0.500  0.731
#   bind_output() again, then numpy()   0.269  0.500  0.731
#   get_outputs()[0].numpy(), batches of 4, 4 and 3: an error
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
"$room/venv/bin/python" - 2>"$room/errors" <<'EOF' || { cat "$room/errors" >&2; exit 1; }
import sys
import numpy as np
from onnx import TensorProto
from onnx.helper import make_graph, make_model, make_node, make_opsetid, make_tensor_value_info
from onnxruntime import InferenceSession

x, y = (make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 1]) for name in "xy")
graph = make_graph([make_node("Sigmoid", ["x"], ["y"])], "scores", [x], [y])
model = make_model(graph, opset_imports=[make_opsetid("", 20)], ir_version=10)
session = InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])

def batches(sizes):
    return [np.full((size, 1), number - 1, "float32") for number, size in enumerate(sizes)]

def bound(taken, *, again=False, sizes=(4, 4, 4)):
    """The output of each batch, as it is after the last."""
    binding, kept = session.io_binding(), []
    binding.bind_output("y")
    for batch in batches(sizes):
        if again:
            binding.bind_output("y")
        binding.bind_cpu_input("x", batch)
        session.run_with_iobinding(binding)
        kept.append(taken(binding))
    return kept

def told(name, kept):
    first = [f"{scores[0, 0]:.3f}" for scores in kept]
    print(f"{name:35} {'  '.join(first)}")
    return first

def view(binding):
    return binding.get_outputs()[0].numpy()

seen = (
    told("run()", [session.run(None, {"x": batch})[0] for batch in batches((4, 4, 4))]),
    told("get_outputs()[0].numpy()", bound(view)),
    told("copy_outputs_to_cpu()[0]", bound(lambda binding: binding.copy_outputs_to_cpu()[0])),
    told("bind_output() again, then numpy()", bound(view, again=True)),
)
try:
    bound(view, sizes=(4, 4, 3))
    other_size = "no error"
except RuntimeError:
    other_size = "an error"
print("get_outputs()[0].numpy(), batches of 4, 4 and 3:", other_size)
right = ["0.269", "0.500", "0.731"]
if seen != (right, ["0.731"] * 3, right, right) or other_size != "an error":
    sys.exit("CHANGED: each run has an output of its own")
EOF
