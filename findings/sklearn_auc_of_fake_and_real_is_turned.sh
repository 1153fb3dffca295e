#!/usr/bin/env bash
# scikit-learn gives AUC 0 to a perfect P(fake) where the labels are the words "fake" and "real", and says nothing.
#
# One would expect: of two words no metric can know which one the score is of. So each asks for pos_label or refuses, as
# precision_score, f1_score, average_precision_score, brier_score_loss and roc_curve do.
# Instead: roc_auc_score and log_loss take the word that comes last in the alphabet, "real", and have no pos_label with
# which one could say otherwise. A good P(fake) has an AUC near 0 and a poor log loss, and a bad one looks good: whoever
# chooses the best of some models by it takes the worst. With "false" and "true", or "fake" and "genuine", it is the
# same; where fake is called "satire", it happens to be right. So give these two y == "fake", which is true or false.
#
# Versions: scikit-learn 1.9.1, numpy 2.4.6.
# Seen on 2026-11-30:
#   of a P(fake) that is right for every text, and of 1 minus it:
#   roc_auc_score            0.00   1.00
#   log_loss                 1.52   0.31
#   roc_auc_score, y == fake 1.00   0.00
#   log_loss, y == fake      0.31   1.52
#   refused: precision_score f1_score average_precision_score brier_score_loss roc_curve
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile scikit-learn==1.9.1 numpy==2.4.6
"$room/venv/bin/python" - <<'EOF'
import inspect
import sys
import numpy as np
from sklearn import metrics

labels = np.array(["fake"] * 5 + ["real"] * 5)
p_fake = np.array([0.9, 0.8, 0.9, 0.7, 0.6, 0.4, 0.3, 0.2, 0.1, 0.45])
words = np.where(p_fake > 0.5, "fake", "real")

def look(name, measure, of):
    seen = [round(float(measure(of, scores)), 2) for scores in (p_fake, 1 - p_fake)]
    print(f"{name:24} {seen[0]:.2f}   {seen[1]:.2f}")
    return seen

print("of a P(fake) that is right for every text, and of 1 minus it:")
auc = look("roc_auc_score", metrics.roc_auc_score, labels)
loss = look("log_loss", metrics.log_loss, labels)
told_auc = look("roc_auc_score, y == fake", metrics.roc_auc_score, labels == "fake")
told_loss = look("log_loss, y == fake", metrics.log_loss, labels == "fake")

refused = []
for name, of in {
    "precision_score": words, "f1_score": words, "average_precision_score": p_fake, "brier_score_loss": p_fake,
    "roc_curve": p_fake,
}.items():
    try:
        getattr(metrics, name)(labels, of)
    except ValueError as error:
        assert "pos_label" in str(error), error
        refused.append(name)
print("refused:", *refused)
if auc != [0, 1] or loss != told_loss[::-1] or told_auc != [1, 0]:
    sys.exit("CHANGED: roc_auc_score or log_loss takes another label as the one the score is of")
if len(refused) != 5:
    sys.exit("CHANGED: another metric does not ask for pos_label")
for measure in metrics.roc_auc_score, metrics.log_loss:
    if "pos_label" in inspect.signature(measure).parameters:
        sys.exit(f"CHANGED: {measure.__name__} has pos_label")
EOF
