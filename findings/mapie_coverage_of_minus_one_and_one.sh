#!/usr/bin/env bash
# MAPIE makes right prediction sets for the labels -1 and 1, and its own metric finds the label in a third of them.
#
# One would expect: what SplitConformalClassifier takes as labels, the metrics of MAPIE take too, or they refuse it, as
# they refuse words.
# Instead: classification_coverage_score uses the label as the number of a column of the sets, and has no list of
# labels. For 0 and 1 the two agree. In Python -1 is the last column, so of the labels -1 and 1 both ask for that of 1,
# and of -1, 0 and 1, as opinions and stances are often written, each asks for the next one's. No number is out of
# range, so there is no error, and a promise of 90% that was kept looks broken. Nor would the number show one that is
# broken. What helps is numpy.searchsorted(classes, labels).
#
# Versions: mapie 1.6.0, scikit-learn 1.9.1, numpy 2.4.6.
# Seen on 2026-11-30, 1000 texts with a confidence level of 0.9; how often the label is in the set, counted and by
# MAPIE:
#   0, 1        0.895   0.895       with searchsorted 0.895
#   -1, 1       0.895   0.287       with searchsorted 0.895
#   -1, 0, 1    0.903   0.079       with searchsorted 0.903
#   fake, real  0.895   TypeError   with searchsorted 0.895
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile mapie==1.6.0 scikit-learn==1.9.1 numpy==2.4.6
"$room/venv/bin/python" - <<'EOF'
import sys, warnings
import numpy as np
from mapie.classification import SplitConformalClassifier
from mapie.metrics.classification import classification_coverage_score
from sklearn.linear_model import LogisticRegression

warnings.simplefilter("error")  # a warning would tell of it

def look(labels):
    """How often the set has the label: counted, by MAPIE, and by MAPIE with the labels' places."""
    random = np.random.default_rng(1)
    places = random.choice(len(labels), 3000, p=[0.7, 0.3] if len(labels) == 2 else [0.7, 0.2, 0.1])
    texts = random.normal(size=(3000, 2)) + 1.5 * places[:, None]
    named = np.array(labels)[places]
    network = LogisticRegression().fit(texts[:1000], named[:1000])
    conformal = SplitConformalClassifier(network, confidence_level=0.9, prefit=True)
    conformal.conformalize(texts[1000:2000], named[1000:2000])
    _, sets = conformal.predict_set(texts[2000:])
    counted = sum(row[place] for row, place in zip(sets[:, :, 0], places[2000:], strict=True)) / 1000
    try:
        said = f"{classification_coverage_score(named[2000:], sets)[0]:.3f}"
    except (TypeError, IndexError) as error:
        said = type(error).__name__
    by_place = classification_coverage_score(np.searchsorted(network.classes_, named[2000:]), sets)[0]
    print(f"{', '.join(map(str, labels)):11} {counted:.3f}   {said:10}  with searchsorted {by_place:.3f}")
    return counted, said, by_place

seen = [look([0, 1]), look([-1, 1]), look([-1, 0, 1]), look(["fake", "real"])]
if any(abs(counted - by_place) > 1e-9 or counted < 0.85 for counted, _, by_place in seen):
    sys.exit("CHANGED: the sets, or the coverage by the labels' places")
if seen[3][1] != "TypeError" or seen[0][1] != f"{seen[0][0]:.3f}":
    sys.exit("CHANGED: words are taken, or 0 and 1 are counted in another way")
if any(float(said) > counted - 0.2 for counted, said, _ in seen[1:3]):
    sys.exit("CHANGED: negative labels are counted rightly, or refused")
EOF
