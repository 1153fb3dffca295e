"""From a sample of the input to its layout."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from newsgate.tasks.reading.columns import choose_columns, has_text_column
from newsgate.tasks.reading.csv_header import decide_header, is_separator_line
from newsgate.tasks.reading.delimiters import Header, detect_header, has_backslash_quotes, has_single_quotes
from newsgate.tasks.reading.encodings import (
    Encoding,
    detect_encoding,
    error_handler_for,
    named_encoding,
    spell_encoding,
)
from newsgate.tasks.reading.errors import (
    EmptyFileError,
    QuotedLinesError,
    UndecodableHeaderError,
    UnusedOptionError,
    quote_column,
)
from newsgate.tasks.reading.fasttext_lines import COLUMNS, are_fasttext_lines, split_line
from newsgate.tasks.reading.file_signatures import refuse_control_characters
from newsgate.tasks.reading.header_place import is_ruler, say_more_header_rows
from newsgate.tasks.reading.headers import names_of_columns, refuse_row_as_header
from newsgate.tasks.reading.json_document import is_json_document, parse_or_none
from newsgate.tasks.reading.label_tools.table_marks import may_be_of_a_tool
from newsgate.tasks.reading.lines import is_clean, split_lines
from newsgate.tasks.reading.records import Format, Layout, ReadOptions

if TYPE_CHECKING:
    from newsgate.tasks.reading.label_tools.said import ToolShape

_JSONL_SUFFIXES = frozenset({".jsonl", ".ndjson", ".jsonlines"})
_TEXT_SUFFIXES = frozenset({".txt", ".text"})
_LINES_SEEN = 200
# A chat begins with a date, in brackets, behind a mark of direction, or alone.
_BEGINS_CHAT = "[0123456789\u200e"
_STEADY = 0.9
_UNQUOTE = """python3 -c "import csv, sys; print(*(row[0] for row in csv.reader(sys.stdin)), sep='\\n')" < """


@dataclass(frozen=True, slots=True)
class Sample:
    """The first decompressed bytes of the input, whose name tells the format; `is_whole`: nothing follows them."""

    name: str
    data: bytes
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Decoded:
    """The whole lines of a sample, and what was said about it so far."""

    name: str
    lines: Sequence[str]
    is_whole: bool
    encoding: str
    notes: tuple[str, ...]
    data: bytes


def decide_layout(sample: Sample, options: ReadOptions, *, late_columns: Sequence[str] = ()) -> Layout:
    """Decide how to read the input; raises a ReadError where it cannot be read, or a column cannot be settled.

    late_columns: of records of JSON beyond the sample, beside those that it has.
    """
    encoding = _decide_encoding(sample, options)
    lines = _decode_lines(sample, encoding.name)
    notes = (encoding.note,) if encoding.note else ()
    decoded = Decoded(sample.name, lines, sample.is_whole, encoding.name, notes, sample.data)
    form = _decide_format(decoded, options)
    if options.records is not None and form != "json":
        raise UnusedOptionError("this is no JSON document", option="--records", where=sample.name)
    if form in ("json", "jsonl"):
        # A reader of CSV needs none of it.
        from newsgate.tasks.reading.json_layout import json_layout, jsonl_layout

        layout_of = json_layout if form == "json" else jsonl_layout
        return layout_of(decoded, options, late_columns=late_columns)
    if form == "chat":
        from newsgate.tasks.reading.chat_layout import chat_layout

        return chat_layout(decoded, options)
    return _lines_layout(decoded, options) if form == "lines" else _csv_layout(decoded, options)


def _decide_encoding(sample: Sample, options: ReadOptions) -> Encoding:
    if options.encoding is not None:
        return named_encoding(options.encoding)
    return detect_encoding(sample.data, is_whole=sample.is_whole)


def _decode_lines(sample: Sample, encoding: str) -> list[str]:
    text = sample.data.decode(encoding, error_handler_for(encoding)).removeprefix("\ufeff")
    if not text.strip().strip("\0"):
        raise EmptyFileError("the file is empty", where=sample.name, remedy="Give it a header and rows")
    refuse_control_characters(text, where=sample.name)
    lines = split_lines(text)
    if not sample.is_whole and len(lines) > 1:
        # The sample ends anywhere, most likely inside a row.
        lines.pop()
    return lines


def _decide_format(decoded: Decoded, options: ReadOptions) -> Format:
    first = next((line.strip() for line in decoded.lines if line.strip()), "")
    suffix = PurePath(decoded.name.casefold()).suffix
    if options.records is not None and first[:1] in "[{":
        return "json"
    if is_json_document(decoded.lines, is_whole=decoded.is_whole, is_named_lines=suffix in _JSONL_SUFFIXES):
        return "json"
    if suffix in _JSONL_SUFFIXES:
        return "jsonl"
    value = parse_or_none(first)
    if isinstance(value, dict) or (isinstance(value, list) and len(decoded.lines) > 1):
        return "jsonl"
    is_table = options.delimiter is not None or options.column_names or options.no_header
    if not is_table and first[:1] in _BEGINS_CHAT and _are_chat_lines(decoded.lines[:_LINES_SEEN]):
        return "chat"
    if options.delimiter is None and not options.column_names and are_fasttext_lines(decoded.lines[:_LINES_SEEN]):
        return "lines"
    if suffix in _TEXT_SUFFIXES and options.delimiter is None and not options.column_names:
        return "lines" if _is_plain_text(decoded.lines, options) else "csv"
    return "csv"


def _are_chat_lines(lines: Sequence[str]) -> bool:
    # Hardly any file is one.
    from newsgate.tasks.reading.chat_lines import are_chat_lines

    return are_chat_lines(lines)


def _is_plain_text(lines: Sequence[str], options: ReadOptions) -> bool:
    """Whether a .txt file is a text a line, and no table: no header names a text, and no character makes columns."""
    first = next((line for line in lines if line.strip()), "")
    # The tables of mysql begin with a line; below a text, a header is hardly ever one.
    header = decide_header("", lines, options) if is_ruler([first]) else detect_header(lines, options)
    if has_text_column(header.columns, options):
        return False
    # A comma stands in sentences too, but hardly ever as often in each.
    least = {",": 4, ";": 3}.get(header.delimiter or "", 2)
    return header.delimiter is None or len(header.columns) < least or header.steadiness < 0.9


def _csv_layout(decoded: Decoded, options: ReadOptions) -> Layout:
    name, notes = decoded.name, decoded.notes
    header = decide_header(name, decoded.lines, options)
    if options.quoting is None and has_backslash_quotes(decoded.lines, header):
        notes = (*notes, "quotes in cells have a backslash before them (--quoting overrides)")
        options = replace(options, quoting="backslash")
        header = decide_header(name, decoded.lines, options)
    elif options.quoting is None and has_single_quotes(decoded.lines, header):
        notes = (*notes, "cells stand in single quotes (--quoting overrides)")
        options = replace(options, quoting="single")
        header = decide_header(name, decoded.lines, options)
    separated = bool(decoded.lines) and is_separator_line(decoded.lines[0])
    if options.no_header or options.column_names:
        header = _without_header(header, options, name=name)
    else:
        _refuse_broken_names(header.columns, decoded)
        _refuse_quoted_lines(header, decoded, options)
        refuse_row_as_header(header.columns, header.records, options, where=name)
    positions = {column: index for index, column in reversed(list(enumerate(header.columns)))}

    def cells(column: str) -> list[str]:
        index = positions[column]
        return [record[index] if index < len(record) else "" for record in header.records if record]

    chosen = choose_columns(header.columns, options, where=name, cells=cells)
    if any(line.strip() for line in decoded.lines[int(separated) : header.begin_line]):
        notes = (*notes, f"line {header.begin_line + 1} read as the header: what stands above it is no table")
    if header.more:
        notes = (*notes, say_more_header_rows(header.more, kind="line"))
    if len(header.columns) == 1 and header.delimiter is None and not options.no_header and not options.column_names:
        notes = (*notes, "read as a single column: the header has no delimiter (--delimiter overrides)")
    return Layout(
        format="csv",
        encoding=decoded.encoding,
        delimiter=header.delimiter,
        columns=header.columns,
        text_columns=chosen.text_columns,
        is_html=chosen.is_html,
        id_column=chosen.id_column,
        label_column=chosen.label_column,
        notes=(*notes, *chosen.notes),
        first_row=header.end_line + 1,
        max_text_chars=options.max_text_chars,
        text_fallbacks=chosen.text_fallbacks,
        quoting=options.quoting or "usual",
        sample_cells=cells,
        tool=_tool_of(header, options, name=name),
    )


def _refuse_broken_names(columns: Sequence[str], decoded: Decoded) -> None:
    """No column could be named, neither by a person nor in the database. Raises UndecodableHeaderError."""
    if all(is_clean(name.replace("\0", "")) for name in columns):
        return
    from newsgate.tasks.reading.code_pages import advise, likely_code_pages

    raise UndecodableHeaderError(
        f"the names of the columns are not valid {spell_encoding(decoded.encoding)}",
        where=decoded.name,
        remedy=advise(likely_code_pages(decoded.data)),
    )


def _refuse_quoted_lines(header: Header, decoded: Decoded, options: ReadOptions) -> None:
    """Raise QuotedLinesError where a program took each line of a table for one cell, and quoted it."""
    if len(header.columns) != 1 or options.text_columns or options.delimiter is not None:
        return
    cells = [header.columns[0], *(fields[0] for fields in header.records if len(fields) == 1)]
    # A quote that is never closed makes one cell of many lines.
    if any("\n" in cell or "\r" in cell for cell in cells):
        return
    table = detect_header([f"{cell}\n" for cell in cells], options)
    if len(table.columns) > 1 and has_text_column(table.columns, options) and table.steadiness >= _STEADY:
        raise QuotedLinesError(
            f"each line is quoted as a whole, as if it were one cell: {quote_column(header.columns[0])}",
            where=decoded.name,
            remedy=f"Take the quotes off: {_UNQUOTE}{shlex.quote(decoded.name)} | enqueue -",
        )


def _tool_of(header: Header, options: ReadOptions, *, name: str) -> ToolShape | None:
    """The tool for labelling whose export the table is; nothing of tools is loaded for the columns of other tables."""
    if options.tool is None and not may_be_of_a_tool(header.columns):
        return None
    from newsgate.tasks.reading.label_tools.recognise import recognise_tool

    records = [dict(zip(header.columns, record, strict=False)) for record in header.records if record]
    return recognise_tool(records, named=options.tool, where=name)


def _without_header(header: Header, options: ReadOptions, *, name: str) -> Header:
    """The same lines when the first of them is a row."""
    columns = names_of_columns(header.columns, options, where=name)
    return replace(header, columns=columns, records=(header.columns, *header.records), end_line=header.begin_line)


def _fasttext_layout(decoded: Decoded, options: ReadOptions) -> Layout:
    lines = [line.rstrip("\r\n") for line in decoded.lines[:_LINES_SEEN] if line.strip()]

    def cells(column: str) -> list[str]:
        return [split_line(line)[COLUMNS.index(column)] or "" for line in lines]

    chosen = choose_columns(COLUMNS, options, where=decoded.name, cells=cells)
    return Layout(
        format="lines",
        encoding=decoded.encoding,
        delimiter=None,
        columns=COLUMNS,
        text_columns=chosen.text_columns,
        is_html=chosen.is_html,
        id_column=None,
        label_column=chosen.label_column,
        notes=(*decoded.notes, "read as lines of fastText, each a label and a text", *chosen.notes),
        max_text_chars=options.max_text_chars,
        sample_cells=cells,
    )


def _lines_layout(decoded: Decoded, options: ReadOptions) -> Layout:
    if are_fasttext_lines(decoded.lines[:_LINES_SEEN]):
        return _fasttext_layout(decoded, options)
    lines = [line for line in decoded.lines[:_LINES_SEEN] if line.strip()]
    chosen = choose_columns(("text",), options, where=decoded.name, cells=lambda _: lines)
    return Layout(
        format="lines",
        encoding=decoded.encoding,
        delimiter=None,
        columns=("text",),
        text_columns=chosen.text_columns,
        is_html=chosen.is_html,
        id_column=None,
        label_column=None,
        notes=(*decoded.notes, "read as plain text, each line a text of its own", *chosen.notes),
        max_text_chars=options.max_text_chars,
        sample_cells=lambda _: lines,
    )
