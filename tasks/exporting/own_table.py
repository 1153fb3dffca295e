"""The person's own table, each row of the file in its place, with the verdicts in columns added at its end."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from typing import Any, Literal

from newsgate.db.file_rows import FileRow
from newsgate.foundation.errors import NewsgateError
from newsgate.tasks.exporting.own_columns import OwnColumns, StoredRow
from newsgate.tasks.exporting.table import Column, Kind
from newsgate.tasks.reading import FileColumns
from newsgate.tasks.reading.json_values import flat_items

ADDED: tuple[tuple[str, Kind], ...] = (
    ("label", "text"),
    ("p_fake", "number"),
    ("error", "text"),
    ("position", "integer"),
    ("row", "integer"),
    ("item", "integer"),
    ("model", "integer"),
    ("classified_at", "time"),
    ("truncated", "boolean"),
    ("familiarity", "number"),
)
_PREFIX = "newsgate_"
_MOST_COLUMNS = 10_000
_LARGEST_INTEGER = 2**63
# Integers up to here are exact as floating-point numbers.
_LARGEST_EXACT = 2**53
_Seen = Literal["text", "integer", "large", "number", "boolean"]


class TooManyColumnsError(NewsgateError):
    """The records of a file have more different keys than a table can have columns."""


class OwnTable:
    """The table of one batch.

    kept: gives the JSON of every row's other columns, from which the columns of records are found.
    rows: the rows of the file, read when they are asked for.
    """

    def __init__(
        self,
        columns: FileColumns,
        *,
        kept: Callable[[], Iterable[str | None]],
        rows: Callable[[], Generator[FileRow, None, None]],
    ) -> None:
        self._own = OwnColumns(columns)
        self._read = rows
        self._rows: Generator[FileRow, None, None] | None = None
        if columns.are_texts:
            own = [Column(title, key) for title, key in zip(self._own.names, self._own.keys, strict=True)]
        else:
            own = _find_columns(self._own, kept())
        added = added_names([name for column in own for name in (column.title, column.key)])
        self._kinds = [(column.key, column.kind) for column in own]
        self._added = tuple(added)
        self.columns = (
            *own,
            *(Column(name, name, kind) for name, (_, kind) in zip(added, ADDED, strict=True)),
        )

    def cells(self) -> Iterator[list[Any]]:
        """Each row as its cells; lists and objects in them are JSON."""
        with self._reading() as rows:
            for row in rows:
                own = self._own.cells(_stored(row))
                values = [_cell(own.get(key), kind) for key, kind in self._kinds]
                yield values + _verdict(row)

    def records(self) -> Iterator[dict[str, Any]]:
        """Each row as the record that it was, with the verdict in it."""
        with self._reading() as rows:
            for row in rows:
                yield self._own.record(_stored(row)) | dict(zip(self._added, _verdict(row), strict=True))

    def close(self) -> None:
        """Read no more rows."""
        if self._rows is not None:
            self._rows.close()

    def _reading(self) -> closing[Generator[FileRow, None, None]]:
        self._rows = self._read()
        return closing(self._rows)


def added_names(taken: Iterable[str]) -> list[str]:
    """What the added columns are called: one whose name is taken, in any case, gets `newsgate_` before it."""
    folded = {name.casefold() for name in taken}
    names = []
    for name, _ in ADDED:
        if name in folded:
            name = _PREFIX + name
            plain, count = name, 1
            while name in folded:
                count += 1
                name = f"{plain}_{count}"
        folded.add(name)
        names.append(name)
    return names


def _verdict(row: FileRow) -> list[Any]:
    return [
        row.label,
        row.p_fake,
        row.error,
        row.position,
        row.row,
        row.item,
        row.model,
        row.classified_at,
        row.truncated,
        row.familiarity,
    ]


def _stored(row: FileRow) -> StoredRow:
    return StoredRow(row.columns, row.text, row.external_id)


def _find_columns(own: OwnColumns, kept: Iterable[str | None]) -> list[Column]:
    """The columns of records, those of the first ones first, and of what kind the values of each are."""
    seen: dict[str, set[_Seen]] = {key: set() for key in own.keys}
    for each in kept:
        values = dict(flat_items(json.loads(each))) if each else {}
        if own.id_key is not None and own.id_key not in values:
            # It is kept as the text that it is, beside the object.
            seen[own.id_key].add("text")
        for name, value in values.items():
            kinds = seen.setdefault(name, set())
            if value is not None:
                kinds.add(_kind_of(value))
        if len(seen) > _MOST_COLUMNS:
            raise TooManyColumnsError(
                f"the rows of the file have more than {_MOST_COLUMNS:,} different columns",
                remedy="Keep those that matter: enqueue --again --keep A,B",
            )
    return [Column(name, name, "text" if name == own.text_key else _common_kind(kinds)) for name, kinds in seen.items()]


def _kind_of(value: object) -> _Seen:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        if not -_LARGEST_INTEGER <= value < _LARGEST_INTEGER:
            return "text"
        return "integer" if abs(value) <= _LARGEST_EXACT else "large"
    return "number" if isinstance(value, float) else "text"


def _common_kind(kinds: set[_Seen]) -> Kind:
    if kinds and kinds <= {"integer", "large"}:
        return "integer"
    if kinds and kinds <= {"integer", "number"}:
        return "number"
    return "boolean" if kinds == {"boolean"} else "text"


def _cell(value: Any, kind: Kind) -> Any:
    if value is None or isinstance(value, str) or kind != "text":
        return value
    return json.dumps(value, ensure_ascii=False)
