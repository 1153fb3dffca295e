#!/usr/bin/env bash
# statsmodels' smf.glm("fake ~ score") models P(not fake) where the column is True and False, and P(fake) of 1 and 0.
#
# One would expect: True is 1. So a logistic regression of a column of booleans has the coefficients that it has of 1
# and 0, as in sm.GLM and sm.Logit without a formula, and in glm() of R, from which the formulas come.
# Instead: the formula makes one column for each value of booleans or words, and the binomial family takes two columns
# as counts, of successes and of failures. False comes first, so to be false is the success: each coefficient has the
# other sign, with the same p-value, and predict() gives 1 minus the probability. Nothing warns; the summary says "Dep.
# Variable: ['fake[False]', 'fake[True]']", and nothing of a direction. Of the words "fake" and "real" it models
# P(fake), of "false" and "true" P(false), where R and scikit-learn's last column have the other one. smf.gee does the
# same. smf.logit, smf.probit and smf.ols refuse both. What helps is astype(int).
#
# Versions: statsmodels 0.15.0, patsy 1.0.3, pandas 3.1.1, numpy 2.4.6, scipy 1.17.1.
# Seen on 2026-11-30, 500 texts, the higher the score the more of them fake; the coefficient, and what is predicted for
# a score of 2:
#   smf.glm, 1 and 0             1.95   0.98
#   smf.glm, True and False     -1.95   0.02
#   smf.gee, 1 and 0             1.95   0.98
#   smf.gee, True and False     -1.95   0.02
#   sm.GLM, True and False       1.95   0.98
#   smf.logit, True and False  ValueError
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile statsmodels==0.15.0 patsy==1.0.3 pandas==3.1.1 numpy==2.4.6 scipy==1.17.1
"$room/venv/bin/python" - <<'EOF'
import sys, warnings
import numpy as np
import pandas as pd
import statsmodels.api as sm
import statsmodels.formula.api as smf

warnings.simplefilter("error")  # a warning would tell of it
random = np.random.default_rng(1)
score = random.normal(size=500)
fake = random.random(500) < 1 / (1 + np.exp(-2 * score))
booleans = pd.DataFrame({"fake": fake, "score": score})
numbers = booleans.assign(fake=fake.astype(int))
new = pd.DataFrame({"score": [2.0]})

def look(name, model, *, new=new):
    result = model.fit()
    slope, predicted = float(np.asarray(result.params)[-1]), float(np.asarray(result.predict(new))[0])
    print(f"{name:25} {slope:6.2f}   {predicted:.2f}")
    return round(slope, 6), round(predicted, 6)

def glm(texts):
    return smf.glm("fake ~ score", texts, family=sm.families.Binomial())

def gee(texts):
    return smf.gee("fake ~ score", groups=np.arange(500), data=texts, family=sm.families.Binomial())

right = look("smf.glm, 1 and 0", glm(numbers))
turned = [look("smf.glm, True and False", glm(booleans))]
right_gee = look("smf.gee, 1 and 0", gee(numbers))
turned.append(look("smf.gee, True and False", gee(booleans)))
plain = sm.GLM(fake, sm.add_constant(score), family=sm.families.Binomial())
without = look("sm.GLM, True and False", plain, new=[[1.0, 2.0]])
try:
    smf.logit("fake ~ score", booleans)
    sys.exit("CHANGED: smf.logit takes booleans")
except ValueError:
    print("smf.logit, True and False  ValueError")
if not np.allclose([right_gee, without], [right, right], atol=1e-4) or right[0] < 1:
    sys.exit("CHANGED: the models of numbers, or without a formula, do not agree")
if not np.allclose(turned, [(-right[0], 1 - right[1])] * 2, atol=1e-4):
    sys.exit("CHANGED: the formula takes True for 1")
EOF
