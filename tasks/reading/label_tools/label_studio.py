"""Label Studio's exports: JSON has tasks with their annotations, JSON-MIN and CSV have a row for each annotation."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from newsgate.tasks.reading.label_tools.said import (
    EMPTY,
    SKIPPED,
    UNTOUCHED,
    LabelTool,
    Record,
    RowJudgements,
    Said,
    TextToJudge,
    as_values,
    one_answer,
)

# What each row of JSON-MIN and CSV has beside the task's data and the answers.
_ROW_KEYS = frozenset({"annotation_id", "annotator", "created_at", "updated_at", "lead_time"})
_MORE_ROW_KEYS = frozenset({"id", "agreement", "history"})
# Before the name of a column of the data that is named like a question, in CSV.
_DATA_IN_THE_WAY = "_data_"


def _questions(record: Record) -> Sequence[str]:
    if isinstance(record.get("data"), Mapping) and _annotations(record) is not None:
        names = (
            str(result.get("from_name"))
            for annotation in _annotations(record) or ()
            for result in _results(annotation)
            if _choices(result) is not None
        )
        return tuple(dict.fromkeys(names)) or ("",)
    if record.keys() >= _ROW_KEYS:
        # A nested answer is one of several labels, or none of ours.
        return tuple(
            name for name in record if name not in _ROW_KEYS | _MORE_ROW_KEYS and not name.startswith(_DATA_IN_THE_WAY)
        )
    return ()


def _read(record: Record, question: str) -> RowJudgements:
    annotations = _annotations(record)
    if annotations is None or not isinstance(record.get("data"), Mapping):
        return _read_row(record, question)
    if not annotations:
        return RowJudgements(unsaid=(UNTOUCHED,))
    said: dict[str | None, Said] = {}
    unnamed: list[Said] = []
    unsaid: list[str] = []
    for annotation in sorted(annotations, key=lambda each: str(each.get("created_at") or "")):
        by = _person(annotation.get("completed_by"))
        if annotation.get("was_cancelled") or annotation.get("skipped"):
            unsaid.append(SKIPPED)
            continue
        values = tuple(
            value
            for result in _results(annotation)
            if str(result.get("from_name")) == question
            for value in _choices(result) or ()
        )
        if not values:
            unsaid.append(EMPTY)
        elif by is None:
            unnamed.append(Said(values))
        else:
            # Whoever judged a text again has changed their mind.
            said[by] = Said(values, by)
    return RowJudgements((*said.values(), *unnamed), tuple(unsaid))


def _read_row(record: Record, question: str) -> RowJudgements:
    if record.get("annotation_id") in (None, ""):
        return RowJudgements(unsaid=(UNTOUCHED,))
    return one_answer(_plain(record.get(question)), _person(record.get("annotator")))


def _plain(answer: object) -> object:
    """An answer as a string or a list of them; several are written as an object, and in CSV as JSON."""
    if isinstance(answer, str) and answer[:1] in ("{", "["):
        try:
            answer = json.loads(answer)
        except ValueError:
            return answer
    if isinstance(answer, list):
        return [value for part in answer for value in as_values(_plain(part))]
    return answer.get("choices") if isinstance(answer, Mapping) else answer


def _annotations(record: Record) -> list[Mapping[str, object]] | None:
    for key in ("annotations", "completions"):
        found = record.get(key)
        if isinstance(found, list):
            return [each for each in found if isinstance(each, Mapping)]
    return None


def _results(annotation: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    results = annotation.get("result")
    return (each for each in results if isinstance(each, Mapping)) if isinstance(results, list) else iter(())


def _choices(result: Mapping[str, object]) -> tuple[str, ...] | None:
    value = result.get("value")
    if not isinstance(value, Mapping) or "choices" not in value:
        return None
    return as_values(value["choices"])


def _person(annotator: object) -> str | None:
    """An address, or the number that the project gives a person."""
    if isinstance(annotator, Mapping):
        annotator = annotator.get("email") or annotator.get("id")
    name = str(annotator).strip() if isinstance(annotator, (int, str)) and not isinstance(annotator, bool) else ""
    return f"label-studio:{name}" if name.isdigit() else name or None


def _write(judge: TextToJudge) -> dict[str, object]:
    """A task with a pre-annotation, for a project whose choices are called `label` and whose text is `$text`."""
    task: dict[str, object] = {"data": {"text": judge.text, **judge.marks}}
    if judge.model_label is None or judge.p_fake is None:
        return task
    choice = {
        "from_name": "label",
        "to_name": "text",
        "type": "choices",
        "value": {"choices": [judge.model_label]},
    }
    score = max(judge.p_fake, 1 - judge.p_fake)
    return {**task, "predictions": [{"model_version": "newsgate", "score": round(score, 4), "result": [choice]}]}


LABEL_STUDIO = LabelTool("label-studio", "Label Studio", _questions, _read, _write, as_array=True)
