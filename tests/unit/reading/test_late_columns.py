"""JSON has no header: a column that a person asks for may begin far down in the file."""

from __future__ import annotations

import json
from typing import Any

import pytest

from newsgate.tasks.reading import Row, UnknownColumnError
from tests.unit.reading.helpers import Reading

_RECORDS = [
    *({"text": f"text {number} of a file that is long"} for number in range(1200)),
    {"text": "a text with more", "said": {"label": "fake"}, "key": "k1"},
]
_LINES = "\n".join(json.dumps(record) for record in _RECORDS)
_FILES = {"late.jsonl": _LINES, "late.json": json.dumps(_RECORDS)}


@pytest.mark.parametrize("name", _FILES)
@pytest.mark.parametrize("wanted", [{"id_column": "key"}, {"id_column": "key", "keep": ("said.label",)}])
def test_a_column_that_begins_late_is_found(reading: Reading, name: str, wanted: dict[str, Any]) -> None:
    rows = [row for row in reading.read(_FILES[name], name=name, **wanted) if isinstance(row, Row)]
    assert [row.external_id for row in rows[-2:]] == [None, "k1"]
    assert len(rows) == len(_RECORDS)


@pytest.mark.parametrize("name", _FILES)
def test_a_label_column_that_begins_behind_the_sample_is_found(reading: Reading, name: str) -> None:
    last = reading.read(_FILES[name], name=name, label_column="said.label")[-1]
    assert isinstance(last, Row)
    assert last.label == "fake"


@pytest.mark.parametrize("name", _FILES)
def test_a_column_that_no_record_has_is_refused_beside_all_that_there_are(reading: Reading, name: str) -> None:
    with pytest.raises(UnknownColumnError, match=r"no column 'labell' among: 'text', 'said\.label', 'key'"):
        reading.read(_FILES[name], name=name, label_column="labell")
