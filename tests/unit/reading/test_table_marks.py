"""Tables that a tool for labelling wrote are looked at, and for others no tool is loaded."""

from __future__ import annotations

import pytest

from newsgate.tasks.reading.label_tools.recognise import TOOLS, recognise_tool
from newsgate.tasks.reading.label_tools.table_marks import may_be_of_a_tool

_LABEL_STUDIO = ("annotation_id", "annotator", "created_at", "updated_at", "lead_time")
# The fewest columns by which each shape of table is told.
_TABLES = [
    ("label-studio", dict.fromkeys((*_LABEL_STUDIO, "verdict", "text"), "1")),
    ("argilla", {"text": "a", "verdict.responses": "fake"}),
    ("argilla", {"text": "a", "annotation": "fake", "annotation_agent": "ann", "status": "Validated"}),
    ("potato", {"instance_id": "1", "user": "ann", "verdict:::fake": "1"}),
    ("prodigy", {"text": "a", "label": "fake", "answer": "accept"}),
    ("doccano", {"id": "1", "text": "a", "label": "fake", "Comments": ""}),
]


@pytest.mark.parametrize(("tool", "row"), _TABLES)
def test_a_table_that_a_tool_wrote_may_be_of_a_tool(tool: str, row: dict[str, str]) -> None:
    found = recognise_tool([row], where="rows.csv")
    assert found is not None
    assert found.tool == tool
    assert may_be_of_a_tool(tuple(row))


def test_every_tool_has_a_table_here() -> None:
    assert {tool for tool, _ in _TABLES} == set(TOOLS)


def test_a_table_of_texts_is_of_no_tool() -> None:
    assert not may_be_of_a_tool(("id", "text", "label", "user", "created_at"))
