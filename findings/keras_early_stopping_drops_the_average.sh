#!/usr/bin/env bash
# With EarlyStopping(restore_best_weights=True), Keras computes the moving average of the weights and throws it away.
#
# One would expect: an optimizer with use_ema=True leaves the average of the weights in the model when fit() ends, with
# EarlyStopping that of the best epoch.
# Instead: fit() puts the average into the model, and then calls on_train_end of the callbacks. There EarlyStopping writes
# the weights that it kept, and these are the raw ones. The model is, to the last bit, that of a training without an
# average, and nothing warns. SwapEMAWeights, which is for measuring the average, does not help: as it is, it makes
# val_loss that of the average, while EarlyStopping still keeps the raw weights, which nobody measured. Only
# SwapEMAWeights(swap_on_epoch=True) that stands before EarlyStopping in the list of callbacks keeps the average; behind
# it, the raw weights are back.
#
# Versions: keras 3.15.1 on jax 0.10.2 (TensorFlow 2.21.0 gives the same), numpy 2.4.6.
# Seen on 2026-11-30, is the model the average of the weights, and is it what a training without an average gives:
#   use_ema                                      average: yes, raw: no
#   use_ema, EarlyStopping                       average: no,  raw: yes
#   use_ema, SwapEMAWeights, EarlyStopping       average: no,  raw: yes
#   use_ema, EarlyStopping, Swap on each epoch   average: no,  raw: yes
#   use_ema, Swap on each epoch, EarlyStopping   average: yes, raw: no
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile keras==3.15.1 jax==0.10.2 numpy==2.4.6
KERAS_BACKEND=jax KERAS_HOME="$room" "$room/venv/bin/python" - <<'EOF'
import sys
import numpy as np
import keras
from keras.callbacks import EarlyStopping, SwapEMAWeights

random = np.random.default_rng(1)
inputs = random.normal(size=(512, 8)).astype("float32")
labels = (inputs[:, 0] + 0.5 * random.normal(size=512) > 0).astype("float32")

class Epochs(keras.callbacks.Callback):
    """Keeps, of each epoch, the raw weights and their average; it stands first, so nothing is swapped yet."""

    def on_train_begin(self, logs=None):
        self.raw, self.averages = [], []

    def on_epoch_end(self, epoch, logs=None):
        self.raw.append(self.model.get_weights())
        averages = self.model.optimizer._model_variables_moving_average
        self.averages.append([np.array(keras.ops.convert_to_numpy(value)) for value in averages])

def is_one_of(weights, others):
    return any(all(np.allclose(a, b, atol=1e-6) for a, b in zip(weights, other)) for other in others)

def look(name, *callbacks):
    """Whether the model at the end is an average, and whether it is one of the raw ones."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential([
        keras.Input((8,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(1, activation="sigmoid"),
    ])
    model.compile(keras.optimizers.Adam(0.05, use_ema=True), "binary_crossentropy")
    epochs = Epochs()
    parts = {"x": inputs[:400], "y": labels[:400], "validation_data": (inputs[400:], labels[400:])}
    model.fit(**parts, epochs=6, verbose=0, callbacks=[epochs, *callbacks])
    seen = is_one_of(model.get_weights(), epochs.averages), is_one_of(model.get_weights(), epochs.raw)
    print(f"{name:44} average: {'yes,' if seen[0] else 'no, '} raw: {'yes' if seen[1] else 'no'}")
    return seen

def stopping():
    return EarlyStopping(restore_best_weights=True, patience=50)

seen = [
    look("use_ema"),
    look("use_ema, EarlyStopping", stopping()),
    look("use_ema, SwapEMAWeights, EarlyStopping", SwapEMAWeights(), stopping()),
    look("use_ema, EarlyStopping, Swap on each epoch", stopping(), SwapEMAWeights(swap_on_epoch=True)),
    look("use_ema, Swap on each epoch, EarlyStopping", SwapEMAWeights(swap_on_epoch=True), stopping()),
]
if seen != [(True, False), (False, True), (False, True), (False, True), (True, False)]:
    sys.exit("CHANGED: the average is kept")
EOF
