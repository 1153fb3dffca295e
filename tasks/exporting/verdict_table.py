"""The verdicts of a run as the view `results` has them."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from operator import attrgetter
from typing import Any

from newsgate.db.results import COLUMNS, Result
from newsgate.tasks.exporting.table import Column, Kind

_KINDS: dict[str, Kind] = {
    "batch": "integer",
    "row": "integer",
    "p_fake": "number",
    "model": "integer",
    "classified_at": "time",
    "item": "integer",
    "run": "integer",
    "token_count": "integer",
    "truncated": "boolean",
    "familiarity": "number",
}


class VerdictTable:
    """The columns of the view, and the rows of one reading of it."""

    columns = tuple(Column(name, name, _KINDS.get(name, "text")) for name in COLUMNS)

    def __init__(self, rows: Generator[Result, None, None]) -> None:
        self._rows = rows

    def cells(self) -> Iterator[list[Any]]:
        """Each row as its cells; the other columns are JSON."""
        # One C call a row instead of a copy of every field: this is the last step of a command, on one core.
        return map(list, map(attrgetter(*COLUMNS), self._rows))

    def records(self) -> Iterator[dict[str, Any]]:
        """Each row as a record, in which the other columns are an object."""
        values_of = attrgetter(*COLUMNS)
        for row in self._rows:
            record = dict(zip(COLUMNS, values_of(row), strict=True))
            record["columns"] = None if row.columns is None else json.loads(row.columns)
            yield record

    def close(self) -> None:
        """Read no more rows."""
        self._rows.close()
