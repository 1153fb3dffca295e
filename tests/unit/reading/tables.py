"""Tables written in the formats that are read, by other hands where there are any."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import openpyxl
import pyarrow
import pyarrow.parquet

_ODS = (
    "<?xml version='1.0' encoding='UTF-8'?><office:document-content"
    " xmlns:office='urn:oasis:names:tc:opendocument:xmlns:office:1.0'"
    " xmlns:table='urn:oasis:names:tc:opendocument:xmlns:table:1.0'"
    " xmlns:text='urn:oasis:names:tc:opendocument:xmlns:text:1.0'"
    " xmlns:dc='http://purl.org/dc/elements/1.1/'"
    " office:version='1.3'><office:body><office:spreadsheet>{}</office:spreadsheet></office:body>"
    "</office:document-content>"
)


def xlsx(rows: Sequence[Sequence[Any]], **more: Sequence[Sequence[Any]]) -> bytes:
    """A workbook of openpyxl's with this sheet, and others by name."""
    book = openpyxl.Workbook()
    sheets = {"Sheet": rows, **more}
    for name, content in sheets.items():
        sheet = book.active if name == "Sheet" else book.create_sheet(name)
        for row in content:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def ods_cell(value: object) -> str:
    """A cell as LibreOffice writes it."""
    if value is None:
        return "<table:table-cell/>"
    if isinstance(value, bool):
        return (
            f"<table:table-cell office:value-type='boolean' office:boolean-value='{str(value).lower()}'>"
            f"<text:p>{str(value).upper()}</text:p></table:table-cell>"
        )
    if isinstance(value, (int, float)):
        return (
            f"<table:table-cell office:value-type='float' office:value='{value}'><text:p>{value}</text:p>"
            "</table:table-cell>"
        )
    paragraphs = "".join(f"<text:p>{_ods_text(line)}</text:p>" for line in str(value).split("\n"))
    return f"<table:table-cell office:value-type='string'>{paragraphs}</table:table-cell>"


def _ods_text(line: str) -> str:
    """Blanks after the first are elements, and so is the first of a paragraph."""
    pieces: list[str] = []
    blanks = 0
    for char in line + "\0":
        if char == " ":
            blanks += 1
            continue
        if blanks:
            lone = bool(pieces) and char != "\0"
            pieces.append((" " if lone else "") + (f"<text:s text:c='{blanks - lone}'/>" if blanks > lone else ""))
            blanks = 0
        if char != "\0":
            pieces.append("<text:tab/>" if char == "\t" else escape(char))
    return "".join(pieces)


def ods_sheet(rows: Sequence[Sequence[object]], *, name: str = "Sheet1") -> str:
    """A sheet, with the empty rows that LibreOffice adds up to the last that it shows."""
    written = "".join(f"<table:table-row>{''.join(map(ods_cell, row))}</table:table-row>" for row in rows)
    tail = (
        f"<table:table-row table:number-rows-repeated='{1_048_576 - len(rows)}'>"
        "<table:table-cell table:number-columns-repeated='16384'/></table:table-row>"
    )
    return f"<table:table table:name={quoteattr(name)}>{written}{tail}</table:table>"


def ods(*sheets: str) -> bytes:
    """A workbook of these sheets."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        archive.writestr("content.xml", _ODS.format("".join(sheets)))
    return out.getvalue()


def parquet(
    columns: Mapping[str, Sequence[Any]], *, features: Mapping[str, Any] | None = None, **options: Any
) -> bytes:
    """A Parquet file of pyarrow's; features: what the library `datasets` says about the columns."""
    table = pyarrow.table({name: list(values) for name, values in columns.items()})
    if features is not None:
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    out = io.BytesIO()
    pyarrow.parquet.write_table(table, out, **options)
    return out.getvalue()
