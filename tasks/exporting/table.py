"""What every format is written from: columns with a kind each, and rows of cells or records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

Kind = Literal["text", "integer", "number", "boolean", "time"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. title: as a header shows it, which may be empty or stand there twice. key: as a record has it."""

    title: str
    key: str
    kind: Kind = "text"


class OutputTable(Protocol):
    """A table to write; `cells` and `records` may be asked for once.

    columns: of every row of cells. Each cell is None or of its column's kind; a time is a datetime in UTC.
    """

    columns: tuple[Column, ...]

    def cells(self) -> Iterator[list[Any]]:
        """Each row as its cells."""

    def records(self) -> Iterator[dict[str, Any]]:
        """Each row as a record, nested where what it is made from is."""


class StoredTable(OutputTable, Protocol):
    """A table whose rows are read from the database while it is written.

    Who stops before the last row, were it for an error, closes it before the connection: the cursor is that one's.
    """

    def close(self) -> None:
        """Read no more rows."""


def spell_time(time: datetime) -> str:
    """The one form of a time in every format that has no type for it: ISO 8601 in UTC, to the millisecond."""
    return time.isoformat(timespec="milliseconds")
