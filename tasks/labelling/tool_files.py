"""The review queue for the tools people label with, each in the form in which it takes tasks with predictions."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import IO

from newsgate.tasks.labelling.review_session import Picked
from newsgate.tasks.reading.label_tools.recognise import TOOLS
from newsgate.tasks.reading.label_tools.said import TextToJudge


def export_tasks(picked: Iterable[Picked], stream: IO[str], *, tool: str) -> int:
    """Write items of the review queue for a tool that `can_write` names; gives how many."""
    writer = TOOLS[tool]
    if writer.write is None:
        raise ValueError(f"nothing is written for {tool}")
    between = ",\n" if writer.as_array else "\n"
    stream.write("[\n" if writer.as_array else "")
    count = 0
    for count, each in enumerate(picked, start=1):
        line = json.dumps(writer.write(_task(each)), ensure_ascii=False)
        stream.write(f"{between if count > 1 else ''}{line}")
    stream.write("\n]\n" if writer.as_array else "\n" if count else "")
    return count


def _task(picked: Picked) -> TextToJudge:
    item = picked.item
    marks = {"item": str(item.item), "batch": str(item.batch), "row": str(item.row), "chosen": picked.chosen}
    if item.external_id is not None:
        marks["own_id"] = item.external_id
    return TextToJudge(item.text, marks, item.model_label, item.p_fake)
