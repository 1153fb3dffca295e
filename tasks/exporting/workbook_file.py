"""A table as an .xlsx workbook of one sheet, written row by row into the archive that such a file is."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterable
from typing import IO, Any

from newsgate.foundation.errors import NewsgateError
from newsgate.tasks.exporting.table import Kind, OutputTable, spell_time

MOST_ROWS = 1_048_575
MOST_COLUMNS = 16_384
MOST_CELL_UNITS = 32_767
# Larger ones would lose their last digits.
_LARGEST_NUMBER = 10**15
_BUFFER_CHARS = 262_144
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPES}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><bookViews><workbookView/></bookViews>'
    '<sheets><sheet name="results" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}
_SHEET_BEGIN = (
    f'<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>'
)
_SHEET_END = "</sheetData></worksheet>"
_SPECIAL = re.compile("[&<>\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


class TooLargeForWorkbookError(NewsgateError):
    """A workbook cannot hold the table."""


def write_workbook(table: OutputTable, stream: IO[bytes], *, is_large: bool) -> int:
    """Write the table; gives how many texts were cut because no cell can hold them.

    is_large: it may take two gigabytes before it is compressed. Raises TooLargeForWorkbookError.
    """
    if len(table.columns) > MOST_COLUMNS:
        raise too_large("columns", MOST_COLUMNS)
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        for name, content in _PARTS.items():
            archive.writestr(name, _DECLARATION + content)
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=is_large) as part:
            sheet = _Sheet(part, [column.kind for column in table.columns])
            sheet.write(column.title for column in table.columns)
            for values in table.cells():
                sheet.write(values)
            sheet.end()
    return sheet.cut_texts


def too_large(what: str, most: int) -> TooLargeForWorkbookError:
    """Say that a sheet cannot have so many rows or columns."""
    return TooLargeForWorkbookError(
        f"a sheet holds at most {most:,} {what}, and these are more",
        remedy="Write Parquet or CSV, or less: --limit N",
    )


class _Sheet:
    def __init__(self, part: IO[bytes], kinds: Iterable[Kind]) -> None:
        self.cut_texts = 0
        self._part = part
        self._rows = 0
        spellings: dict[Kind, Callable[[str, Any], str]] = {
            "text": self._text,
            "time": lambda place, value: self._text(place, spell_time(value)),
            "integer": self._number,
            "number": self._number,
            "boolean": lambda place, value: f'<c r="{place}" t="b"><v>{value:d}</v></c>',
        }
        self._spellings = [(_letters(number), spellings[kind]) for number, kind in enumerate(kinds)]
        self._pieces: list[str] = [_DECLARATION + _SHEET_BEGIN]
        self._chars = 0

    def write(self, values: Iterable[Any]) -> None:
        if self._rows > MOST_ROWS:
            raise too_large("rows below its header", MOST_ROWS)
        self._rows += 1
        number = self._rows
        cells = [
            self._text(f"{letters}{number}", value) if isinstance(value, str) else spell(f"{letters}{number}", value)
            for (letters, spell), value in zip(self._spellings, values, strict=True)
            if value is not None and value != ""
        ]
        row = f'<row r="{number}">{"".join(cells)}</row>'
        self._pieces.append(row)
        self._chars += len(row)
        if self._chars >= _BUFFER_CHARS:
            self._flush()

    def end(self) -> None:
        self._pieces.append(_SHEET_END)
        self._flush()

    def _flush(self) -> None:
        self._part.write("".join(self._pieces).encode("utf-8", "replace"))
        self._pieces.clear()
        self._chars = 0

    def _text(self, place: str, value: str) -> str:
        if len(value) > MOST_CELL_UNITS // 2 and _units(value) > MOST_CELL_UNITS:
            self.cut_texts += 1
            value = value.encode("utf-16-le")[: 2 * MOST_CELL_UNITS].decode("utf-16-le", "ignore")
        if _SPECIAL.search(value):
            value = _SPECIAL.sub(_escape, value)
        return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{value}</t></is></c>'

    def _number(self, place: str, value: float) -> str:
        if isinstance(value, int) and abs(value) > _LARGEST_NUMBER:
            return self._text(place, str(value))
        return f'<c r="{place}"><v>{value!r}</v></c>'


def _units(text: str) -> int:
    """How many units of UTF-16 a text takes, in which spreadsheets count."""
    return len(text) + sum(char > "\uffff" for char in text)


def _escape(found: re.Match[str]) -> str:
    char = found.group()
    return _NAMED.get(char) or f"_x{ord(char):04X}_"


def _letters(number: int) -> str:
    """The name of a column: A for 0, AA for 26."""
    name = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
