#!/usr/bin/env bash
# load_dataset("csv") reads the label "True" as "True" in the first 10,000 rows, and as "true" in later ones.
#
# One would expect: a column has one type, and what stands in the file twice is read alike. Where one row says "unsure"
# beside "True" and "False", all of them are words, as in pandas.read_csv, which datasets calls.
# Instead: datasets reads 10,000 rows at a time, and each part finds its types by itself. The first part's are kept:
# what a later one took for booleans or numbers becomes words again, in another spelling. So two labels are four, and
# whoever looks for "True" misses two thirds of them; ids have lost their zeros in front, and are found in no other
# table. Nothing warns, and a file below 10,000 rows shows nothing. features=Features({...}), which says the types,
# helps.
#
# Versions: datasets 5.2.0, pandas 3.1.1, pyarrow 26.0.1.
# Seen on 2026-11-30, 30,000 rows, where one label of the first part is "unsure", and one of its ids is no number:
#   labels              true 10000, false 10000, True 5000, False 4999, unsure 1
#   labels, features=   True 15000, False 14999, unsure 1
#   labels, pandas      True 15000, False 14999, unsure 1
#   ids                 009000, 12000
#   ids, features=      009000, 012000
#   ids, pandas         009000, 012000
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile datasets==5.2.0 pandas==3.1.1 pyarrow==26.0.1
HF_HOME="$room/cache" HF_HUB_OFFLINE=1 "$room/venv/bin/python" - "$room" <<'EOF'
import sys, warnings
from collections import Counter
import pandas as pd
from datasets import Features, Value, disable_progress_bars, load_dataset

disable_progress_bars()
path = f"{sys.argv[1]}/texts.csv"
with open(path, "w") as file:
    print("id,fake", file=file)
    for row in range(30_000):
        name = "x00005" if row == 5 else f"{row:06}"
        print(name, "unsure" if row == 7 else row % 2 == 0, sep=",", file=file)

def load(**how):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a warning would tell of it
        return load_dataset("csv", data_files=path, split="train", **how)

words = Features({"id": Value("string"), "fake": Value("string")})
read = {"": load(), ", features=": load(features=words), ", pandas": pd.read_csv(path)}
labels = {name: Counter(table["fake"]) for name, table in read.items()}
for name, seen in labels.items():
    counts = sorted(seen.items(), key=lambda one: (-one[1], one[0] != "true"))
    print(f"{'labels' + name:19}", ", ".join(f"{label} {count}" for label, count in counts))
ids = {name: [list(table["id"])[row] for row in (9_000, 12_000)] for name, table in read.items()}
for name, seen in ids.items():
    print(f"{'ids' + name:19}", ", ".join(seen))

whole = {"True": 15_000, "False": 14_999, "unsure": 1}
if labels[", features="] != whole or labels[", pandas"] != whole:
    sys.exit("CHANGED: what the file says, or how pandas reads it")
if labels[""] != {"true": 10_000, "false": 10_000, "True": 5_000, "False": 4_999, "unsure": 1}:
    sys.exit("CHANGED: the labels of later rows")
if list(ids.values()) != [["009000", "12000"], ["009000", "012000"], ["009000", "012000"]]:
    sys.exit("CHANGED: the ids of later rows")
EOF
