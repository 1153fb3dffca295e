#!/usr/bin/env bash
# Exported to ONNX, an LSTM of Keras becomes one LSTM operator; with a mask it becomes a loop of small operators.
#
# One would expect: ONNX's LSTM operator takes the length of each text (sequence_lens), which says the same as a mask
# on the right, so mask_zero=True exports as that operator and one input more.
# Instead: the converter (tf2onnx) puts the operator in the place of the loop that Keras makes, but only where that has
# no mask. With one, the graph keeps a Loop with the gates' arithmetic in it, step by step. The scores are the same, so
# nothing tells of it but the speed. To have both, write the graph with one LSTM and sequence_lens from the same
# weights.
#
# Versions: keras 3.15.1, tensorflow 2.21.0, tf2onnx 1.17.0, onnx 1.23.2, numpy 2.4.6.
# Seen on 2026-11-29, model.export(format="onnx"):
#   mask_zero=False: 22 operators, LSTM 1, Loop 0
#   mask_zero=True:  93 operators, LSTM 0, Loop 1
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile keras==3.15.1 tensorflow==2.21.0 tf2onnx==1.17.0 onnx==1.23.2 numpy==2.4.6
cd "$room"
KERAS_HOME="$room" KERAS_BACKEND=tensorflow TF_CPP_MIN_LOG_LEVEL=3 "$room/venv/bin/python" - <<'EOF' 2>"$room/log" || { cat "$room/log" >&2; exit 1; }
import collections, sys
import keras
import numpy as np
import onnx

def operators(graph):
    for node in graph.node:
        yield node.op_type
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from operators(attribute.g)

def look(mask):
    ids = keras.Input((None,), dtype="int32")
    states = keras.layers.LSTM(4)(keras.layers.Embedding(10, 4, mask_zero=mask)(ids))
    model = keras.Model(ids, states)
    model.predict(np.array([[1, 2, 3, 0]]), verbose=0)
    model.export("model.onnx", format="onnx", verbose=False)
    count = collections.Counter(operators(onnx.load("model.onnx").graph))
    print(f"mask_zero={mask}: {' ' * mask}{count.total()} operators, LSTM {count['LSTM']}, Loop {count['Loop']}")
    return count["LSTM"], count["Loop"]

if (look(False), look(True)) != ((1, 0), (0, 1)):
    sys.exit("CHANGED: the mask does not decide which operators the graph has")
EOF
