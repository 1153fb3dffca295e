#!/usr/bin/env bash
# pandas.read_json turns post ids that are written as strings into numbers, and two posts can end with one id.
#
# One would expect: "in_reply_to_status_id_str": "1234567890123456789" stays a string. Social networks write ids of 19
# digits a second time as strings, because a floating point number holds only 16 digits.
# Instead: read_json looks whether all strings of a column can be numbers, and converts it. Without a gap the column
# becomes int64. With one null, as in a column of replies, it becomes float64: the last three digits are lost, and the
# replies to different posts count as replies to one. Nothing warns. A column whose strings have zeros in front loses
# those. dtype=False, or dtype={"name": "str"}, keeps the strings.
#
# Versions: pandas 3.1.1, numpy 2.4.6.
# Seen on 2026-11-29:
#   id_str                     int64
#   in_reply_to_status_id_str  float64
#   2 different posts replied to, 1 after read_json, 2 with dtype=False
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile pandas==3.1.1 numpy==2.4.6
"$room/venv/bin/python" - <<'EOF'
import io, json, sys
import pandas

posts = [
    {"id_str": "1234567890123456789", "in_reply_to_status_id_str": "1234567890123456701"},
    {"id_str": "1234567890123456790", "in_reply_to_status_id_str": None},
    {"id_str": "1234567890123456791", "in_reply_to_status_id_str": "1234567890123456702"},
]
lines = "\n".join(map(json.dumps, posts))
table = pandas.read_json(io.StringIO(lines), lines=True)
print("id_str                    ", table.id_str.dtype)
print("in_reply_to_status_id_str ", table.in_reply_to_status_id_str.dtype)
kept = pandas.read_json(io.StringIO(lines), lines=True, dtype=False)
count = table.in_reply_to_status_id_str.nunique(), kept.in_reply_to_status_id_str.nunique()
print("2 different posts replied to,", count[0], "after read_json,", count[1], "with dtype=False")
if (str(table.id_str.dtype), str(table.in_reply_to_status_id_str.dtype), *count) != ("int64", "float64", 1, 2):
    sys.exit("CHANGED: the ids stay what they are")
EOF
