#!/usr/bin/env bash
# Keras' load_weights gives the weights of the layer "fake" to the layer "satire", where two outputs changed places.
#
# One would expect: layers have names so that weights find them again. A file of weights that does not fit a network is
# refused, as it is where a shape differs.
# Instead: save_weights("x.weights.h5") counts the layers of each kind, "dense" and "dense_1", and load_weights gives
# them out in that order, whatever the layers are called. Where the code was put in another order since, as from
# [fake, satire] to [satire, fake] or by sorting, layers of one shape swap their weights: each label is the other one,
# and there is no error. A new output before them, loaded with skip_mismatch=True, gets what "fake" has learned, and the
# warning names another layer. Names count where a whole model is saved as .h5, with load_weights(by_name=True),
# and where a whole model is saved as .keras and loaded with load_model, which brings its own order.
#
# Versions: keras 3.15.1 on jax 0.10.2 (TensorFlow 2.21.0 gives the same), numpy 2.4.6.
# Seen on 2026-11-30, p of one text, by the names of the outputs:
#   saved                              fake 0.90, satire 0.20
#   loaded, in the same order          fake 0.90, satire 0.20
#   loaded, in the other order         satire 0.90, fake 0.20
#   loaded by name, in the other order satire 0.20, fake 0.90
#   loaded, one output more            clickbait 0.90, fake 0.20, satire 0.50; layers that the warning names: satire
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile keras==3.15.1 jax==0.10.2 numpy==2.4.6
cd "$room"
KERAS_BACKEND=jax KERAS_HOME="$room" venv/bin/python - <<'EOF'
import logging, re, sys, warnings
import keras
import numpy as np

logging.disable(logging.WARNING)  # that .h5 is an older form
text = np.ones((1, 3), "float32")

def network(*names):
    """One layer that all share, and an output for each name, which says 0.5 until weights are loaded."""
    features = keras.Input((3,))
    shared = keras.layers.Dense(4, activation="tanh", name="shared")(features)
    heads = [keras.layers.Dense(1, activation="sigmoid", kernel_initializer="zeros", name=name) for name in names]
    return keras.Model(features, [head(shared) for head in heads])

def look(title, model, note=""):
    answers = dict(zip(model.output_names, (round(float(np.asarray(p).item()), 2) for p in model(text))))
    print(f"{title:34} {', '.join(f'{name} {p:.2f}' for name, p in answers.items())}{note}")
    return answers

def loaded(title, *names, file="x.weights.h5", **options):
    model = network(*names)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        model.load_weights(file, **options)
    layers = sorted({name for each in told for name in re.findall(r"<Dense name=(\w+)", str(each.message))})
    return look(title, model, f"; layers that the warning names: {', '.join(layers)}" if layers else "")

model = network("fake", "satire")
for name, p in (("fake", 0.9), ("satire", 0.2)):
    model.get_layer(name).bias.assign([np.log(p / (1 - p))])
saved = look("saved", model)
model.save_weights("x.weights.h5")
model.save("x.h5")
same = loaded("loaded, in the same order", "fake", "satire")
other = loaded("loaded, in the other order", "satire", "fake")
named = loaded("loaded by name, in the other order", "satire", "fake", file="x.h5", by_name=True)
more = loaded("loaded, one output more", "clickbait", "fake", "satire", skip_mismatch=True)
right = {"fake": 0.9, "satire": 0.2}
if (saved, same, other, named) != (right, right, {"fake": 0.2, "satire": 0.9}, right):
    sys.exit("CHANGED: weights find the layers of their names, or by name they do not")
if (more["clickbait"], more["fake"]) != (0.9, 0.2):
    sys.exit("CHANGED: a new output does not get the weights of another one")
EOF
