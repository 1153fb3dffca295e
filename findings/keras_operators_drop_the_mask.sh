#!/usr/bin/env bash
# "x * 2" or keras.ops.tanh(x) silently takes away the mask of padded texts; the layers that do the same keep it.
#
# One would expect: Embedding(mask_zero=True) makes a model blind to padding, and where a step loses the mask, Keras
# warns, as it does for Lambda, Conv1D or GlobalMaxPooling1D.
# Instead: in the functional API an operator on a tensor and a function of keras.ops become layers that know no mask,
# and for these there is no warning. The LSTM behind them reads the padding as words: the output of a text then depends
# on the longest text of its batch. x + x loses the mask, Add()([x, x]) keeps it; keras.ops.tanh(x) loses it,
# Activation("tanh")(x) keeps it. All tests on texts of one length pass.
#
# Versions: keras 3.15.1 on jax 0.10.2 (TensorFlow 2.21.0 gives the same), numpy 2.4.6.
# Seen on 2026-11-29 (does the padding change the output, and how many warnings are there):
#   x * 2               changed, warnings: 0
#   Rescaling(2)(x)     same,    warnings: 0
#   x + x               changed, warnings: 0
#   Add()([x, x])       same,    warnings: 0
#   ops.tanh(x)         changed, warnings: 0
#   Activation("tanh")  same,    warnings: 0
#   Lambda(x * 2)       changed, warnings: 1 or more
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile keras==3.15.1 jax==0.10.2 numpy==2.4.6
KERAS_BACKEND=jax KERAS_HOME="$room" "$room/venv/bin/python" - <<'EOF'
import sys, warnings
import numpy as np
import keras
from keras import layers, ops

keras.utils.set_random_seed(1)
text = np.array([[1, 2, 3]])
padded = np.array([[1, 2, 3, 0, 0, 0, 0]])

def look(name, step):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        ids = keras.Input((None,), dtype="int32")
        states = layers.LSTM(4)(step(layers.Embedding(10, 4, mask_zero=True)(ids)))
        model = keras.Model(ids, states)
        far = float(np.abs(np.asarray(model(text)) - np.asarray(model(padded))).max())
    about_masks = sum("mask" in str(warning.message) for warning in seen)
    changed = far > 1e-4
    print(f"{name:19} {'changed,' if changed else 'same,   '} warnings: {'1 or more' if about_masks else 0}")
    return changed, about_masks > 0

seen = [
    look("x * 2", lambda x: x * 2.0),
    look("Rescaling(2)(x)", layers.Rescaling(2.0)),
    look("x + x", lambda x: x + x),
    look("Add()([x, x])", lambda x: layers.Add()([x, x])),
    look("ops.tanh(x)", ops.tanh),
    look('Activation("tanh")', layers.Activation("tanh")),
    look("Lambda(x * 2)", layers.Lambda(lambda x: x * 2.0)),
]
if seen != [(True, False), (False, False)] * 3 + [(True, True)]:
    sys.exit("CHANGED: the mask is kept, or its loss is told")
EOF
