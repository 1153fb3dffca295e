"""The rows of a sheet of an .xlsx workbook."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from newsgate.tasks.reading.workbooks.parts import BrokenPartError, WorkbookParts, parse_pieces
from newsgate.tasks.reading.workbooks.sheets import Cells, SheetName, SheetRow, choose_sheet
from newsgate.tasks.reading.workbooks.xlsx_strings import SharedStrings, SharedStringsHandler, unescape
from newsgate.tasks.reading.workbooks.xlsx_values import StylesHandler, show_date, show_number

_WORKBOOK = "xl/workbook.xml"
_MOST_COLUMNS = 16_384
_MOST_ROWS = 16_777_216


class XlsxWorkbook:
    """One open workbook. spool_folder: where its strings lie while it is open."""

    def __init__(self, file: IO[bytes], *, where: str, spool_folder: Path, max_chars: int) -> None:
        self.damage: str | None = None
        self._parts = WorkbookParts(file, where=where)
        self._where = where
        self._spool_folder = spool_folder
        self._max_chars = max_chars
        self._book = _BookHandler()
        self._parts.parse(_WORKBOOK, self._book)
        relations = _RelationsHandler()
        self._parts.parse("xl/_rels/workbook.xml.rels", relations)
        self._targets = relations.targets
        self._paths = relations.paths
        self._strings: SharedStrings | None = None

    def choose(self, wanted: str | None) -> tuple[SheetName, tuple[str, ...]]:
        """The sheet that is meant, and the names of the others. Raises SheetError."""
        sheets = [each for each, relation in self._book.sheets if relation in self._paths]
        return choose_sheet(sheets, wanted, where=self._where)

    def rows(self, sheet: SheetName) -> Iterator[SheetRow]:
        """Each row of the sheet that holds something."""
        strings = self._shared_strings()
        styles = StylesHandler()
        if path := self._targets.get("styles"):
            self._parts.parse(path, styles)
        relation = next(relation for each, relation in self._book.sheets if each == sheet)
        handler = _SheetHandler(
            strings, date_styles=styles.dates, since_1904=self._book.since_1904, max_chars=self._max_chars
        )
        stream = self._parts.open(self._paths[relation])
        try:
            for _ in parse_pieces(stream, handler):
                yield from handler.take()
        finally:
            self.damage = stream.damage

    def close(self) -> None:
        """Release the file and the strings."""
        self._parts.close()
        if self._strings is not None:
            self._strings.close()

    def _shared_strings(self) -> SharedStrings:
        if self._strings is None:
            self._strings = SharedStrings(self._spool_folder)
            if path := self._targets.get("sharedStrings"):
                self._parts.parse(path, SharedStringsHandler(self._strings, max_chars=self._max_chars))
        return self._strings


class _BookHandler:
    """sheets: each with the name of its relation."""

    def __init__(self) -> None:
        self.sheets: list[tuple[SheetName, str]] = []
        self.since_1904 = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            relation = next((value for key, value in attributes.items() if key.endswith(":id")), "")
            is_hidden = attributes.get("state", "visible") != "visible"
            self.sheets.append((SheetName(attributes.get("name", ""), is_hidden), relation))
        elif name == "workbookPr":
            self.since_1904 = attributes.get("date1904") in ("1", "true")

    def end(self, name: str) -> None:
        pass

    def text(self, text: str) -> None:
        pass


class _RelationsHandler:
    """paths: of the sheets with cells, by the name of the relation. targets: of the other parts, by their kind."""

    def __init__(self) -> None:
        self.paths: dict[str, str] = {}
        self.targets: dict[str, str] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship":
            kind = attributes.get("Type", "").rpartition("/")[2]
            path = posixpath.normpath(posixpath.join("/xl", attributes.get("Target", ""))).lstrip("/")
            if kind == "worksheet":
                self.paths[attributes.get("Id", "")] = path
            else:
                self.targets.setdefault(kind, path)

    def end(self, name: str) -> None:
        pass

    def text(self, text: str) -> None:
        pass


class _SheetHandler:
    """Collects the rows of a sheet; a cell is what a person sees in it."""

    def __init__(self, strings: SharedStrings, *, date_styles: set[str], since_1904: bool, max_chars: int) -> None:
        self._strings = strings
        self._date_styles = date_styles
        self._since_1904 = since_1904
        self._max_chars = max_chars
        self._rows: list[SheetRow] = []
        self._number = 0
        self._cells: Cells = []
        self._column = 0
        self._columns: dict[str, int] = {}
        self._kind = "n"
        self._style = ""
        self._pieces: list[str] = []
        self._chars = 0
        self._collects = False
        self._phonetic = 0

    def take(self) -> list[SheetRow]:
        """The rows since the last time."""
        rows, self._rows = self._rows, []
        return rows

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self._kind = attributes.get("t", "n")
            self._style = attributes.get("s", "")
            if reference := attributes.get("r"):
                letters = reference.rstrip("0123456789")
                column = self._columns.get(letters)
                self._column = self._column_of(letters) if column is None else column
            self._pieces = []
            self._chars = 0
        elif name in ("v", "t"):
            self._collects = not self._phonetic
        elif name == "row":
            number = int(attributes.get("r") or self._number + 1)
            if not self._number < number <= _MOST_ROWS:
                raise BrokenPartError(f"has a row {number} behind row {self._number}")
            self._number = number
            self._cells = []
            self._column = 0
        elif name == "rPh":
            self._phonetic += 1

    def end(self, name: str) -> None:
        if name in ("v", "t"):
            self._collects = False
        elif name == "c":
            if self._pieces and self._column < _MOST_COLUMNS:
                cells = self._cells
                if (gap := self._column - len(cells)) > 0:
                    cells += [None] * gap
                cells.append(self._value("".join(self._pieces)))
            self._column += 1
        elif name == "row":
            if any(self._cells):
                self._rows.append((self._number, self._cells))
        elif name == "rPh":
            self._phonetic -= 1

    def text(self, text: str) -> None:
        if self._collects:
            # One more than is accepted, so that the row is refused for it.
            if self._chars <= self._max_chars:
                self._pieces.append(text)
            self._chars += len(text)

    def _value(self, value: str) -> str | None:
        kind = self._kind
        if kind == "s":
            return self._strings.get(int(value)) if value.strip().isdecimal() else None
        if kind == "n":
            if self._style in self._date_styles:
                return show_date(value, since_1904=self._since_1904)
            return show_number(value)
        if kind == "b":
            return "TRUE" if value.strip() == "1" else "FALSE"
        # An error such as #N/A is no value.
        return None if kind == "e" else unescape(value)

    def _column_of(self, letters: str) -> int:
        column = 0
        for letter in letters:
            column = 26 * column + ord(letter.upper()) - 64
        self._columns[letters] = column - 1
        return column - 1
