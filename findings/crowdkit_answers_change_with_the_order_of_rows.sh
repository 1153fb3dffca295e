#!/usr/bin/env bash
# The order of the rows decides what crowd-kit says of all texts on which people disagree.
#
# One would expect: which row of a table of answers stands first says nothing about the texts, so a table that is sorted
# in another way gives the same labels. Where one says fake and one real, the text is left open, or gets one by lot.
# Instead: in MajorityVote all ties get the label of the table's first row. With two answers to a text, all
# disagreements go to one side: sorted by label, all of them are fake, and sorted the other way, all are real. So the
# share of fake texts is another one, and training sees the hard texts on one side only. DawidSkene can turn too: where
# no person is more often right than the other, both labels have 0.5, up to the last digit of a sum, and that depends on
# the order. Nothing tells which texts are ties but the probabilities: look there for 0.50 before you train.
#
# Versions: crowd-kit 1.4.2, pandas 3.1.1, scikit-learn 1.9.1, numpy 2.4.6.
# Seen on 2026-11-30, 30 texts, two people, who disagree about 10, and the p(fake) of these:
#                            MajorityVote               DawidSkene
#   as they came             fake 20, real 10, p 0.50   fake 20, real 10, p 0.50
#   sorted by label          fake 20, real 10, p 0.50   fake 10, real 20, p 0.50
#   sorted the other way     fake 10, real 20, p 0.50   fake 20, real 10, p 0.50
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile crowd-kit==1.4.2 pandas==3.1.1 scikit-learn==1.9.1 numpy==2.4.6
"$room/venv/bin/python" - <<'EOF'
import sys
import pandas
from crowdkit.aggregation import DawidSkene, MajorityVote

sides = [("fake", "fake")] * 10 + [("real", "real")] * 10 + [("fake", "real"), ("real", "fake")] * 5
answers = pandas.DataFrame(
    [(f"text {number}", person, label)
     for number, pair in enumerate(sides) for person, label in zip(("first", "second"), pair)],
    columns=["task", "worker", "label"],
)

def look(name, table):
    """Of both methods: how many texts are fake, and p(fake) of those on which the two disagree."""
    print(f"{name:22}", end="")
    found = []
    for method in (MajorityVote(), DawidSkene(n_iter=100)):
        labels = method.fit_predict(table)
        fake = int((labels == "fake").sum())
        tied = method.probas_.loc[[f"text {number}" for number in range(20, 30)], "fake"]
        found.append((fake, tied.round(2).min(), tied.round(2).max()))
        print(f"   fake {fake}, real {len(labels) - fake}, p {tied.mean():.2f}", end="")
    print()
    return found

seen = [
    look("as they came", answers),
    look("sorted by label", answers.sort_values("label", kind="stable")),
    look("sorted the other way", answers.sort_values("label", ascending=False, kind="stable")),
]
if [majority for majority, _ in seen] != [(20, 0.5, 0.5), (20, 0.5, 0.5), (10, 0.5, 0.5)]:
    sys.exit("CHANGED: the first row does not decide about ties of MajorityVote")
# Which label DawidSkene gives is a matter of last digits, and another processor may have others.
if {skene[1:] for _, skene in seen} != {(0.5, 0.5)} or {skene[0] for _, skene in seen} - {10, 20}:
    sys.exit("CHANGED: DawidSkene gives not all ties one label, or is surer of it")
EOF
