"""Which character separates the columns: what the person named, or the likeliest in a sample."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from newsgate.tasks.reading.columns import has_text_column
from newsgate.tasks.reading.errors import BadDelimiterError
from newsgate.tasks.reading.records import Quoting, ReadOptions

# Never in a text a person wrote: it makes the csv module read a single column, quotes and all.
NO_DELIMITER = "\x1f"
_WORDS = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "\\t": "\t"}
_CANDIDATES = (",", ";", "\t", "|")
# Of Hive and of old programs; only where the header names a text and nearly all rows are cut alike.
_RARE = ("\x01", "^", "~", "¦", "§")
_STEADY = 0.9
_NUMBER_CHARS = 12
_SAMPLE_RECORDS = 200
_LINES_JUDGED = 1_000
_SAMPLE_CHARS = 1_048_576
_FIELD_LIMIT_CHARS = 2**31 - 1


class _Cells(csv.Dialect):
    delimiter = ","
    quotechar = '"'
    doublequote = True
    lineterminator = "\n"


class _Usual(_Cells):
    """A quote in a cell is doubled, as the standard has it."""

    quoting = csv.QUOTE_MINIMAL


class _Backslash(_Usual):
    """A quote in a cell has a backslash before it, as Spark and MySQL write it."""

    doublequote = False
    escapechar = "\\"


class _Single(_Cells):
    """Cells stand in single quotes."""

    quotechar = "'"
    quoting = csv.QUOTE_MINIMAL


class _NoQuotes(_Cells):
    """A quote is a character like any other."""

    quoting = csv.QUOTE_NONE


DIALECTS: dict[Quoting, type[csv.Dialect]] = {
    "usual": _Usual,
    "backslash": _Backslash,
    "none": _NoQuotes,
    "single": _Single,
}


@dataclass(frozen=True, slots=True)
class Header:
    """The first record under one delimiter (None: a single column), its line and the one after it, counted from 0.

    records: the first of those below it. steadiness: the share of them that have as many columns.
    more: the records below it that belong to the header and are no rows.
    """

    delimiter: str | None
    columns: tuple[str, ...]
    end_line: int
    begin_line: int = 0
    records: tuple[Sequence[str], ...] = ()
    steadiness: float = 1.0
    more: tuple[Sequence[str], ...] = ()


def named_delimiter(value: str) -> str | None:
    """Return the character meant, None for none; raises BadDelimiterError."""
    if value.strip().casefold() == "none":
        return None
    delimiter = _WORDS.get(value.strip().casefold(), value)
    if len(delimiter) != 1 or delimiter in '\r\n"\0' or "\ud800" <= delimiter <= "\udfff":
        raise BadDelimiterError(
            f"{value!a} cannot separate columns",
            where="--delimiter",
            remedy="Give one character, or one of the words tab, comma, semicolon, pipe, none",
        )
    return delimiter


def read_header(lines: Sequence[str], delimiter: str | None, *, quoting: Quoting = "usual") -> Header:
    """Read the first record that is not blank, and a sample of those below it."""
    raise_field_limit()
    reader = csv.reader(_sample_lines(lines), DIALECTS[quoting], delimiter=delimiter or NO_DELIMITER)
    columns: tuple[str, ...] = ()
    begin_line = end_line = 0
    for fields in reader:
        begin_line, end_line = end_line, reader.line_num
        if any(field.strip() for field in fields):
            columns = tuple(field.strip() for field in fields)
            break
    records = tuple(fields for fields in itertools.islice(reader, _SAMPLE_RECORDS) if fields)
    if _are_numbered(records, columns):
        columns = ("", *columns)
    steady = sum(len(fields) == len(columns) for fields in records)
    steadiness = steady / len(records) if records else 1.0
    return Header(delimiter, columns, end_line, begin_line, records, steadiness)


def detect_header(lines: Sequence[str], options: ReadOptions) -> Header:
    """Choose the delimiter whose header names a text column, then the steadiest, then the one with most columns."""
    best: Header | None = None
    best_score: tuple[bool, float, int] | None = None
    for delimiter in _CANDIDATES:
        header = read_header(lines, delimiter, quoting=options.quoting or "usual")
        if len(header.columns) < 2:
            continue
        score = (has_text_column(header.columns, options), header.steadiness, len(header.columns))
        if best_score is None or score > best_score:
            best, best_score = header, score
    if best is None or not has_text_column(best.columns, options):
        best = _under_rare_delimiter(lines, options) or best
    return best if best is not None else read_header(lines, None, quoting=options.quoting or "usual")


def _under_rare_delimiter(lines: Sequence[str], options: ReadOptions) -> Header | None:
    first = next((line.strip() for line in lines if line.strip()), "")
    # Blanks are the delimiter where every name is quoted, as R writes tables.
    rare = (*_RARE, " ") if first.count('"') > 2 and first[:1] == first[-1:] == '"' else _RARE
    # R writes a quote in a cell behind a backslash.
    quotings: tuple[Quoting, ...] = (options.quoting,) if options.quoting else ("usual", "backslash")
    for delimiter, quoting in itertools.product(rare, quotings):
        if delimiter in first:
            header = read_header(lines, delimiter, quoting=quoting)
            is_steady = bool(header.records) and header.steadiness >= _STEADY
            if len(header.columns) > 1 and is_steady and has_text_column(header.columns, options):
                return header
    return None


def _are_numbered(records: Sequence[Sequence[str]], columns: Sequence[str]) -> bool:
    """Whether each row begins with its number, for which the header has no name: R's write.table."""
    if len(columns) < 2:
        return False
    numbered = [fields[0] for fields in records if len(fields) == len(columns) + 1]
    if not numbered or len(numbered) < _STEADY * len(records):
        return False
    numbers = [
        int(cell) if cell.isascii() and cell.isdecimal() and len(cell) < _NUMBER_CHARS else 0 for cell in numbered
    ]
    return numbers[0] > 0 and all(first < second for first, second in itertools.pairwise(numbers))


def has_single_quotes(lines: Sequence[str], header: Header) -> bool:
    """Whether the names and the cells stand in single quotes."""
    names = header.columns
    if len(names) < 2 or not all(len(name) > 2 and name[0] == name[-1] == "'" for name in names):
        return False
    single = read_header(lines[header.begin_line :], header.delimiter, quoting="single")
    return len(single.columns) == len(names) and single.steadiness >= _STEADY


def has_backslash_quotes(lines: Sequence[str], header: Header) -> bool:
    """Whether the lines are cells only if a quote behind a backslash is a character of its cell."""
    only_usual = only_backslash = 0
    for line in itertools.islice((line for line in lines if '\\"' in line), _LINES_JUDGED):
        usual, backslash = (_is_whole_row(line, header, dialect) for dialect in (_Usual, _Backslash))
        only_usual += usual and not backslash
        only_backslash += backslash and not usual
    return only_backslash > 9 * only_usual


def _is_whole_row(line: str, header: Header, dialect: type[csv.Dialect]) -> bool:
    try:
        reader = csv.reader((line,), dialect, delimiter=header.delimiter or NO_DELIMITER, strict=True)
        return [len(fields) for fields in reader] == [len(header.columns)]
    except csv.Error:
        return False


def raise_field_limit() -> None:
    """Lift the csv module's own limit on a field, which holds for the whole process; ours bounds the record."""
    csv.field_size_limit(_FIELD_LIMIT_CHARS)


def _sample_lines(lines: Sequence[str]) -> Sequence[str]:
    """Return the first lines, up to a size that keeps the trials quick, and at least one that is not blank."""
    size_chars = 0
    for index, line in enumerate(lines):
        size_chars += len(line.strip())
        if size_chars > _SAMPLE_CHARS:
            return lines[: index + 1]
    return lines
