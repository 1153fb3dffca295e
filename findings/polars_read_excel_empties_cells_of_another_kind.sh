#!/usr/bin/env bash
# polars.read_excel leaves cells empty, without a word, that are of another kind than the first thousand rows.
#
# One would expect: a column with numbers and words, as two exports below one another give it, is read as words, as an
# object column in pandas, or refused with the row that does not fit, as polars.read_csv refuses it.
# Instead: the default engine takes the kind of a column from the first 1000 rows, and each later cell that is not of it
# is null: ids of posts and labels are gone, no error, no warning. infer_schema_length=100000 reads all of them; so do
# infer_schema_length=0 (all columns as words), polars with the engine "openpyxl", and pandas with the same reader below.
#
# Versions: polars 2.1.0, fastexcel 0.21.0, pandas 3.1.1, python-calamine 0.9.1, openpyxl 3.1.5.
# Seen on 2026-11-30, 1200 posts with numbers as ids and boxes that were ticked, and 300 with words for both:
#   polars.read_excel:                             300 ids and 300 labels are gone
#   polars.read_excel, infer_schema_length=100000:   0 ids and   0 labels are gone
#   polars.read_excel, engine="openpyxl":            0 ids and   0 labels are gone
#   pandas.read_excel, engine="calamine":            0 ids and   0 labels are gone
#   polars.read_csv of the same rows: ComputeError
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile polars==2.1.0 fastexcel==0.21.0 pandas==3.1.1 python-calamine==0.9.1 openpyxl==3.1.5
cd "$room"
venv/bin/python - <<'EOF'
import csv
import sys
import openpyxl
import pandas
import polars

rows = [(1_000_000 + post, f"Post number {post}", post % 2 == 0) for post in range(1200)]
rows += [(f"t3_x{post}", f"Thread number {post}", ("false", "true")[post % 2]) for post in range(300)]
book = openpyxl.Workbook(write_only=True)
sheet = book.create_sheet("posts")
for row in [("id", "text", "is_fake"), *rows]:
    sheet.append(row)
book.save("posts.xlsx")
with open("posts.csv", "w", newline="") as file:
    csv.writer(file).writerows([("id", "text", "is_fake"), *rows])

def gone(name, frame):
    counts = tuple(int(frame[column].isna().sum()) for column in ("id", "is_fake"))
    print(f"{name + ':':47}{counts[0]:3} ids and {counts[1]:3} labels are gone")
    return counts

def by_polars(**options):
    frame = polars.read_excel("posts.xlsx", **options)
    return pandas.DataFrame({column: frame[column].to_list() for column in frame.columns}, dtype=object)

seen = (
    gone("polars.read_excel", by_polars()),
    gone("polars.read_excel, infer_schema_length=100000", by_polars(infer_schema_length=100_000)),
    gone('polars.read_excel, engine="openpyxl"', by_polars(engine="openpyxl")),
    gone('pandas.read_excel, engine="calamine"', pandas.read_excel("posts.xlsx", engine="calamine")),
)
try:
    polars.read_csv("posts.csv")
    refusal = "read"
except polars.exceptions.PolarsError as error:
    refusal = type(error).__name__
print("polars.read_csv of the same rows:", refusal)
if seen != ((300, 300), (0, 0), (0, 0), (0, 0)) or refusal == "read":
    sys.exit("CHANGED: what does not fit is kept, refused or told")
EOF
