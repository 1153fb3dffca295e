#!/usr/bin/env bash
# Keras calls a perfect ranking a coin toss (AUC 0.5) when all scores lie close together.
#
# One would expect: AUC depends on the order of the scores alone, so keras.metrics.AUC gives what scikit-learn gives,
# up to a small error that falls with the number of scores.
# Instead: Keras counts at 200 fixed thresholds between 0 and 1, 0.005 apart. Scores between two of them are all the
# same to it. A model of a rare class, or one that is very sure, has most of its scores there: every fake text above
# every real one, all below 0.005, is 0.5 for Keras and 1.0 for scikit-learn. EarlyStopping(monitor="val_auc") stops at
# the wrong epoch then. More thresholds (num_thresholds=100000) only move the limit.
#
# Versions: keras 3.15.1 on jax 0.10.2 (TensorFlow 2.21.0 gives the same), numpy 2.4.6, scikit-learn 1.9.1.
# Seen on 2026-11-29:
#   every fake above every real, all below 0.005: keras 0.500, scikit-learn 1.000
#   1 in 100 is fake, all below 0.005:            keras 0.500, scikit-learn 0.924
#   the same scores times 200:                    keras 0.924, scikit-learn 0.924
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile keras==3.15.1 jax==0.10.2 numpy==2.4.6 scikit-learn==1.9.1
KERAS_BACKEND=jax KERAS_HOME="$room" "$room/venv/bin/python" - <<'EOF'
import sys
import keras
import numpy as np
from sklearn.metrics import roc_auc_score

def both(name, fake, score):
    metric = keras.metrics.AUC()
    metric.update_state(fake, score)
    areas = float(metric.result()), float(roc_auc_score(fake, score))
    print(f"{name:45} keras {areas[0]:.3f}, scikit-learn {areas[1]:.3f}")
    return areas

perfect = both("every fake above every real, all below 0.005:", np.repeat([0, 1], 50), np.linspace(0.0001, 0.0048, 100))
random = np.random.default_rng(0)
fake = np.arange(10_000) < 100
score = np.where(fake, random.uniform(0.002, 0.004, 10_000), random.uniform(0.0001, 0.003, 10_000))
rare = both("1 in 100 is fake, all below 0.005:", fake, score)
spread = both("the same scores times 200:", fake, score * 200)
if perfect != (0.5, 1.0) or rare[0] != 0.5 or rare[1] < 0.9 or abs(spread[0] - spread[1]) > 0.01:
    sys.exit("CHANGED: Keras sees the order of scores that lie close together")
EOF
