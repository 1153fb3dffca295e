#!/usr/bin/env bash
# Label Studio's CSV has a row for a text that nobody opened, and none for one that was looked at and skipped.
#
# One would expect: one row for each text, or one for each judgement, with the label in one form.
# Instead: a text that nobody has opened has a row without a label. One that a person skipped has none, so the hard
# texts, which people did not want to judge, are missing, and the rate of labelled texts looks better than it is. A
# text that two people judged has two rows, the newer first. One label stands there as a word, and two in the same
# column as JSON: a count by value makes each pair a class of its own.
#
# Versions: label-studio-sdk 2.1.2 (its converter writes the exports of Label Studio).
# Seen on 2026-11-29 (text, label):
#   ('one label', 'fake')
#   ('two labels', '{"choices":["fake","satire"]}')
#   ('two people', 'real')
#   ('two people', 'fake')
#   ('nobody opened it', '')
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile label-studio-sdk==2.1.2
cd "$room"
"$room/venv/bin/python" - <<'EOF'
import csv, json, sys
from label_studio_sdk.converter.converter import Converter

form = """<View><Text name="text" value="$text"/><Choices name="label" toName="text" choice="multiple">
<Choice value="fake"/><Choice value="real"/><Choice value="satire"/></Choices></View>"""

def judged(number, *labels, skipped=False):
    choices = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": list(labels)}}
    at = f"2026-01-0{number}T00:00:00Z"
    return {"id": number, "completed_by": 1, "created_at": at, "updated_at": at, "lead_time": 3.0,
            "was_cancelled": skipped, "result": [choices] if labels else []}

texts = {
    "one label": [judged(1, "fake")],
    "two labels": [judged(2, "fake", "satire")],
    "two people": [judged(3, "fake"), judged(4, "real")],
    "skipped": [judged(5, skipped=True)],
    "nobody opened it": [],
}
tasks = [{"id": i, "data": {"text": text}, "annotations": given} for i, (text, given) in enumerate(texts.items())]
with open("export.json", "w") as file:
    json.dump(tasks, file)
Converter(config=form, project_dir=None).convert_to_csv("export.json", "export.csv", is_dir=False, sep=",")
with open("export.csv", newline="") as file:
    seen = [(row["text"], row["label"]) for row in csv.DictReader(file)]
print(*seen, sep="\n")
if seen != [("one label", "fake"), ("two labels", '{"choices":["fake","satire"]}'), ("two people", "real"),
            ("two people", "fake"), ("nobody opened it", "")]:
    sys.exit("CHANGED: the rows are others")
EOF
