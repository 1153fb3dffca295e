#!/usr/bin/env bash
# pandas writes a table partitioned by a label, and reads other labels back, or cannot read it at all.
#
# One would expect: read_parquet of what to_parquet(partition_cols=["label"]) wrote gives the same values. Parquet keeps
# the type of a column, which is why one prefers it to CSV.
# Instead: the partition column is in no file, only in the names of the folders, and its type is guessed from these. True
# and False come back as the words "true" and "false", and as both words are true, astype(bool) makes each text fake.
# "007" comes back as the number 7, so a join by such an id finds nothing. Two ids that are one number, or a label that is
# missing in some rows, are written without a word, and cannot be read any more. polars reads the booleans rightly.
# partitioning=pyarrow.dataset.partitioning(schema, flavor="hive"), where the types are said, helps for all of them.
#
# Versions: pandas 3.1.1, pyarrow 26.0.1, polars 2.1.0.
# Seen on 2026-11-30, the values written and read:
#   [True, False]      ['true', 'false'], astype(bool): [True, True]
#   ['007', '012']     [7, 12]
#   ['007', '7']       ValueError: Categorical categories must be unique
#   ['fake', None]     ArrowInvalid: Cannot yet unify dictionaries with nulls
#   polars of the first: [True, False]
#   with the types said: [True, False] ['007', '012'] ['007', '7'] ['fake', None]
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile pandas==3.1.1 pyarrow==26.0.1 polars==2.1.0
cd "$room"
"$room/venv/bin/python" - <<'EOF'
import sys
import pandas, polars, pyarrow
import pyarrow.dataset

cases = {"booleans": [True, False], "zeros": ["007", "012"], "one number": ["007", "7"], "missing": ["fake", None]}

def read(folder, **options):
    """The labels in the order of the ids, missing ones as None; or the error."""
    try:
        labels = pandas.read_parquet(folder, **options).sort_values("id").label
    except (ValueError, pyarrow.ArrowInvalid) as error:
        return f"{type(error).__name__}: {error}"
    return labels.astype(object).where(labels.notna(), None).tolist()

guessed, said = {}, {}
for name, labels in cases.items():
    pandas.DataFrame({"id": [1, 2], "label": labels}).to_parquet(name, partition_cols=["label"])
    guessed[name] = read(name)
    kind = pyarrow.bool_() if name == "booleans" else pyarrow.string()
    schema = pyarrow.schema([("label", kind)])
    said[name] = read(name, partitioning=pyarrow.dataset.partitioning(schema, flavor="hive"))
truths = pandas.read_parquet("booleans").sort_values("id").label.astype(bool).tolist()
for name, labels in cases.items():
    print(f"{labels!s:18} {guessed[name]}{f', astype(bool): {truths}' if name == 'booleans' else ''}")
by_polars = polars.read_parquet("booleans").sort("id")["label"].to_list()
print("polars of the first:", by_polars)
print("with the types said:", *said.values())
if (guessed["booleans"], truths, guessed["zeros"]) != (["true", "false"], [True, True], [7, 12]):
    sys.exit("CHANGED: labels come back as they were written")
if not (str(guessed["one number"]).startswith("ValueError") and str(guessed["missing"]).startswith("ArrowInvalid")):
    sys.exit("CHANGED: what was written can be read")
if by_polars != [True, False] or said != cases:
    sys.exit("CHANGED: one of the ways out")
EOF
