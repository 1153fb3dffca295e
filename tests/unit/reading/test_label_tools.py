"""The exports of the tools people label with: whatever was judged there comes back, and nothing else does."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsgate.console.label_options import TOOL_NAMES
from newsgate.tasks.reading import ReadOptions, Row, ToolShapeError, labelled_layout, open_source
from newsgate.tasks.reading.label_tools.recognise import TOOLS
from newsgate.tasks.reading.label_tools.said import Said
from tests.tool_exports import FORMS, Form, Given, Task, label_studio, lines, table, tasks


def read(content: str, name: str, **options: Any) -> tuple[list[Row], Counter[str], tuple[str, ...]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_text(content, encoding="utf-8", newline="")
        with open_source(path, spool_folder=Path(folder)) as source:
            layout = labelled_layout(source, ReadOptions(**options), needs_labels=True)
            rows = list(source.rows(layout))
            assert all(isinstance(row, Row) for row in rows), rows
            return [row for row in rows if isinstance(row, Row)], Counter(source.no_labels), layout.notes


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.tool}-{form.name}")
@given(data=st.data())
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_judged_in_a_tool_comes_back(form: Form, data: st.DataObject) -> None:
    judged = data.draw(tasks(most_people=form.most_people))
    rows, _, notes = read(form.write(judged), form.name)
    said = Counter((row.text, each.values[0], each.by) for row in rows for each in row.said)
    assert said == Counter(
        (task.text, each.value, form.person(each.person))
        for task in judged
        for each in task.given
        if each.value in ("fake", "real")
    )
    # What was skipped, rejected or answered otherwise is a row without a label.
    assert {row.label for row in rows if not row.said} <= {None}
    assert any(note.startswith(f"read as an export of {TOOLS[form.tool].title}: fake is fake") for note in notes)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.tool}-{form.name}")
def test_another_tool_that_is_named_is_refused_by_the_shape(form: Form) -> None:
    content = form.write(
        [Task("A claim about a moon", (Given(1, "fake"),)), Task("Another claim", (Given(1, "real"),))]
    )
    assert read(content, form.name, tool=form.tool)[0]
    other = next(name for name in TOOLS if name != form.tool)
    with pytest.raises(ToolShapeError, match=f"write --from {form.tool}"):
        read(content, form.name, tool=other)
    with pytest.raises(ToolShapeError, match="Leave --from out"):
        read("text,label\na claim about a moon,fake\n", "rows.csv", tool=form.tool)


def test_the_option_names_the_tools() -> None:
    assert sorted(TOOL_NAMES) == sorted(TOOLS)


def said_in(record: dict[str, Any], *others: dict[str, Any], name: str = "rows.jsonl") -> list[tuple[Said, ...]]:
    return [row.said for row in read(lines([record, *others]), name)[0]]


def test_prodigy_names_and_what_its_numbers_stand_for() -> None:
    task = {"text": "A claim about a moon", "_task_hash": 1, "_input_hash": 2, "answer": "accept"}
    numbered = [{"id": 1, "text": "fake"}, {"id": 2, "text": "real"}]
    assert said_in(
        {**task, "options": numbered, "accept": [2], "_session_id": "news-2026-01-01_10-00-00"},
        {**task, "options": numbered, "accept": [1], "_session_id": "news-ann"},
        {**task, "options": numbered, "accept": [1, 2], "_session_id": "news-ann"},
        {**task, "options": numbered, "accept": [1], "answer": None},
    ) == [(Said(("real",)),), (Said(("fake",), "news-ann"),), (), ()]


def test_one_row_that_was_rejected_makes_a_file_prodigys() -> None:
    plain = [{"text": f"A claim number {number}", "label": "fake"} for number in range(20)]
    judged = [
        {"text": "A claim about a moon", "label": "fake", "answer": "reject"},
        {"text": "A claim about a town", "label": "fake", "answer": "accept"},
    ]
    rows, no_labels, _ = read(lines([*plain, *judged]), "rows.jsonl")
    assert [row.text for row in rows if row.label == "fake"] == ["A claim about a town"]
    assert no_labels == {"untouched": 20, "rejected": 1}


def test_label_studio_keeps_the_last_opinion_of_each_person_and_no_draft() -> None:
    def annotation(at: int, value: str, **more: Any) -> dict[str, Any]:
        result = [{"type": "choices", "from_name": "x", "to_name": "text", "value": {"choices": [value]}}]
        return {"completed_by": {"email": "c@example.org"}, "created_at": f"2026-0{at}", "result": result, **more}

    record = {
        "data": {"text": "A claim about a moon"},
        "annotations": [annotation(2, "real"), annotation(1, "fake"), annotation(3, "fake", was_cancelled=True)],
        "drafts": [annotation(4, "fake")],
        "predictions": [annotation(4, "fake")],
    }
    other = {"data": {"text": "Another claim"}, "annotations": [annotation(1, "fake", completed_by=None)]}
    assert said_in(record, other) == [(Said(("real",), "c@example.org"),), (Said(("fake",)),)]


def test_argilla_does_not_say_which_of_its_nested_responses_were_submitted() -> None:
    def record(status: str, *values: str) -> dict[str, Any]:
        given = [{"value": value, "user_id": f"user {number}"} for number, value in enumerate(values)]
        return {
            "fields": {"text": "A claim about a moon"},
            "suggestions": {"verdict": {"value": "fake"}},
            "responses": {"verdict": given} if given else {},
            "status": status,
        }

    rows, no_labels, notes = read(
        json.dumps(
            [
                record("completed", "fake"),
                record("completed", "real"),
                record("pending", "fake"),
                record("completed", "fake", "real"),
                record("pending"),
            ]
        ),
        "argilla.json",
    )
    assert [row.label for row in rows] == ["fake", "real", None, None, None]
    assert no_labels == {"of which this export does not say whether they were submitted": 3, "untouched": 1}
    assert "to_list(flatten=True)" in notes[-1]


def test_argilla_1_says_what_was_validated() -> None:
    record = {"text": "A claim about a moon", "annotation": "fake", "annotation_agent": "ann", "prediction": None}
    assert said_in(
        {**record, "status": "Validated"},
        {**record, "status": "Discarded"},
        {**record, "status": "Default"},
        {**record, "status": "Validated", "annotation": "real"},
    ) == [(Said(("fake",), "ann"),), (), (), (Said(("real",), "ann"),)]


def test_the_question_about_fake_and_real_is_found_among_others() -> None:
    rows = [
        {
            "instance_id": "1",
            "user_id": "ann",
            "text": "A claim about a moon",
            "topic.moon": "true",
            "verdict.fake": "true",
        },
        {
            "instance_id": "2",
            "user_id": "ann",
            "text": "A claim about a town",
            "topic.town": "true",
            "verdict.real": "true",
        },
    ]
    assert [row.label for row in read(table(rows), "rows.csv")[0]] == ["fake", "real"]
    with pytest.raises(Exception, match="no question 'why' of this export of potato"):
        read(table(rows), "rows.csv", label_column="why")


def test_most_of_several_people_decide_and_nobody_where_they_are_even() -> None:
    judged = [
        Task("A claim about a moon", (Given(1, "fake"), Given(2, "real"), Given(3, "fake"))),
        Task("A claim about a town", (Given(1, "fake"), Given(2, "real"))),
    ]
    rows, no_labels, _ = read(label_studio(judged), "tasks.json")
    assert [(row.label, [each.values[0] for each in row.said]) for row in rows] == [
        ("fake", ["real", "fake", "fake"]),
        (None, ["fake", "real"]),
    ]
    assert no_labels == {"on which as many say fake as say real": 1}


@pytest.mark.parametrize(
    "record",
    [
        {"text": "A claim about a moon", "labels": ["bug"]},
        {"question": "What is it?", "answer": "a moon of the town", "text": "A claim"},
        {"text": "A claim about a moon", "label": "fake"},
        {"text": "A claim about a moon", "annotation": "fake"},
        {"text": "A claim about a moon", "label": [[0, 3, "X"]]},
    ],
)
def test_what_is_no_tools_is_not_taken_for_one(record: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(lines([record]))
    with open_source(path, spool_folder=tmp_path) as source:
        assert source.layout().tool is None


def test_what_label_studio_moved_out_of_the_way_of_a_question_is_none() -> None:
    """Data with a column named like the question: the CSV has it as `_data_label` (label-studio-sdk 2.1.2)."""
    row = {"id": 1, "text": "A claim about a moon", "_data_label": "real", "label": "fake", "annotation_id": 7}
    row |= {"annotator": 1, "created_at": "2026-11-01", "updated_at": "2026-11-01", "lead_time": 2.5}
    rows, _, _ = read(table([row, {**row, "id": 2, "text": "Another claim"}]), "rows.csv", tool="label-studio")
    assert [row.said[0].values for row in rows] == [("fake",), ("fake",)]
