"""Prodigy's datasets, as `prodigy db-out` writes them: JSON lines whose `answer` is accept, reject or ignore."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from newsgate.model.labels import LABELS
from newsgate.tasks.reading.label_tools.said import (
    EMPTY,
    REJECTED,
    SKIPPED,
    UNTOUCHED,
    LabelTool,
    Record,
    RowJudgements,
    Said,
    TextToJudge,
    as_values,
)

_ANSWERS = frozenset({"accept", "reject", "ignore"})
# A session that nobody named is called after its dataset and the time it began.
_UNNAMED_SESSION = re.compile(r".*\d{4}-\d\d-\d\d[_T ]\d\d[-:]\d\d[-:]\d\d$")


def _questions(record: Record) -> Sequence[str]:
    has_answer = record.get("answer") in _ANSWERS
    if not (has_answer or ("_task_hash" in record and "_input_hash" in record)):
        return ()
    if isinstance(record.get("accept"), list):
        return ("accept",)
    return ("label",) if has_answer or isinstance(record.get("label"), str) else ()


def _read(record: Record, _question: str) -> RowJudgements:
    answer = record.get("answer")
    if answer == "reject":
        # It says what the text is not, which is no label.
        return RowJudgements(unsaid=(REJECTED,))
    if answer != "accept":
        return RowJudgements(unsaid=(SKIPPED if answer == "ignore" else UNTOUCHED,))
    # The options that stand beside a choice were chosen; where there is none, the label was.
    chosen = record.get("accept")
    values = _named(chosen, record.get("options")) if isinstance(chosen, list) else as_values(record.get("label"))
    return RowJudgements(said=(Said(values, _person(record)),)) if values else RowJudgements(unsaid=(EMPTY,))


def _named(chosen: list[object], options: object) -> tuple[str, ...]:
    """The options' ids; where these are numbers, what the options say."""
    texts = {}
    for option in options if isinstance(options, list) else ():
        if isinstance(option, Mapping) and isinstance(option.get("text"), str):
            texts[str(option.get("id"))] = str(option["text"])
    return tuple(texts.get(each, each) if each.isdigit() else each for each in as_values(chosen))


def _person(record: Record) -> str | None:
    for key in ("_annotator_id", "_session_id"):
        name = record.get(key)
        if isinstance(name, str) and name.strip() and not _UNNAMED_SESSION.fullmatch(name.strip()):
            return name.strip()
    return None


def _write(judge: TextToJudge) -> dict[str, object]:
    """A task for the interface `choice`; what is in `accept` is chosen when the task is shown."""
    task: dict[str, object] = {
        "text": judge.text,
        "options": [{"id": label, "text": label} for label in LABELS],
        **judge.marks,
    }
    if judge.model_label is None or judge.p_fake is None:
        return task
    return {**task, "accept": [judge.model_label], "meta": {"p_fake": round(judge.p_fake, 4)}}


PRODIGY = LabelTool("prodigy", "Prodigy", _questions, _read, _write, marker="answer")
