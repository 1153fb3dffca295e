"""The exports of the tools people label with: whatever was judged there comes back, and nothing else does."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsgate.console.label_options import TOOL_NAMES
from newsgate.tasks.reading import ReadOptions, Row, ToolShapeError, labelled_layout, open_source
from newsgate.tasks.reading.label_tools.recognise import TOOLS
from newsgate.tasks.reading.label_tools.said import Said

VALUES = ("fake", "real", "satire")
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=12)


@dataclass(frozen=True)
class Given:
    """What one person did with a text; value: None where they skipped it."""

    person: int
    value: str | None


@dataclass(frozen=True)
class Task:
    text: str
    given: tuple[Given, ...]


@st.composite
def tasks(draw: st.DrawFn, *, most_people: int) -> list[Task]:
    """Some tasks, of which at least one is judged fake and one real."""
    given = st.builds(Given, st.just(0), st.sampled_from([*VALUES, None]))
    answers = draw(st.lists(st.lists(given, max_size=most_people), min_size=1, max_size=6))
    drawn = [tuple(Given(person, each.value) for person, each in enumerate(of_one, 1)) for of_one in answers]
    sure: list[tuple[Given, ...]] = [(Given(1, "fake"),), (Given(1, "real"),)]
    texts = draw(st.lists(TEXTS, min_size=len(drawn) + 2, max_size=len(drawn) + 2))
    return [
        Task(f"A claim {n} about {text}", each) for n, (text, each) in enumerate(zip(texts, drawn + sure, strict=True))
    ]


def lines(records: Sequence[object]) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def table(records: Sequence[dict[str, Any]]) -> str:
    stream = io.StringIO(newline="")
    names = list(dict.fromkeys(name for record in records for name in record))
    writer = csv.DictWriter(stream, names, restval="")
    writer.writeheader()
    writer.writerows(records)
    return stream.getvalue()


def label_studio(judged: Sequence[Task]) -> str:
    def annotation(each: Given) -> dict[str, Any]:
        choice = {"type": "choices", "from_name": "verdict", "to_name": "text", "value": {"choices": [each.value]}}
        at = f"2026-01-0{each.person}T00:00:00Z"
        is_skipped = each.value is None
        result = [] if is_skipped else [choice]
        return {"completed_by": each.person, "created_at": at, "was_cancelled": is_skipped, "result": result}

    return json.dumps(
        [
            {
                "id": number,
                "data": {"text": task.text},
                "annotations": list(map(annotation, task.given)),
                "predictions": [{"result": [{"from_name": "verdict", "value": {"choices": ["fake"]}}]}],
            }
            for number, task in enumerate(judged)
        ]
    )


def label_studio_rows(judged: Sequence[Task]) -> list[dict[str, Any]]:
    """As Label Studio's converter writes them: no row for a skipped text, one for an untouched one."""
    empty = {"annotation_id": None, "annotator": None, "created_at": None, "updated_at": None, "lead_time": None}
    rows: list[dict[str, Any]] = []
    for number, task in enumerate(judged):
        own = {"id": number, "text": task.text}
        rows += [
            {**empty, **own, "annotation_id": 7, "annotator": each.person, "verdict": each.value}
            for each in task.given
            if each.value is not None
        ]
        rows += [] if task.given else [{**empty, **own}]
    return rows


def prodigy(judged: Sequence[Task]) -> str:
    options = [{"id": value, "text": value.upper()} for value in VALUES]
    return lines(
        [
            {
                "text": task.text,
                "_task_hash": 1,
                "_input_hash": 2,
                "options": options,
                "accept": [each.value] if each.value else [],
                "answer": "accept" if each.value else "ignore",
                "_annotator_id": f"news-{each.person}",
            }
            for task in judged
            for each in task.given
        ]
    )


def prodigy_binary(judged: Sequence[Task]) -> str:
    return lines(
        [
            {"text": task.text, "label": each.value or "fake", "answer": "accept" if each.value else "reject"}
            for task in judged
            for each in task.given
        ]
    )


def doccano(judged: Sequence[Task]) -> str:
    return lines(
        [
            {
                "id": number,
                "text": task.text,
                "label": [each.value for each in task.given if each.value],
                "Comments": [],
            }
            for number, task in enumerate(judged)
        ]
    )


def doccano_csv(judged: Sequence[Task]) -> str:
    return table(
        [
            {
                "id": number,
                "text": task.text,
                "label": "#".join(each.value for each in task.given if each.value),
                "Comments": "",
            }
            for number, task in enumerate(judged)
        ]
    )


def argilla(judged: Sequence[Task]) -> str:
    return lines(
        [
            {
                "id": str(number),
                "status": "pending",
                "text": task.text,
                "verdict.responses": [each.value or "fake" for each in task.given] or None,
                "verdict.responses.users": [f"user {each.person}" for each in task.given] or None,
                "verdict.responses.status": ["submitted" if each.value else "discarded" for each in task.given] or None,
                "verdict.suggestion": "fake",
            }
            for number, task in enumerate(judged)
        ]
    )


def argilla_feedback(judged: Sequence[Task]) -> str:
    return lines(
        [
            {
                "text": task.text,
                "verdict": [
                    {
                        "user_id": f"user {each.person}",
                        "value": each.value or "fake",
                        "status": "submitted" if each.value else "discarded",
                    }
                    for each in task.given
                ],
            }
            for task in judged
            if task.given
        ]
    )


def potato(judged: Sequence[Task]) -> str:
    return lines(
        [
            {
                "id": f"{number}",
                "displayed_text": task.text,
                "user_id": f"user {each.person}",
                "label_annotations": {"verdict": {each.value: "true"}} if each.value else {},
                "span_annotations": {},
            }
            for number, task in enumerate(judged)
            for each in task.given
        ]
    )


def potato_csv(judged: Sequence[Task]) -> str:
    return table(
        [
            {
                "instance_id": number,
                "user_id": f"user {each.person}",
                "text": task.text,
                **{f"verdict:::{value}": "1" if each.value == value else "" for value in VALUES},
            }
            for number, task in enumerate(judged)
            for each in task.given
        ]
    )


@dataclass(frozen=True)
class Form:
    """A form of export: most_people in one row; person: how it names the one with a number, None where it does not."""

    tool: str
    name: str
    write: Callable[[Sequence[Task]], str]
    most_people: int = 3
    person: Callable[[int], str | None] = lambda number: f"label-studio:{number}"


def unnamed(number: int) -> None:
    return None


FORMS = (
    Form("label-studio", "tasks.json", label_studio),
    Form("label-studio", "min.json", lambda judged: json.dumps(label_studio_rows(judged))),
    Form("label-studio", "rows.csv", lambda judged: table(label_studio_rows(judged))),
    Form("prodigy", "choice.jsonl", prodigy, person=lambda number: f"news-{number}"),
    Form("prodigy", "binary.jsonl", prodigy_binary, person=unnamed),
    Form("doccano", "all.jsonl", doccano, 1, unnamed),
    Form("doccano", "all.csv", doccano_csv, 1, unnamed),
    Form("argilla", "flat.jsonl", argilla, person=lambda number: f"user {number}"),
    Form("argilla", "feedback.jsonl", argilla_feedback, person=lambda number: f"user {number}"),
    Form("potato", "annotated_instances.jsonl", potato, person=lambda number: f"user {number}"),
    Form("potato", "rows.csv", potato_csv, person=lambda number: f"user {number}"),
)


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
