#!/usr/bin/env bash
# pyarrow.csv reads texts of several lines rightly from a small file, and breaks some of their rows in a larger one.
#
# One would expect: a quoted field with a line break in it is either read or refused. A test with a small file shows
# which.
# Instead: the file is cut into blocks of 1 MB at a line break, and whether that one stands inside quotes is only asked
# with ParseOptions(newlines_in_values=True). Inside a block such fields are read rightly, so every file below 1 MB is
# fine, and in a larger one the row at each cut is broken, mostly without an error: the end of a text comes as a row of
# its own, its words shift into other columns, and the column of ids turns from numbers into strings. With
# use_threads=False the same file is read rightly, so even the number of cores seems to matter.
# pandas.read_csv(engine="pyarrow") does the same.
#
# Versions: pyarrow 26.0.1, pandas 3.1.1.
# Seen on 2026-11-29:
#   0.1 MB, 1000 posts:                     0 wrong rows, ids are int64
#   2.3 MB, 20000 posts:                    2 wrong rows, ids are string
#   2.3 MB, 20000 posts, one thread:        0 wrong rows, ids are int64
#   2.3 MB, 20000 posts, newlines_in_values: 0 wrong rows, ids are int64
#   pandas with pyarrow:                    2 wrong rows
#   1.8 MB, texts alone, 20000 posts:       20001 rows
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile pyarrow==26.0.1 pandas==3.1.1
"$room/venv/bin/python" - <<'EOF'
import csv, io, sys
import pandas
from pyarrow.csv import ParseOptions, ReadOptions, read_csv

def posts(count):
    return [(str(i), f"headline {i}\nsecond line of the post, with more words {'x' * (i % 97)}") for i in range(count)]

def written(rows, header):
    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL if len(header) == 1 else csv.QUOTE_MINIMAL).writerows([header, *rows])
    return file.getvalue().encode()

def wrong(ids, texts, rows):
    return sum((str(a), b) != row for a, b, row in zip(ids, texts, rows, strict=True))

def look(name, count, **options):
    rows = posts(count)
    data = written(rows, ["id", "text"])
    table = read_csv(io.BytesIO(data), **options)
    bad = wrong(table["id"].to_pylist(), table["text"].to_pylist(), rows)
    print(f"{f'{len(data) / 1e6:.1f} MB, {count} posts{name}:':39} {bad} wrong rows, ids are {table['id'].type}")
    return bad

small = look("", 1000)
large = look("", 20_000)
alone = look(", one thread", 20_000, read_options=ReadOptions(use_threads=False))
asked = look(", newlines_in_values", 20_000, parse_options=ParseOptions(newlines_in_values=True))
rows = posts(20_000)
frame = pandas.read_csv(io.BytesIO(written(rows, ["id", "text"])), engine="pyarrow")
framed = wrong(frame.id, frame.text, rows)
print(f"{'pandas with pyarrow:':39} {framed} wrong rows")
data = written([(f"headline {i}\nsecond line of the post {'x' * (i % 97)}",) for i in range(20_000)], ["text"])
count = read_csv(io.BytesIO(data)).num_rows
print(f"{f'{len(data) / 1e6:.1f} MB, texts alone, 20000 posts:':39} {count} rows")
if (small, alone, asked) != (0, 0, 0) or not large or not framed or count == 20_000:
    sys.exit("CHANGED: no row is broken")
EOF
