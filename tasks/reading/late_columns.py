"""Columns that no record of a sample has, and a later record may have.

The header of a table names them all. JSON has none: where a person asks for a column that the first records do not
have, all records are looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from newsgate.tasks.reading.json_values import flat_names
from newsgate.tasks.reading.kept_columns import ColumnKeeper
from newsgate.tasks.reading.records import Layout, ReadOptions, Row

# In a file in which every record has columns of its own, more are no help to anybody.
_MOST_COLUMNS: Final = 10_000


class SeenColumns(ColumnKeeper):
    """Keeps nothing, and remembers which columns there are. names: in the order in which they were seen."""

    def __init__(self, layout: Layout) -> None:
        super().__init__(layout)
        self._seen: dict[str, None] = dict.fromkeys(layout.columns)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of all records so far, those of the sample first."""
        return tuple(self._seen)

    def of_record(self, row: Row, record: Mapping[str, object]) -> str | None:
        """None."""
        return self.of_refused_record(record)

    def of_refused_record(self, record: Mapping[str, object]) -> str | None:
        """None."""
        if len(self._seen) < _MOST_COLUMNS:
            self._seen.update(dict.fromkeys(flat_names(record)))
        return None


def without_names(options: ReadOptions) -> ReadOptions:
    """The same options, but for the columns beside the text that a person named."""
    return replace(options, id_column=None, label_column=None, text_fallbacks=(), keep="all")


def columns_of_all(layout: Layout, read: Callable[[Layout, ColumnKeeper], Iterable[object]]) -> Sequence[str]:
    """The columns of all records, by a pass over them; none where a header names the columns.

    read: gives the records of a layout, each of which it shows to the keeper.
    """
    if layout.format not in ("json", "jsonl") or layout.shape != "objects":
        return ()
    seen = SeenColumns(layout)
    for _row in read(replace(layout, tool=None), seen):
        pass
    return seen.names
