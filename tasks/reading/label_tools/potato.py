"""potato's exports: the labels of each question as an object, in CSV and TSV as a column for each label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from newsgate.tasks.reading.label_tools.said import EMPTY, LabelTool, Record, RowJudgements, Said

_NESTED = ("label_annotations", "labels")
_COLUMN_SEPARATORS = (":::", ".")
_NOT_CHOSEN = frozenset({"", "false", "none", "null"})
# Columns of a question that hold no label.
_NOT_LABELS = frozenset({"_spans", "_room_id", "_room"})


def _questions(record: Record) -> Sequence[str]:
    nested = _nested(record)
    if nested is not None:
        return tuple(map(str, nested)) or ("",)
    if "instance_id" in record and ("user_id" in record or "user" in record):
        return tuple(dict.fromkeys(question for name in record if (question := _split(name)[0])))
    return ()


def _read(record: Record, question: str) -> RowJudgements:
    nested = _nested(record)
    if nested is not None:
        answer = nested.get(question)
        labels = list(answer.items()) if isinstance(answer, Mapping) else []
    else:
        labels = [(_split(name)[1], value) for name, value in record.items() if _split(name)[0] == question]
    chosen = tuple(str(label) for label, value in labels if _is_chosen(value))
    return RowJudgements(said=(Said(chosen, _person(record)),)) if chosen else RowJudgements(unsaid=(EMPTY,))


def _nested(record: Record) -> Mapping[str, object] | None:
    if not ("instance_id" in record or "span_annotations" in record):
        return None
    return next((found for key in _NESTED if isinstance(found := record.get(key), Mapping)), None)


def _split(name: str) -> tuple[str, str]:
    """The question and the label of a column; empty for any other column."""
    for separator in _COLUMN_SEPARATORS:
        question, found, label = name.partition(separator)
        if found and question and label and label not in _NOT_LABELS:
            return question, label
    return "", ""


def _is_chosen(value: object) -> bool:
    return value is not None and value is not False and str(value).strip().casefold() not in _NOT_CHOSEN


def _person(record: Record) -> str | None:
    for key in ("user_id", "user", "annotator_id"):
        name = record.get(key)
        if isinstance(name, str) and name.strip():
            return name.strip()
    return None


POTATO = LabelTool("potato", "potato", _questions, _read)
