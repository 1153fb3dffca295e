#!/usr/bin/env bash
# Exported by onnxmltools, a random forest of LightGBM calls no text fake: each of its P(fake) is at most 0.01.
#
# One would expect: the converter gives a graph with the model's scores, up to rounding, or refuses it, as it refuses
# the objective "cross_entropy".
# Instead: for boosting_type="rf" the trees are added up where LightGBM takes their mean, and the probability behind
# that is divided by 100, which is not even the number of the trees. Three more settings of LightGBM are in no node of
# the graph: sigmoid, the straight lines in the leaves of linear_tree, and the square that belongs to reg_sqrt. Nothing
# warns, and each graph is valid and its numbers look like scores. Gradient boosting without them, which a test of the
# converter would take, is right to the last digits. So compare the scores of each model that is exported.
#
# Versions: onnxmltools 1.16.0, lightgbm 4.7.0, onnxruntime 1.31.1, onnx 1.23.2, scikit-learn 1.9.1, numpy 2.4.6.
# Seen on 2026-11-30, 1000 new texts, called fake (score > 0.5), and the largest difference of a score:
#                                LightGBM   ONNX Runtime   difference
#   classifier                        258            258        0.000
#   regressor                         262            262        0.000
#   classifier, dart                  247            247        0.000
#   classifier, rf                    266              0        0.862
#   regressor, rf                     246              0        0.427
#   classifier, sigmoid=2             269            269        0.150
#   classifier, linear_tree           273            287        0.772
#   regressor, reg_sqrt               103            262        0.250
#   regressor, cross_entropy: RuntimeError
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile onnxmltools==1.16.0 lightgbm==4.7.0 onnxruntime==1.31.1 onnx==1.23.2 \
    scikit-learn==1.9.1 numpy==2.4.6
"$room/venv/bin/python" - <<'EOF'
import sys, warnings
import lightgbm
import numpy as np
import onnxruntime
from onnxmltools import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType

onnxruntime.set_default_logger_severity(3)
warnings.filterwarnings("ignore", "X does not have valid feature names")
random = np.random.default_rng(0)
known, new = random.normal(size=(600, 5)).astype("float32"), random.normal(size=(1000, 5)).astype("float32")
fake = (known[:, 0] + 1.5 * random.normal(size=600) > 1).astype(int)
forest = {"boosting_type": "rf", "subsample": 0.7, "subsample_freq": 1}

def look(name, kind, **settings):
    model = kind(n_estimators=50, n_jobs=1, verbose=-1, **settings).fit(known, fake)
    right = model.predict_proba(new)[:, 1] if kind is lightgbm.LGBMClassifier else model.predict(new)
    graph = convert_lightgbm(model, initial_types=[("x", FloatTensorType([None, 5]))], zipmap=False)
    scores = onnxruntime.InferenceSession(graph.SerializeToString()).run(None, {"x": new})[-1][:, -1]
    far = float(np.abs(scores - right).max())
    print(f"{name:28} {(right > 0.5).sum():8} {(scores > 0.5).sum():14}   {far:10.3f}")
    return far, float(scores.max())

classifier, regressor = lightgbm.LGBMClassifier, lightgbm.LGBMRegressor
print(f"{'':28} LightGBM   ONNX Runtime   difference")
right = [look("classifier", classifier), look("regressor", regressor)]
right.append(look("classifier, dart", classifier, boosting_type="dart"))
wrong = [
    look("classifier, rf", classifier, **forest),
    look("regressor, rf", regressor, **forest),
    look("classifier, sigmoid=2", classifier, sigmoid=2.0),
    look("classifier, linear_tree", classifier, linear_tree=True),
    look("regressor, reg_sqrt", regressor, reg_sqrt=True),
]
try:
    look("", regressor, objective="cross_entropy")
    sys.exit("CHANGED: cross_entropy is exported")
except RuntimeError:
    print("regressor, cross_entropy: RuntimeError")
if max(far for far, _ in right) > 1e-5:
    sys.exit("CHANGED: gradient boosting is exported wrongly")
if min(far for far, _ in wrong) < 0.05 or wrong[0][1] > 0.01:
    sys.exit("CHANGED: the others are exported rightly")
EOF
