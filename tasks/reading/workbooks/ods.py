"""The rows of a sheet of an .ods workbook."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

from newsgate.tasks.reading.workbooks.parts import BrokenPartError, WorkbookParts, broken_part, local_name, parse_pieces
from newsgate.tasks.reading.workbooks.sheets import Cells, SheetName, SheetRow, no_such_sheet
from newsgate.tasks.reading.workbooks.xlsx_values import show_number

_CONTENT = "content.xml"
_BLANKS = re.compile(r"[ \t\r\n]+")
_MOST_COLUMNS = 16_384
# LibreOffice shows no more; what an attribute says would be repeated for ever.
_MOST_ROWS = 16_777_216
_MOST_SPACES = 1_000
# What stands in a cell besides its value, and what was deleted.
_ASIDE = frozenset({"annotation", "tracked-changes", "shapes", "frame", "custom-shape", "named-expressions"})


class OdsWorkbook:
    """One open workbook."""

    def __init__(self, file: IO[bytes], *, where: str, max_chars: int) -> None:
        self.damage: str | None = None
        self._parts = WorkbookParts(file, where=where)
        self._where = where
        self._max_chars = max_chars

    def choose(self, wanted: str | None) -> tuple[SheetName, tuple[str, ...]]:
        """The sheet that is meant; a sheet's name stands beside its rows, so the others are not known.

        Raises SheetError.
        """
        handler = _ContentHandler(sheet=None, max_chars=0)
        names = handler.names
        try:
            for _ in parse_pieces(self._parts.open(_CONTENT), handler):
                if (found := _find(names, wanted or "1")) is not None:
                    return SheetName(found), ()
        except BrokenPartError as error:
            raise broken_part(_CONTENT, error, where=self._where) from error
        raise no_such_sheet(wanted or "1", names, where=self._where)

    def rows(self, sheet: SheetName) -> Iterator[SheetRow]:
        """Each row of the sheet that holds something."""
        handler = _ContentHandler(sheet=sheet.name, max_chars=self._max_chars)
        stream = self._parts.open(_CONTENT)
        try:
            for _ in parse_pieces(stream, handler):
                for number, cells, repeated in handler.take():
                    for more in range(repeated):
                        yield number + more, cells
                if handler.is_past_sheet:
                    break
        finally:
            self.damage = stream.damage

    def close(self) -> None:
        """Release the file."""
        self._parts.close()


def _find(names: list[str], wanted: str) -> str | None:
    for name in names:
        if name == wanted or name.strip().casefold() == wanted.strip().casefold():
            return name
    if wanted.isdecimal() and 1 <= int(wanted) <= len(names):
        return names[int(wanted) - 1]
    return None


class _ContentHandler:
    """Collects the rows of one sheet, each with how often it is repeated; with no sheet, the names of all."""

    def __init__(self, *, sheet: str | None, max_chars: int) -> None:
        self.names: list[str] = []
        self.is_past_sheet = False
        self._sheet = sheet
        self._max_chars = max_chars
        self._rows: list[tuple[int, Cells, int]] = []
        self._in_sheet = False
        self._aside = 0
        self._number = 1
        self._row_repeated = 1
        self._cells: Cells = []
        self._column = 0
        self._cell_repeated = 1
        self._value: str | None = None
        self._paragraphs = 0
        self._pieces: list[str] = []
        self._chars = 0
        self._in_paragraph = False

    def take(self) -> list[tuple[int, Cells, int]]:
        """The rows since the last time."""
        rows, self._rows = self._rows, []
        return rows

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self._aside or name in _ASIDE:
            self._aside += 1
        elif name == "table":
            sheet = _attribute(attributes, "name") or ""
            self.names.append(sheet)
            self._in_sheet = sheet == self._sheet and not self.is_past_sheet
            self._number = 1
        elif not self._in_sheet:
            return
        elif name == "table-row":
            self._row_repeated = _count(attributes, "number-rows-repeated")
            self._cells, self._column = [], 0
        elif name in ("table-cell", "covered-table-cell"):
            self._cell_repeated = _count(attributes, "number-columns-repeated")
            self._value = _value_of(attributes)
            self._paragraphs = self._chars = 0
            self._pieces = []
        elif name == "p":
            if self._paragraphs:
                self._add("\n")
            self._paragraphs += 1
            self._in_paragraph = True
        elif name == "s":
            self._add(" " * min(_count(attributes, "c"), _MOST_SPACES))
        elif name == "tab":
            self._add("\t")
        elif name == "line-break":
            self._add("\n")

    def end(self, name: str) -> None:
        if self._aside:
            self._aside -= 1
        elif not self._in_sheet:
            return
        elif name == "p":
            self._in_paragraph = False
        elif name in ("table-cell", "covered-table-cell"):
            self._end_cell()
        elif name == "table-row":
            if any(self._cells) and self._number <= _MOST_ROWS:
                self._rows.append((self._number, self._cells, min(self._row_repeated, _MOST_ROWS - self._number + 1)))
            self._number += self._row_repeated
        elif name == "table":
            self._in_sheet = False
            self.is_past_sheet = True

    def text(self, text: str) -> None:
        if self._in_paragraph and not self._aside:
            # Blanks count once, however many there are; the others are elements.
            text = _BLANKS.sub(" ", text)
            if text[:1] == " " and (not self._pieces or self._pieces[-1][-1:] in (" ", "\n")):
                text = text[1:]
            if text:
                self._add(text)

    def _add(self, text: str) -> None:
        # One more than is accepted, so that the row is refused for it.
        if self._chars <= self._max_chars:
            self._pieces.append(text)
        self._chars += len(text)

    def _end_cell(self) -> None:
        value = "".join(self._pieces) if self._value is None else self._value
        repeated = min(self._cell_repeated, _MOST_COLUMNS - self._column)
        if value and repeated > 0:
            self._cells += [None] * (self._column - len(self._cells))
            self._cells += [value] * repeated
        self._column += max(repeated, 0)


def _value_of(attributes: dict[str, str]) -> str | None:
    """The value that stands beside the text of a cell; None where the text is the value."""
    values = {local_name(name): value for name, value in attributes.items()}
    kind = values.get("value-type")
    if kind in ("float", "percentage", "currency"):
        return show_number(values.get("value", ""))
    if kind == "boolean":
        return values.get("boolean-value", "").upper()
    if kind == "date":
        return values.get("date-value", "").replace("T", " ")
    return values.get("string-value") if kind == "string" else None


def _attribute(attributes: dict[str, str], wanted: str) -> str | None:
    return next((value for name, value in attributes.items() if local_name(name) == wanted), None)


def _count(attributes: dict[str, str], name: str) -> int:
    value = _attribute(attributes, name) or "1"
    return max(1, int(value)) if value.isdecimal() else 1
