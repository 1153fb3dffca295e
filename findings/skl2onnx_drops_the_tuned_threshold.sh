#!/usr/bin/env bash
# Exported by skl2onnx, a classifier of scikit-learn whose threshold was tuned decides at 0.5 again.
#
# One would expect: TunedThresholdClassifierCV chooses the threshold, for a rare class one far from 0.5, and predict()
# decides by it. skl2onnx exports it with that, or refuses it, as it refuses FixedThresholdClassifier.
# Instead: it exports the classifier inside, and the threshold is in no node of the graph. The labels are those of a
# model that nobody tuned: of 194 fake texts that were found, 66 are left. The probabilities are right to the last
# digit, so to compare these, as one does after an export, finds nothing, and nothing warns. What to do: keep
# best_threshold_ beside the graph, and decide by the probability; it is one for the label that sorts last, here "real".
#
# Versions: skl2onnx 1.20.0, scikit-learn 1.9.1, onnxruntime 1.31.1, onnx 1.23.2, numpy 2.4.6.
# Seen on 2026-11-30, 5000 new texts, of which 227 are fake:
#                  called fake   fake ones found
#   scikit-learn   962           194
#   ONNX Runtime   106           66
#   never tuned    106           66
#   largest difference of a probability: 0.000000
#   FixedThresholdClassifier: MissingShapeCalculator
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile skl2onnx==1.20.0 scikit-learn==1.9.1 onnxruntime==1.31.1 onnx==1.23.2 numpy==2.4.6
"$room/venv/bin/python" - <<'EOF'
import sys
import numpy, onnxruntime, skl2onnx
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV

def texts(seed):
    """Features of texts, of which one in twenty is fake."""
    random = numpy.random.default_rng(seed)
    labels = numpy.where(random.random(5000) < 0.05, "fake", "real")
    features = random.normal(size=(5000, 5)).astype(numpy.float32)
    features[:, 0] += 2 * (labels == "fake")
    return features, labels

features, labels = texts(seed=1)
new, truth = texts(seed=2)
model = TunedThresholdClassifierCV(LogisticRegression(), scoring="balanced_accuracy").fit(features, labels)
graph = skl2onnx.to_onnx(model, features[:1], options={"zipmap": False}).SerializeToString()
session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
answer, probabilities = session.run(None, {"X": new})

def look(name, said):
    counts = int((said == "fake").sum()), int(((said == "fake") & (truth == "fake")).sum())
    print(f"{name:14} {counts[0]:<13} {counts[1]}")
    return counts

print("fake:", int((truth == "fake").sum()))
tuned = look("scikit-learn", model.predict(new))
exported = look("ONNX Runtime", answer)
untuned = look("never tuned", model.estimator_.predict(new))
difference = float(numpy.abs(probabilities - model.predict_proba(new)).max())
print(f"largest difference of a probability: {difference:.6f}")
try:
    fixed = FixedThresholdClassifier(LogisticRegression(), threshold=0.9, pos_label="real").fit(features, labels)
    skl2onnx.to_onnx(fixed, features[:1])
    refusal = "exported"
except Exception as error:
    refusal = type(error).__name__
print("FixedThresholdClassifier:", refusal)
if exported != untuned or tuned[1] < 1.5 * exported[1] or difference > 1e-5 or refusal == "exported":
    sys.exit("CHANGED: the threshold is exported, or the classifier is refused, or the other one is not")
EOF
