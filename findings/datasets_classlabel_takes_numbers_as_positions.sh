#!/usr/bin/env bash
# In datasets, ClassLabel(names=["-1", "0", "1"]) reads the same labels rightly from CSV and shifted by one from JSON.
#
# One would expect: the names say how labels are written in the file, so -1 is the first class, 0 the second and 1 the
# third, whichever file they come from. Labels of opinion and stance are often written so.
# Instead: a string is looked up among the names, but an integer is taken as a position. -1 then means "no label", 0
# the class named "-1", and 1 the class named "0". No value is out of range, so there is no error: all bad texts lose
# their label, and all good ones become neutral. load_dataset("csv", features=...) looks names up for integers too,
# JSON with numbers does not, and cast_column after loading the same CSV does not.
#
# Versions: datasets 5.2.0, pyarrow 26.0.1, pandas 3.1.1.
# Seen on 2026-11-29, for the labels -1, 0, 1:
#   CSV with features:      ['-1', '0', '1']
#   CSV, then cast_column:  [None, '-1', '0']
#   JSON with strings:      ['-1', '0', '1']
#   JSON with numbers:      [None, '-1', '0']
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile datasets==5.2.0 pyarrow==26.0.1 pandas==3.1.1
export HF_HOME="$room/home" HF_HUB_OFFLINE=1 HF_DATASETS_DISABLE_PROGRESS_BARS=1
cd "$room"
"$room/venv/bin/python" - <<'EOF'
import sys
from pathlib import Path
from datasets import ClassLabel, Features, Value, load_dataset

Path("posts.csv").write_text("text,label\nbad,-1\nmeh,0\ngood,1\n")
Path("strings.jsonl").write_text('{"text":"bad","label":"-1"}\n{"text":"meh","label":"0"}\n{"text":"good","label":"1"}\n')
Path("numbers.jsonl").write_text('{"text":"bad","label":-1}\n{"text":"meh","label":0}\n{"text":"good","label":1}\n')
label = ClassLabel(names=["-1", "0", "1"])
features = Features(text=Value("string"), label=label)

def load(kind, file, **options):
    return load_dataset(kind, data_files=file, split="train", **options)

def look(name, rows):
    read = [label.int2str(number) if number >= 0 else None for number in rows["label"][:]]
    print(f"{name + ':':23} {read}")
    return read

right, shifted = ["-1", "0", "1"], [None, "-1", "0"]
seen = [
    look("CSV with features", load("csv", "posts.csv", features=features)),
    look("CSV, then cast_column", load("csv", "posts.csv").cast_column("label", label)),
    look("JSON with strings", load("json", "strings.jsonl", features=features)),
    look("JSON with numbers", load("json", "numbers.jsonl", features=features)),
]
if seen != [right, shifted, right, shifted]:
    sys.exit("CHANGED: numbers are read as names, or refused")
EOF
