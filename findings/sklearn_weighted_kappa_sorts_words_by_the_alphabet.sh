#!/usr/bin/env bash
# cohen_kappa_score(weights="quadratic") puts low, medium and high in the order of the alphabet: high, low, medium.
#
# One would expect: a weighted kappa is for labels that have an order, and scikit-learn cannot know it of words, nor how
# far 2 is from 5 but by the numbers. So it asks for the order, as krippendorff does, or refuses words.
# Instead: the weight is the distance between places in the list of labels that occur, and that list is sorted. Two
# people who are never more than one step apart agree poorly then, 0.23 instead of 0.68, and nothing warns. "1" to "10",
# where they were read as words, are sorted 1, 10, 2, and "-2" to "2" are sorted -1, -2, 0, 1, 2. Numbers have the right
# order, but their distance is not used: where nobody has given a 3 or a 4, 2 and 5 are neighbours. labels= says the
# order, and all labels of the scale, also those that nobody gave.
#
# Versions: scikit-learn 1.9.1, numpy 2.4.6, krippendorff 0.9.0.
# Seen on 2026-11-30, two people, each answer at most one step from the other's:
#                         as it is   with labels=
#   0, 1, 2               0.68       0.68
#   low, medium, high     0.23       0.68
#   "-2" to "2"           0.78       0.88
#   "1" to "10"           0.64       0.97
#   1, 2, 5 of 1 to 5     0.68       0.63
#   krippendorff, low, medium, high: ValueError
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile scikit-learn==1.9.1 numpy==2.4.6 krippendorff==0.9.0
"$room/venv/bin/python" -W error - <<'EOF'
import sys
import krippendorff, numpy
from sklearn.metrics import cohen_kappa_score

def people(steps):
    """The answers of two people as places on a scale, at most one step apart."""
    random = numpy.random.default_rng(0)
    one = random.integers(0, steps, 200)
    return one, numpy.clip(one + random.integers(-1, 2, 200), 0, steps - 1)

def look(name, scale, used=None):
    used = numpy.array(used or scale)
    one, other = (used[places] for places in people(len(used)))
    plain = cohen_kappa_score(one, other, weights="quadratic")
    told = cohen_kappa_score(one, other, weights="quadratic", labels=scale)
    print(f"{name:21} {plain:.2f}       {told:.2f}")
    return plain, told

numbers = look("0, 1, 2", [0, 1, 2])
words = look("low, medium, high", ["low", "medium", "high"])
opinions = look('"-2" to "2"', ["-2", "-1", "0", "1", "2"])
ten = look('"1" to "10"', [str(number) for number in range(1, 11)])
gap = look("1, 2, 5 of 1 to 5", [1, 2, 3, 4, 5], used=[1, 2, 5])
one, other = (numpy.array(["low", "medium", "high"])[places] for places in people(3))
try:
    answer = str(krippendorff.alpha([one, other], level_of_measurement="ordinal"))
except ValueError as error:
    answer = type(error).__name__
print("krippendorff, low, medium, high:", answer)
if abs(words[1] - numbers[1]) > 1e-9 or abs(numbers[0] - numbers[1]) > 1e-9:
    sys.exit("CHANGED: labels= does not say the order")
if words[0] > 0.5 or opinions[0] > opinions[1] - 0.05 or ten[0] > ten[1] - 0.2 or abs(gap[0] - gap[1]) < 0.01:
    sys.exit("CHANGED: the order or the distance of labels is another one")
if answer != "ValueError":
    sys.exit("CHANGED: krippendorff takes words without an order")
EOF
