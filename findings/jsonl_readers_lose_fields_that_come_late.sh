#!/usr/bin/env bash
# A field that the first lines of a JSONL file lack, such as "label", is gone from what polars and DuckDB read.
#
# One would expect: each line of JSONL names its fields, so a field that some lines have is a column with gaps, as in
# pandas and pyarrow. What a reader does not know, it reports: polars and DuckDB do so for a word among numbers.
# Instead: polars knows the fields of the first 100 lines, DuckDB those of a sample of 20,480, and what other lines have
# besides is left out, without a word. In archives of posts a field stands only where it says something: "label" where
# somebody judged the post, "in_reply_to" in a reply. So all labels are lost where labelling began late in the file, and
# 100 lines are soon over. DuckDB also rounds: where scores are 0 and 1 in its sample, 0.97 is read as 1.
# infer_schema_length=None helps in polars and sample_size=-1 in DuckDB; a small file for a test shows nothing.
#
# Versions: polars 2.1.0, duckdb 2.0.1, pandas 3.1.1, pyarrow 26.0.1.
# Seen on 2026-11-30, 30,000 posts of which the last 500 have a label, and a score of 0.97 instead of 0 or 1:
#                                        labels      scores of 0.97
#   pandas                               500         500
#   pyarrow                              500         500
#   polars                               no column   ComputeError
#   polars, infer_schema_length=None     500         500
#   duckdb                               no column   0
#   duckdb, sample_size=-1               500         500
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile polars==2.1.0 duckdb==2.0.1 pandas==3.1.1 pyarrow==26.0.1
cd "$room"
venv/bin/python - <<'EOF'
import json, sys
import duckdb, pandas, polars, pyarrow.json

def write(path, early, late):
    with open(path, "w") as file:
        for post in range(30_000):
            more = early(post) if post < 29_500 else late(post)
            file.write(json.dumps({"id": post, "text": f"Post number {post}", **more}) + "\n")

write("labels.jsonl", lambda post: {}, lambda post: {"label": ("fake", "real")[post % 2]})
write("scores.jsonl", lambda post: {"p_fake": post % 2}, lambda post: {"p_fake": 0.97})

def attempt(read, column, wanted):
    """How many values of a column are wanted ones; what happened, where it cannot be read."""
    try:
        frame = read()
        if column not in frame.columns:
            return "no column"
        return str(int(frame[column].isin(wanted).sum()))
    except Exception as error:
        return type(error).__name__

def look(name, read):
    labels = attempt(lambda: read("labels.jsonl"), "label", ["fake", "real"])
    scores = attempt(lambda: read("scores.jsonl"), "p_fake", [0.97])
    print(f"{name:36} {labels:11} {scores}")
    return labels, scores

seen = (
    look("pandas", lambda path: pandas.read_json(path, lines=True)),
    look("pyarrow", lambda path: pyarrow.json.read_json(path).to_pandas()),
    look("polars", lambda path: polars.read_ndjson(path).to_pandas()),
    look(
        "polars, infer_schema_length=None",
        lambda path: polars.read_ndjson(path, infer_schema_length=None).to_pandas(),
    ),
    look("duckdb", lambda path: duckdb.read_json(path).df()),
    look("duckdb, sample_size=-1", lambda path: duckdb.read_json(path, sample_size=-1).df()),
)
whole = ("500", "500")
if seen != (whole, whole, ("no column", "ComputeError"), whole, ("no column", "0"), whole):
    sys.exit("CHANGED: late fields are read or refused, or those who read them do not any more")
EOF
