#!/usr/bin/env bash
# DatasetDict.class_encode_column numbers the classes of each split by itself: 0 is "fake" in one and "real" in another.
#
# One would expect: one call on all splits gives one list of names, so a number means the same label in "train" and in
# "test". Or it is refused, as concatenate_datasets refuses splits whose names differ.
# Instead: each split gets the names that occur in it, sorted and numbered from 0. A split that lacks one of them, as a
# small one of a rare class does, has all later numbers shifted. No value is out of range and nothing warns: a network
# is trained with one numbering, and judged with another. A perfect one gets a bad accuracy; a bad one may look better.
# While all splits have all names, which is what an example or a test has, it is right. cast_column with a
# ClassLabel(names=[...]) that is written out gives all splits the same numbers.
#
# Versions: datasets 5.2.0, pyarrow 26.0.1, pandas 3.1.1.
# Seen on 2026-11-30:
#   train: ['fake', 'real', 'satire'], "real" is 1
#   test:  ['real', 'satire'], "real" is 0
#   accuracy of a classifier that is always right, by the numbers of train: 0.00
#   with cast_column, ['fake', 'real', 'satire'] in both:                   1.00
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile datasets==5.2.0 pyarrow==26.0.1 pandas==3.1.1
HF_HOME="$room" "$room/venv/bin/python" - <<'EOF'
import sys
import datasets
from datasets import ClassLabel, Dataset, DatasetDict

datasets.disable_progress_bars()
names = {"train": ["fake", "real", "satire", "real"], "test": ["real", "satire", "real"]}
splits = DatasetDict({split: Dataset.from_dict({"label": labels}) for split, labels in names.items()})

def accuracy(coded):
    """Of a classifier that knows the right name, and answers with the number that the training had for it."""
    number = coded["train"].features["label"].str2int
    right = [number(name) == truth for name, truth in zip(names["test"], coded["test"]["label"])]
    return sum(right) / len(right)

encoded = splits.class_encode_column("label")
for split in encoded:
    label = encoded[split].features["label"]
    print(f"{split + ':':6} {label.names}, \"real\" is {label.str2int('real')}")
cast = splits.cast_column("label", ClassLabel(names=["fake", "real", "satire"]))
print(f"accuracy of a classifier that is always right, by the numbers of train: {accuracy(encoded):.2f}")
print(f"with cast_column, {cast['test'].features['label'].names} in both:                   {accuracy(cast):.2f}")
if accuracy(encoded) == 1 or accuracy(cast) != 1:
    sys.exit("CHANGED: a number means the same label in each split")
EOF
