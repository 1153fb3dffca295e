"""What people judged, written as each of the tools for labelling exports it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

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
