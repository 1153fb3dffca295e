#!/usr/bin/env bash
# pandera checks a table in which a text has no label, makes that label True, and says that the table is right.
#
# One would expect: Column(bool, coerce=True) reads labels as booleans and refuses what is none. A gap is refused, as
# nullable is False unless one says otherwise, and it is refused where coerce is not set.
# Instead: the column is coerced first and checked then, and pandas makes True of a gap in a column of True and False,
# and of each word that is not empty. read_csv gives such a column wherever one label is missing. So each text that
# nobody judged is fake, and where the labels are the words "True" and "False", or "yes" and "no", all texts are. What
# comes back has no gap and the right type, so no other check finds it. Column(int, coerce=True) makes 0 of 0.97 alike;
# only a gap among numbers is an error there. "boolean", the type of pandas that knows gaps, refuses gaps and words, and
# so does pandera.polars.
#
# Versions: pandera 0.35.0, pandas 3.1.1, numpy 2.4.6, polars 2.1.0.
# Seen on 2026-11-30, what validate() gives for three labels:
#                           bool                   "boolean"              pandera.polars
#   True, False, a gap      True, False, True      SchemaError            SchemaError
#   "True", "False", "no"   True, True, True       SchemaErrors           SchemaError
#   bool, without coerce    SchemaError for both
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile "pandera[polars]==0.35.0" pandas==3.1.1 numpy==2.4.6 polars==2.1.0
"$room/venv/bin/python" -W error - <<'EOF'
import io, sys
import pandas as pd, polars as pl
import pandera.pandas as pa, pandera.polars as pp
from pandera.errors import SchemaError, SchemaErrors

def look(library, kind, table, coerce=True):
    schema = library.DataFrameSchema({"fake": library.Column(kind, coerce=coerce)})
    try:
        return ", ".join(map(str, schema.validate(table)["fake"].to_list()))
    except (SchemaError, SchemaErrors) as error:
        return type(error).__name__

gap = pd.read_csv(io.StringIO("text,fake\nwar,True\nrain,False\nsun,\n"))
words = pd.DataFrame({"fake": ["True", "False", "no"]})
tables = {
    "True, False, a gap": (gap, pl.DataFrame({"fake": [True, False, None]})),
    '"True", "False", "no"': (words, pl.DataFrame({"fake": ["True", "False", "no"]})),
}
seen = {}
for name, (table, same) in tables.items():
    seen[name] = look(pa, bool, table), look(pa, "boolean", table), look(pp, pl.Boolean, same)
    print(f"{name:23} {seen[name][0]:22} {seen[name][1]:22} {seen[name][2]}")
strict = {look(pa, bool, table, coerce=False) for table in (gap, words)}
print(f"bool, without coerce    {' '.join(sorted(strict))}")
cut = look(pa, int, pd.DataFrame({"fake": [0.97, 0.2]}))
if [row[0] for row in seen.values()] != ["True, False, True", "True, True, True"] or cut != "0, 0":
    sys.exit("CHANGED: coerce refuses gaps, words or fractions, or reads them")
if strict != {"SchemaError"} or any("Error" not in said for row in seen.values() for said in row[1:]):
    sys.exit("CHANGED: without coerce, as boolean, or in polars it is taken too")
EOF
