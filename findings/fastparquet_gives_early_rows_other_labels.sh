#!/usr/bin/env bash
# fastparquet reads early rows with other labels once later rows, or a later file, have other categories.
#
# One would expect: a column of categories is one of words that is stored in a shorter form. Each row group has its own
# list of words in the file, so rows that were added later, with append=True or as a second file, change no other row.
# Instead: ParquetFile(...).to_pandas() takes the numbers of all row groups, and the words of the last one. In a week
# with "real" and "satire" "real" is 0, in the next one, with "fake" and "real", it is 1: read together, each "real" of
# the first week is "fake", and no text is "satire". There is no error; only where the last list is the shorter one, an
# IndexError can come later, when the column is used. The files are right: pyarrow reads them rightly, and fastparquet
# does too, row group by row group with iter_row_groups(), or as words with categories=[]. To write each part with the
# same list of categories helps as well. A file from one call of write() has one list, so a small test shows nothing.
#
# Versions: fastparquet 2026.9.0, pandas 3.1.1, pyarrow 26.0.1, numpy 2.4.6.
# Seen on 2026-11-30, 90 texts that are real and 10 satire in the first week, 60 fake and 40 real in the second:
#   append=True, fastparquet                 fake 150, real 50, satire 0
#   append=True, fastparquet, categories=[]  fake 60, real 130, satire 10
#   append=True, iter_row_groups()           fake 60, real 130, satire 10
#   append=True, pyarrow                     fake 60, real 130, satire 10
#   append=True, one list of categories      fake 60, real 130, satire 10
#   two files of pyarrow, fastparquet        fake 150, real 50, satire 0
#   two files of pyarrow, pyarrow            fake 60, real 130, satire 10
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile fastparquet==2026.9.0 pandas==3.1.1 pyarrow==26.0.1 numpy==2.4.6
cd "$room"
"$room/venv/bin/python" - <<'EOF'
import os, sys, warnings
import fastparquet, pandas as pd
from fastparquet import ParquetFile

warnings.simplefilter("error")  # a warning would tell of it
warnings.simplefilter("ignore", ResourceWarning)

def week(categories=None, **counts):
    """A table with a column of categories, which are the labels that occur unless they are given."""
    labels = [label for label, count in counts.items() for _ in range(count)]
    return pd.DataFrame({"label": pd.Categorical(labels, categories=categories)})

def look(name, table):
    counts = tuple(int((table["label"] == label).sum()) for label in ("fake", "real", "satire"))
    print(f"{name:40} fake {counts[0]}, real {counts[1]}, satire {counts[2]}")
    return counts

first, second = week(real=90, satire=10), week(fake=60, real=40)
fastparquet.write("appended.parquet", first)
fastparquet.write("appended.parquet", second, append=True)
known = ["fake", "real", "satire"]
fastparquet.write("known.parquet", week(categories=known, real=90, satire=10))
fastparquet.write("known.parquet", week(categories=known, fake=60, real=40), append=True)
os.mkdir("weeks")
first.to_parquet("weeks/1.parquet", engine="pyarrow")
second.to_parquet("weeks/2.parquet", engine="pyarrow")
appended = ParquetFile("appended.parquet")
groups = pd.concat(group.astype(str) for group in appended.iter_row_groups())

wrong = [look("append=True, fastparquet", appended.to_pandas())]
right = [
    look("append=True, fastparquet, categories=[]", appended.to_pandas(categories=[])),
    look("append=True, iter_row_groups()", groups),
    look("append=True, pyarrow", pd.read_parquet("appended.parquet", engine="pyarrow")),
    look("append=True, one list of categories", ParquetFile("known.parquet").to_pandas()),
]
wrong.append(look("two files of pyarrow, fastparquet", ParquetFile(["weeks/1.parquet", "weeks/2.parquet"]).to_pandas()))
right.append(look("two files of pyarrow, pyarrow", pd.read_parquet("weeks", engine="pyarrow")))
if wrong != [(150, 50, 0)] * 2 or right != [(60, 130, 10)] * 5:
    sys.exit("CHANGED: the labels of each row group are read with its own words, or the other ways differ")
EOF
