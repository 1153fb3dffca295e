"""Which tables may be exports of a tool for labelling, by their columns: for all others no tool is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

# Of each tool, a column that each of its tables has: Label Studio, Argilla, potato, Prodigy, doccano. Argilla's newer
# ones have a column for each question instead, with an ending.
_COLUMNS: Final = frozenset({"annotation_id", "annotation_agent", "instance_id", "answer", "Comments"})
_ENDING: Final = ".responses"


def may_be_of_a_tool(columns: Sequence[str]) -> bool:
    """Whether a table with these columns may be the export of a tool; its rows say whether it is."""
    return not _COLUMNS.isdisjoint(columns) or any(name.endswith(_ENDING) for name in columns)
