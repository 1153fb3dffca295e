"""The header of a table of lines: under which delimiter it stands, in which line, and what belongs to it."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import PurePath

from newsgate.tasks.reading.columns import has_text_column
from newsgate.tasks.reading.delimiters import (
    DIALECTS,
    NO_DELIMITER,
    Header,
    detect_header,
    named_delimiter,
    read_header,
)
from newsgate.tasks.reading.header_place import (
    MOST_ROWS_ABOVE,
    is_below_no_table,
    is_narrow,
    more_header_rows,
    names_with,
)
from newsgate.tasks.reading.records import ReadOptions

_TSV_SUFFIXES = frozenset({".tsv", ".tab"})
# With which files begin for the sake of Excel, which takes it for no row either.
_SEPARATOR_LINE = re.compile(r'"?sep=([^\r\n"\0])"?[\r\n]*', re.IGNORECASE)


def is_separator_line(line: str) -> bool:
    """Whether the line only names the delimiter."""
    return _SEPARATOR_LINE.fullmatch(line) is not None


def decide_header(name: str, lines: Sequence[str], options: ReadOptions) -> Header:
    """The first record of the table, and where it stands. Raises BadDelimiterError."""
    separator = _SEPARATOR_LINE.fullmatch(lines[0]) if lines else None
    skipped = int(separator is not None)
    delimiter: str | None = None
    is_known = True
    if options.delimiter is not None:
        delimiter = named_delimiter(options.delimiter)
    elif separator is not None:
        delimiter = separator[1]
    elif PurePath(name.casefold()).suffix in _TSV_SUFFIXES:
        delimiter = "\t"
    else:
        is_known = False

    def read(some: Sequence[str]) -> Header:
        if is_known:
            return read_header(some, delimiter, quoting=options.quoting or "usual")
        return detect_header(some, options)

    header = _moved(read(lines[skipped:]), skipped)
    if options.no_header or options.column_names:
        return header
    if not has_text_column(header.columns, options) or is_narrow(header.columns, header.records):
        header = _header_below(lines, options, read, first=skipped) or header
    return _with_more_rows(header, lines, options)


def _moved(header: Header, lines: int) -> Header:
    return replace(header, begin_line=header.begin_line + lines, end_line=header.end_line + lines)


def _header_below(
    lines: Sequence[str], options: ReadOptions, read: Callable[[Sequence[str]], Header], *, first: int
) -> Header | None:
    """The header of a table that stands below a title, a date, a remark, or keys with their values."""
    for index in range(first + 1, min(len(lines), MOST_ROWS_ABOVE)):
        if not lines[index].strip():
            continue
        header = read(lines[index:])
        if len(header.columns) < 2 or not has_text_column(header.columns, options):
            continue
        if is_narrow(header.columns, header.records):
            continue
        above = [_cells(line, header, options) for line in lines[first:index] if line.strip()]
        # A person's name for the text stands in no row above its header.
        if options.text_columns or is_below_no_table(above, header.columns, header.records):
            return _moved(header, index)
    return None


def _cells(line: str, header: Header, options: ReadOptions) -> list[str]:
    dialect = DIALECTS[options.quoting or "usual"]
    return next(csv.reader((line,), dialect, delimiter=header.delimiter or NO_DELIMITER), [])


def _with_more_rows(header: Header, lines: Sequence[str], options: ReadOptions) -> Header:
    """The header with the rows below it that belong to it."""
    count = more_header_rows(header.columns, header.records)
    more = header.records[:count]
    for _ in range(count):
        below = read_header(lines[header.end_line :], header.delimiter, quoting=options.quoting or "usual")
        header = replace(header, end_line=header.end_line + below.end_line, records=below.records)
    return replace(header, columns=names_with(header.columns, more), more=more)
