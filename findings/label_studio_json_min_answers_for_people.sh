#!/usr/bin/env bash
# Label Studio's JSON-MIN gives a person's name to a label that was imported and that nobody gave.
#
# One would expect: a task that was submitted without an answer has no answer in the export, whatever its data holds.
# Instead: where the data has a field named like the question, which is usual when labels of a model or of an earlier
# round are imported to be checked, JSON-MIN shows that field in the place of the answer. The row has an annotator, a
# time and an id of the annotation, and looks like every other judgement. The CSV of the same project puts the field
# under another name, `_data_label`, and leaves the answer empty. Agreement and accuracy of people counted on JSON-MIN
# are too good: an empty answer always agrees with the model.
#
# Versions: label-studio-sdk 2.1.2 (its converter writes the exports of Label Studio).
# Seen on 2026-11-30 (text, label, annotator; both were imported as real):
#   JSON-MIN ('answered', 'fake', 1), ('submitted without an answer', 'real', 1)
#   CSV      ('answered', 'fake', '1'), ('submitted without an answer', '', '1')
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile label-studio-sdk==2.1.2
cd "$room"
"$room/venv/bin/python" - <<'EOF'
import csv, glob, json, sys
from label_studio_sdk.converter.converter import Converter

form = """<View><Text name="text" value="$text"/><Choices name="label" toName="text">
<Choice value="fake"/><Choice value="real"/></Choices></View>"""

def submitted(number, *labels):
    choices = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": list(labels)}}
    at = f"2026-01-0{number}T00:00:00Z"
    return {"id": number, "completed_by": 1, "created_at": at, "updated_at": at, "lead_time": 3.0,
            "was_cancelled": False, "result": [choices] if labels else []}

tasks = [
    {"id": 1, "data": {"text": "answered", "label": "real"}, "annotations": [submitted(1, "fake")]},
    {"id": 2, "data": {"text": "submitted without an answer", "label": "real"}, "annotations": [submitted(2)]},
]
with open("export.json", "w") as file:
    json.dump(tasks, file)
converter = Converter(config=form, project_dir=None)
converter.convert_to_json_min("export.json", "min", is_dir=False)
converter.convert_to_csv("export.json", "export.csv", is_dir=False, sep=",")
[made] = glob.glob("min/*.json")
with open(made) as file:
    by_json = [(row["text"], row.get("label", ""), row["annotator"]) for row in json.load(file)]
with open("export.csv", newline="") as file:
    by_csv = [(row["text"], row["label"], row["annotator"]) for row in csv.DictReader(file)]
print("JSON-MIN", by_json)
print("CSV     ", by_csv)
if by_json != [("answered", "fake", 1), ("submitted without an answer", "real", 1)]:
    sys.exit("CHANGED: JSON-MIN shows something else")
if by_csv != [("answered", "fake", "1"), ("submitted without an answer", "", "1")]:
    sys.exit("CHANGED: CSV shows something else")
EOF
