"""Which tool wrote a file, told by the shape of its first rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Final

from newsgate.tasks.reading.errors import ReadError
from newsgate.tasks.reading.label_tools.argilla import ARGILLA
from newsgate.tasks.reading.label_tools.doccano import DOCCANO
from newsgate.tasks.reading.label_tools.label_studio import LABEL_STUDIO
from newsgate.tasks.reading.label_tools.potato import POTATO
from newsgate.tasks.reading.label_tools.prodigy import PRODIGY
from newsgate.tasks.reading.label_tools.said import LabelTool, Record, ToolAnswer, ToolShape

# The most particular shape first.
TOOLS: Final = {tool.name: tool for tool in (LABEL_STUDIO, ARGILLA, POTATO, PRODIGY, DOCCANO)}
_ROWS_SEEN = 200
# Of the rows seen, so many must have the shape: the others may be broken.
_SHARE = 0.9


class ToolShapeError(ReadError):
    """A person says that a tool wrote the file, and its rows say something else."""


def recognise_tool(sample: Sequence[Record], *, named: str | None = None, where: str) -> ToolShape | None:
    """The tool whose shape these rows have, None for none of them.

    named: the tool that a person says it is. Raises ToolShapeError where the rows are not of that shape.
    """
    rows = list(islice(sample, _ROWS_SEEN))
    found = next((tool for tool in TOOLS.values() if _has_shape(rows, tool)), None)
    if named is not None and (found is None or found.name != named):
        what = "of no tool that is known" if found is None else f"of {found.title}"
        raise ToolShapeError(
            f"this is no export of {TOOLS[named].title}: its rows have the shape {what}",
            where=where,
            remedy="Leave --from out" if found is None else f"Leave --from out, or write --from {found.name}",
        )
    return None if found is None else ToolShape(found.name, found.title, _answers(rows, found))


def _has_shape(rows: Sequence[Record], tool: LabelTool) -> bool:
    telling = [row for row in rows if tool.marker is None or row.get(tool.marker) not in (None, "")]
    fitting = sum(bool(tool.questions(row)) for row in telling)
    return fitting > 0 and fitting >= _SHARE * len(telling)


def _answers(rows: Sequence[Record], tool: LabelTool) -> tuple[ToolAnswer, ...]:
    values: dict[str, set[str]] = {}
    for row in rows:
        for question in tool.questions(row):
            seen = values.setdefault(question, set())
            for said in tool.read(row, question).said:
                seen.update(said.values)
    # A row that nobody has answered may not say what was asked.
    named = {question: seen for question, seen in values.items() if question} or values
    return tuple(ToolAnswer(question, frozenset(seen)) for question, seen in named.items())
