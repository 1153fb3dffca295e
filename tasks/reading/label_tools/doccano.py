"""doccano's exports: JSON lines and JSON have a list of labels in each row, CSV has them joined by `#`."""

from __future__ import annotations

from collections.abc import Sequence

from newsgate.tasks.reading.label_tools.said import LabelTool, Record, RowJudgements, TextToJudge, one_answer

_LABEL = "label"
_JOINS = "#"


def _questions(record: Record) -> Sequence[str]:
    if not ("text" in record or "data" in record):
        return ()
    label = record.get(_LABEL)
    if isinstance(label, list) and all(isinstance(each, str) for each in label):
        return (_LABEL,)
    # Only CSV has strings there, and doccano's has comments too.
    if isinstance(label, str) and "id" in record and isinstance(record.get("Comments"), str):
        return (_LABEL,)
    return ()


def _read(record: Record, question: str) -> RowJudgements:
    label = record.get(question)
    return one_answer(label.split(_JOINS) if isinstance(label, str) else label)


def _write(judge: TextToJudge) -> dict[str, object]:
    """A row without a label: doccano does not tell what a model said from what a person did.

    What the model says is metadata, which is shown beside the text and exported with it.
    """
    row: dict[str, object] = {"text": judge.text, "label": [], **judge.marks}
    if judge.model_label is None or judge.p_fake is None:
        return row
    return {**row, "model_says": judge.model_label, "p_fake": f"{judge.p_fake:.4f}"}


DOCCANO = LabelTool("doccano", "doccano", _questions, _read, _write)
