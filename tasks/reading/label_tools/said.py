"""What one row of a tool's export says: judgements, each of one person, and why there are no others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Record = Mapping[str, object]

# Why somebody who saw a text, or could have, gave no label.
REJECTED = "rejected"
SKIPPED = "skipped"
UNTOUCHED = "untouched"
EMPTY = "without an answer"
BOTH = "answered with fake and real at once"
OTHER = "answered with something else"
DISPUTED = "on which as many say fake as say real"
UNCLEAR = "of which this export does not say whether they were submitted"


@dataclass(frozen=True, slots=True)
class Said:
    """One judgement: what was chosen, and by whom, None where the export does not say it."""

    values: tuple[str, ...]
    by: str | None = None


@dataclass(frozen=True, slots=True)
class RowJudgements:
    """The judgements of one row, and for each that is none, why."""

    said: tuple[Said, ...] = ()
    unsaid: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """A question that the rows of an export answer, and what some of them say."""

    name: str
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class ToolShape:
    """The shape of a file: which tool wrote it, and the questions that it answers."""

    tool: str
    title: str
    answers: tuple[ToolAnswer, ...]


@dataclass(frozen=True, slots=True)
class TextToJudge:
    """A text that goes out to be judged, and what the model says of it, where it says something.

    marks: what comes back beside the judgement, by names; strings, which every tool keeps as they are.
    """

    text: str
    marks: Mapping[str, str]
    model_label: str | None
    p_fake: float | None


@dataclass(frozen=True, slots=True)
class LabelTool:
    """How the exports of one tool are read, and how texts are written for it.

    name: after --from. questions: what a row may answer, by the names of the questions; none where it is of another
    tool. read: what a row answers to the question of this name. write: a task with the model's prediction, None where
    that is not supported. as_array: the tasks are one JSON array, not JSON lines. marker: rows without this key tell
    nothing about the tool, so that a file in which few rows were judged is of it too.
    """

    name: str
    title: str
    questions: Callable[[Record], Sequence[str]]
    read: Callable[[Record, str], RowJudgements]
    write: Callable[[TextToJudge], dict[str, object]] | None = None
    as_array: bool = False
    marker: str | None = None


def as_values(value: object) -> tuple[str, ...]:
    """The values of an answer: a string, a number, or a list of them."""
    if isinstance(value, str):
        return (value,) if value.strip() else ()
    if isinstance(value, bool):
        return ("true" if value else "false",)
    if isinstance(value, (int, float)):
        return (str(value),)
    if isinstance(value, (list, tuple)):
        return tuple(each for part in value for each in as_values(part))
    return ()


def one_answer(value: object, by: str | None = None) -> RowJudgements:
    """The judgements of a row that one person answered, or did not."""
    values = as_values(value)
    return RowJudgements(said=(Said(values, by),)) if values else RowJudgements(unsaid=(EMPTY,))
