#!/usr/bin/env bash
# From a folder of Parquet files, DuckDB rounds scores to 0 and 1, and pandas and DuckDB leave a column of labels out.
#
# One would expect: files of one folder that do not agree are read with all columns and the wider types, or refused, as
# polars and datasets refuse them. A Parquet file says which columns it has, and of which type.
# Instead: the file whose name comes first says it for all of them. A column that only later files have is left out:
# where people began to label in the second week, the table has no labels, without a word. Where the first file has the
# scores 0 and 1 as whole numbers, and a later one fractions, DuckDB casts these, which rounds them: a mean and each
# threshold other than 0.5 are wrong. pandas refuses that. union_by_name=True helps in DuckDB, for both; in pandas,
# read file by file, and pandas.concat. A test with one file, or with files of one kind, shows nothing.
#
# Versions: pandas 3.1.1, pyarrow 26.0.1, duckdb 2.0.1, polars 2.1.0.
# Seen on 2026-11-30, two files each; "label" is in the second one only, "p_fake" is 0 and 1, then 0.42 and 0.97:
#                            columns of the first folder   p_fake in the second folder
#   pandas                   id, text                      ArrowInvalid
#   duckdb                   id, text                      0, 1, 0, 1
#   duckdb, union_by_name    id, text, label               0.0, 1.0, 0.42, 0.97
#   polars                   SchemaError                   SchemaError
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile pandas==3.1.1 pyarrow==26.0.1 duckdb==2.0.1 polars==2.1.0
cd "$room"
mkdir labels scores
venv/bin/python - <<'EOF'
import sys
import duckdb, pandas, polars

def write(folder, week, **columns):
    pandas.DataFrame(columns).to_parquet(f"{folder}/week-{week}.parquet", index=False)

write("labels", 1, id=[1, 2], text=["one", "two"])
write("labels", 2, id=[3, 4], text=["three", "four"], label=["fake", "real"])
write("scores", 1, id=[1, 2], p_fake=[0, 1])
write("scores", 2, id=[3, 4], p_fake=[0.42, 0.97])

def by_duckdb(folder, **options):
    return duckdb.read_parquet(f"{folder}/*.parquet", **options).df()

def attempt(read):
    try:
        return ", ".join(str(each) for each in read())
    except Exception as error:
        return type(error).__name__

def look(name, read):
    columns = attempt(lambda: read("labels").columns)
    scores = attempt(lambda: read("scores").sort_values("id").p_fake)
    print(f"{name:24} {columns:29} {scores}")
    return columns, scores

seen = (
    look("pandas", pandas.read_parquet),
    look("duckdb", by_duckdb),
    look("duckdb, union_by_name", lambda folder: by_duckdb(folder, union_by_name=True)),
    look("polars", lambda folder: polars.read_parquet(folder).to_pandas()),
)
if seen != (("id, text", "ArrowInvalid"), ("id, text", "0, 1, 0, 1"),
            ("id, text, label", "0.0, 1.0, 0.42, 0.97"), ("SchemaError", "SchemaError")):
    sys.exit("CHANGED: all columns are read as they are, or they are refused, or others do not do so any more")
EOF
