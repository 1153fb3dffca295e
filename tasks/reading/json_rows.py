"""The records of one JSON document to rows; a row's number is the record's: 1 for the first."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Sequence

from newsgate.tasks.reading.json_cursor import BrokenValue, DocumentEndsEarlyError, JsonCursor
from newsgate.tasks.reading.json_document import ENDS_EARLY
from newsgate.tasks.reading.json_shape import EVERY_KEY, split_path
from newsgate.tasks.reading.record_maker import RecordMaker
from newsgate.tasks.reading.records import RAW_SHOWN_CHARS, Layout, Rejected, Row
from newsgate.tasks.reading.row_maker import RowMaker, reject
from newsgate.tasks.reading.used_columns import used_columns

BROKEN = "the JSON document is broken"
_OTHER_LENGTHS = "the columns of the JSON document hold different rows"


class JsonRows:
    """Reads the rows of one JSON document.

    begin: gives a cursor at the document's first character, once for each column where it holds columns.
    damage: why rows may be missing, known when `read` has ended.
    """

    def __init__(self, layout: Layout, maker: RowMaker, *, begin: Callable[[], JsonCursor], after_row: int = 0) -> None:
        self.damage: str | None = None
        self._layout = layout
        self._records = RecordMaker(layout, maker)
        self._begin = begin
        self._after_row = after_row

    def read(self) -> Iterator[Row | Rejected]:
        """Yield each row of the document, in order."""
        values = self._columns() if self._layout.shape == "columns" else self._values()
        for number, value in enumerate(values, 1):
            if number <= self._after_row:
                continue
            row = self._convert(number, value)
            if isinstance(row, Row):
                yield row
            else:
                yield reject(number, row, [_raw(value)], columns=self._records.kept_of_refused(value))

    def _convert(self, number: int, value: object) -> Row | str:
        if isinstance(value, BrokenValue):
            self.damage = BROKEN
            return value.reason
        return self._records.convert(number, value)

    def _values(self) -> Iterator[object]:
        cursor = self._begin()
        path = split_path(self._layout.records or "")
        # The header of an array of cells is its first element, and no row.
        skipped = self._layout.first_row - 1
        try:
            while cursor.peek() and cursor.peek() != ";":
                yield from itertools.islice(_records(cursor, path, is_outermost=True), skipped, None)
                skipped = 0
                if cursor.peek() in (",", "]", "}"):
                    cursor.take()
        except DocumentEndsEarlyError:
            self.damage = ENDS_EARLY

    def _columns(self) -> Iterator[dict[str, object]]:
        names = used_columns(self._layout)
        columns = [self._column(name) for name in names]
        for cells in itertools.zip_longest(*columns):
            if None in cells or len({cell[0] for cell in cells if cell is not None}) > 1:
                self.damage = self.damage or _OTHER_LENGTHS
            yield {name: cell[1] for name, cell in zip(names, cells, strict=True) if cell is not None}

    def _column(self, name: str) -> Iterator[tuple[str, object]]:
        """Each value of a column of the document, with its key or number."""
        cursor = self._begin()
        try:
            for key in cursor.members():
                if key != name:
                    cursor.skip()
                elif cursor.peek() == "[":
                    for number in cursor.elements():
                        yield str(number), cursor.value()
                    return
                else:
                    for inner in cursor.members():
                        yield inner, cursor.value()
                    return
        except DocumentEndsEarlyError:
            self.damage = ENDS_EARLY


def _records(cursor: JsonCursor, path: Sequence[str], *, is_outermost: bool = False) -> Iterator[object]:
    """The values at a path, through every array on the way."""
    begins = cursor.peek()
    if begins == "[" and (path or is_outermost):
        for _ in cursor.elements():
            if path:
                yield from _records(cursor, path)
            else:
                yield cursor.value()
    elif begins == "{" and path:
        for key in cursor.members():
            if path[0] in (key, EVERY_KEY):
                yield from _records(cursor, path[1:], is_outermost=True)
            else:
                cursor.skip()
    elif path:
        cursor.skip()
    else:
        yield cursor.value()


def _raw(value: object) -> str:
    if isinstance(value, BrokenValue):
        return value.head
    return json.dumps(value, ensure_ascii=False, default=str)[: RAW_SHOWN_CHARS + 1]
