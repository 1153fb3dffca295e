#!/usr/bin/env bash
# Argilla's to_json writes a response that was discarded, and a draft, just as one that was submitted.
#
# One would expect: what an annotator threw away with "Discard" is not in the export, or is marked there, as Argilla's
# own flat form marks it (`responses.status`).
# Instead: to_json, to_dict and to_list keep the value and the user of each response and drop its status. A record whose
# only response was discarded, and one that is a draft, look like one that was submitted. Whoever trains on the export
# trains on answers that people took back. With flatten=True, and in to_datasets(), the status is there.
#
# Versions: argilla 2.8.0, requests 2.34.2, which argilla imports and does not ask for.
# Seen on 2026-11-29 (status, to_json, flat):
#   submitted  [{'value': 'fake'}]  ['submitted']
#   discarded  [{'value': 'fake'}]  ['discarded']
#   draft      [{'value': 'fake'}]  ['draft']
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile argilla==2.8.0 requests==2.34.2
export HF_HOME="$room/home" PYTHONWARNINGS=ignore
cd "$room"
"$room/venv/bin/python" - <<'EOF'
import json, sys, uuid
import argilla as rg
from argilla.records._io import GenericIO, JsonIO

def record(status):
    given = rg.Response("verdict", "fake", user_id=uuid.uuid4(), status=status)
    return rg.Record(fields={"text": f"a text that is {status}"}, responses=[given])

states = ("submitted", "discarded", "draft")
records = [record(state) for state in states]
JsonIO.to_json(records, "records.json")
with open("records.json") as file:
    nested = [each["responses"]["verdict"] for each in json.load(file)]
for responses in nested:
    for response in responses:
        del response["user_id"]  # another one in each run
flat = [each["verdict.responses.status"] for each in GenericIO.to_list(records, flatten=True)]
for state, in_json, in_flat in zip(states, nested, flat):
    print(f"{state:9}  {in_json}  {in_flat}")
if nested != [[{"value": "fake"}]] * 3 or flat != [["submitted"], ["discarded"], ["draft"]]:
    sys.exit("CHANGED: the status is exported, or the response is left out")
EOF
