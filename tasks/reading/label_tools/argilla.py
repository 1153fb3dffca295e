"""Argilla's records: nested as `to_json` writes them, flat as `to_datasets` does, and those of Argilla 1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from newsgate.tasks.reading.label_tools.said import (
    EMPTY,
    REJECTED,
    SKIPPED,
    UNCLEAR,
    UNTOUCHED,
    LabelTool,
    Record,
    RowJudgements,
    Said,
    as_values,
    one_answer,
)

_RESPONSES = ".responses"
_USERS = ".responses.users"
_STATUS = ".responses.status"
_SUBMITTED = "submitted"
_DISCARDED = "discarded"
_FIRST_KEYS = frozenset({"annotation", "annotation_agent", "status"})


def _questions(record: Record) -> Sequence[str]:
    responses = record.get("responses")
    if isinstance(record.get("fields"), Mapping) and isinstance(responses, Mapping) and "suggestions" in record:
        return tuple(map(str, responses)) or ("",)
    flat = tuple(key.removesuffix(_RESPONSES) for key in record if key.endswith(_RESPONSES))
    if flat:
        return flat
    if record.keys() >= _FIRST_KEYS:
        return ("annotation",)
    return tuple(key for key, value in record.items() if _is_feedback(value))


def _read(record: Record, question: str) -> RowJudgements:
    if question == "annotation" and record.keys() >= _FIRST_KEYS:
        return _read_first(record)
    if isinstance(responses := record.get("responses"), Mapping) and isinstance(record.get("fields"), Mapping):
        return _read_nested(responses.get(question), record.get("status"))
    if question + _RESPONSES in record:
        return _judgements(_flat_responses(record, question))
    feedback = record.get(question)
    return _judgements(
        (each.get("value"), each.get("user_id"), each.get("status"))
        for each in (feedback if isinstance(feedback, list) else ())
        if isinstance(each, Mapping)
    )


def _read_first(record: Record) -> RowJudgements:
    status = str(record.get("status")).casefold()
    if status == _DISCARDED:
        return RowJudgements(unsaid=(REJECTED,))
    if status != "validated":
        return RowJudgements(unsaid=(UNTOUCHED,))
    return one_answer(record.get("annotation"), _person(record.get("annotation_agent")))


def _read_nested(responses: object, status: object) -> RowJudgements:
    """This form leaves out which responses were submitted, and which were drafts or discarded.

    A record is complete when enough were submitted, so where it has one response, that one was.
    """
    given = [each for each in responses if isinstance(each, Mapping)] if isinstance(responses, list) else []
    if not given:
        return RowJudgements(unsaid=(UNTOUCHED,))
    if status != "completed" or len(given) > 1:
        return RowJudgements(unsaid=(UNCLEAR,) * len(given))
    return one_answer(given[0].get("value"), _person(given[0].get("user_id")))


def _flat_responses(record: Record, question: str) -> Iterator[tuple[object, object, object]]:
    values, users, statuses = (_list(record.get(question + end)) for end in (_RESPONSES, _USERS, _STATUS))
    for index, value in enumerate(values):
        yield value, _at(users, index), _at(statuses, index)


def _judgements(responses: Iterator[tuple[object, object, object]]) -> RowJudgements:
    said: list[Said] = []
    unsaid: list[str] = []
    for value, user, status in responses:
        values = as_values(value)
        if status == _SUBMITTED and values:
            said.append(Said(values, _person(user)))
        elif status == _DISCARDED:
            unsaid.append(SKIPPED)
        else:
            unsaid.append(EMPTY if status == _SUBMITTED else UNTOUCHED if status == "draft" else UNCLEAR)
    return RowJudgements(tuple(said), tuple(unsaid) or (() if said else (UNTOUCHED,)))


def _is_feedback(value: object) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(each, Mapping) and each.keys() >= {"user_id", "value", "status"} for each in value)
    )


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _at(values: list[object], index: int) -> object:
    return values[index] if index < len(values) else None


def _person(user: object) -> str | None:
    return user.strip() or None if isinstance(user, str) and user != "None" else None


ARGILLA = LabelTool("argilla", "Argilla", _questions, _read)
