#!/usr/bin/env bash
# Given soft labels, Keras' metrics call the best network and its opposite equal: accuracy 0, AUC 0, precision 1.
#
# One would expect: targets between 0 and 1, as a teacher or label smoothing gives them, are right for the loss, so the
# metrics beside it in compile() either take 0.9 as fake and 0.1 as real, or refuse them, as scikit-learn does.
# Instead: BinaryAccuracy asks whether the target is equal to 0 or 1, which it never is, so it is 0.0 for each network.
# AUC, Precision and Recall take each target that is not exactly 0 for fake: there are no real texts then, AUC is 0.0 and
# Precision 1.0, whatever the network says. Nothing warns. EarlyStopping(monitor="val_auc") ends the training after its
# patience, and restores the weights of the first epoch if it is to restore the best. Only F1Score counts with the
# targets as they are. So measure against hard labels, or by the loss.
#
# Versions: keras 3.15.1 on jax 0.10.2 (TensorFlow 2.21.0 gives the same), numpy 2.4.6, scikit-learn 1.9.1.
# Seen on 2026-11-30, for scores that are all right, and for 1 minus these:
#                  labels 1 and 0   labels 0.9 and 0.1
#   BinaryAccuracy  1.00   0.00      0.00   0.00
#   AUC             1.00   0.00      0.00   0.00
#   Precision       1.00   0.00      1.00   1.00
#   Recall          1.00   0.00      0.50   0.50
#   F1Score         1.00   0.00      0.90   0.10
#   scikit-learn, roc_auc_score and accuracy_score of labels 0.9 and 0.1: ValueError, ValueError
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile keras==3.15.1 jax==0.10.2 numpy==2.4.6 scikit-learn==1.9.1
KERAS_BACKEND=jax KERAS_HOME="$room" "$room/venv/bin/python" - <<'EOF'
import sys
import numpy as np
from keras import metrics
from sklearn.metrics import accuracy_score, roc_auc_score

hard = np.array([1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0])
soft = np.where(hard == 1, 0.9, 0.1)
scores = np.array([0.8, 0.2, 0.7, 0.3, 0.9, 0.1, 0.4, 0.6])

def value(metric, labels, scores):
    metric.reset_state()
    metric.update_state(labels[:, None], scores[:, None])
    return round(float(np.ravel(metric.result())[0]), 2)

def look(metric):
    """The metric of right and of wrong scores, first against hard labels and then against soft ones."""
    seen = [value(metric, labels, of) for labels in (hard, soft) for of in (scores, 1 - scores)]
    print(f"{type(metric).__name__:15} {seen[0]:.2f}   {seen[1]:.2f}      {seen[2]:.2f}   {seen[3]:.2f}")
    return seen

seen = [
    look(metrics.BinaryAccuracy()),
    look(metrics.AUC()),
    look(metrics.Precision()),
    look(metrics.Recall()),
    look(metrics.F1Score(threshold=0.5)),
]
refused = []
for measure, of in (roc_auc_score, scores), (accuracy_score, scores > 0.5):
    try:
        refused.append(str(measure(soft, of)))
    except ValueError as error:
        refused.append(type(error).__name__)
print("scikit-learn, roc_auc_score and accuracy_score of labels 0.9 and 0.1:", ", ".join(refused))
if any(row[:2] != [1, 0] for row in seen) or [row[2:] for row in seen[:3]] != [[0, 0], [0, 0], [1, 1]]:
    sys.exit("CHANGED: soft labels are taken as what they say, or refused")
if refused != ["ValueError"] * 2:
    sys.exit("CHANGED: scikit-learn takes soft labels")
EOF
