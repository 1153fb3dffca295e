#!/usr/bin/env bash
# DuckDB reads "fake" in quotes as another label than fake, when no quote stands in the first 20,000 rows of a CSV file.
#
# One would expect: quotes around a field are no part of it, in whichever row they stand. RFC 4180 lets each field have
# them or not, and a writer that quotes only where it must, as Python's does, may meet the first such text late.
# Instead: read_csv looks at a sample of 20,480 rows, and where it has no quote, the file has none: then those of later
# rows belong to the text, and doubled ones stay doubled. Where two exports stand below one another, one of them with
# quotes, each label becomes two, and a text of the second is equal to none of the first. There is no error unless a
# comma or a line break stands inside quotes too, or the column is of numbers. quote='"' helps, and so does
# sample_size=-1. The same rows in the other order are read rightly.
#
# Versions: duckdb 2.0.1, pandas 3.1.1, polars 2.1.0, pyarrow 26.0.1.
# Seen on 2026-11-30, labels of 25,000 rows without quotes and of 5,000 with them:
#   duckdb                    fake 12500, real 12500, "fake" 2500, "real" 2500
#   duckdb, the other order   fake 15000, real 15000
#   duckdb, quote='"'         fake 15000, real 15000
#   pandas                    fake 15000, real 15000
#   polars                    fake 15000, real 15000
#   pyarrow                   fake 15000, real 15000
#   duckdb, the last text: "he said ""no"" today", where pandas has: he said "no" today
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile duckdb==2.0.1 pandas==3.1.1 polars==2.1.0 pyarrow==26.0.1
cd "$room"
"$room/venv/bin/python" - <<'EOF'
import collections, csv, sys
import duckdb, pandas, polars, pyarrow.csv

def rows(count):
    return [(f"headline {i}", "fake" if i % 2 else "real") for i in range(count)]

def write(path, *parts):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerow(["text", "label"])
        for quoting, part in parts:
            csv.writer(file, quoting=quoting).writerows(part)

plain = csv.QUOTE_MINIMAL, rows(25_000)
quoted = csv.QUOTE_ALL, rows(5_000)
write("late.csv", plain, quoted)
write("early.csv", quoted, plain)
write("text.csv", plain, (csv.QUOTE_MINIMAL, [('he said "no" today', "fake")]))

def by_duckdb(path, column="label", **options):
    return [row[0] for row in duckdb.read_csv(path, **options).select(column).fetchall()]

def look(name, labels):
    counts = dict(sorted(collections.Counter(labels).items(), key=lambda pair: (-pair[1], pair[0])))
    print(f"{name:25} {', '.join(f'{label} {count}' for label, count in counts.items())}")
    return counts

seen = [
    look("duckdb", by_duckdb("late.csv")),
    look("duckdb, the other order", by_duckdb("early.csv")),
    look("duckdb, quote='\"'", by_duckdb("late.csv", quotechar='"')),
    look("pandas", pandas.read_csv("late.csv").label),
    look("polars", polars.read_csv("late.csv")["label"]),
    look("pyarrow", pyarrow.csv.read_csv("late.csv")["label"].to_pylist()),
]
last = by_duckdb("text.csv", "text")[-1], pandas.read_csv("text.csv").text.iloc[-1]
print(f"duckdb, the last text: {last[0]}, where pandas has: {last[1]}")
right = {"fake": 15_000, "real": 15_000}
if seen != [{"fake": 12_500, "real": 12_500, '"fake"': 2_500, '"real"': 2_500}] + [right] * 5:
    sys.exit("CHANGED: quotes are no part of a label, or those who read them rightly do not")
if last != ('"he said ""no"" today"', 'he said "no" today'):
    sys.exit("CHANGED: quotes are no part of a text")
EOF
