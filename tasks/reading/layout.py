"""From a sample of the input to its layout."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Literal

from newsgate.tasks.reading.columns import choose_columns
from newsgate.tasks.reading.delimiters import Header, detect_header, named_delimiter, read_header
from newsgate.tasks.reading.encodings import Encoding, detect_encoding, error_handler_for, named_encoding
from newsgate.tasks.reading.errors import EmptyFileError, NoRowsError
from newsgate.tasks.reading.file_signatures import refuse_control_characters
from newsgate.tasks.reading.json_document import one_json_document, refuse_json_document
from newsgate.tasks.reading.lines import split_lines
from newsgate.tasks.reading.records import Layout, ReadOptions

_JSONL_SUFFIXES = frozenset({".jsonl", ".ndjson", ".jsonlines"})
_TSV_SUFFIXES = frozenset({".tsv", ".tab"})
_JSON_OBJECTS_SEEN = 1_000
# With which files begin for the sake of Excel, which takes it for no row either.
_SEPARATOR_LINE = re.compile(r'"?sep=([^\r\n"\0])"?[\r\n]*', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sample:
    """The first decompressed bytes of the input named `name`; `is_whole` says that nothing follows them."""

    name: str
    data: bytes
    is_whole: bool


def decide_layout(sample: Sample, options: ReadOptions) -> Layout:
    """Decide how to read the input; raises a ReadError where it cannot be read, or a column cannot be settled."""
    encoding = _decide_encoding(sample, options)
    lines = _decode_lines(sample, encoding.name)
    notes = (encoding.note,) if encoding.note else ()
    refuse_json_document(lines, is_whole=sample.is_whole, where=sample.name)
    if _decide_format(sample.name, lines) == "jsonl":
        return _jsonl_layout(sample.name, lines, options, encoding=encoding.name, notes=notes)
    return _csv_layout(sample.name, lines, options, encoding=encoding.name, notes=notes)


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


def _decide_format(name: str, lines: Sequence[str]) -> Literal["csv", "jsonl"]:
    if _suffix(name) in _JSONL_SUFFIXES:
        return "jsonl"
    first = next((line.strip() for line in lines if line.strip()), "")
    # No header of CSV begins like these, even where the rest is damaged.
    if first.startswith("[") and (_parse(first) is not None or first[1:].lstrip()[:1] in ("", "{")):
        raise one_json_document("array", where=name)
    if first == "{":
        raise one_json_document("object", where=name)
    return "jsonl" if isinstance(_parse(first), dict) else "csv"


def _suffix(name: str) -> str:
    """The ending that tells the format: the one before .gz."""
    return PurePath(name.casefold().removesuffix(".gz")).suffix


def _parse(line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _csv_layout(
    name: str, lines: Sequence[str], options: ReadOptions, *, encoding: str, notes: tuple[str, ...]
) -> Layout:
    header = _decide_header(name, lines, options)
    chosen = choose_columns(header.columns, options, where=name)
    if len(header.columns) == 1 and header.delimiter is None:
        notes = (*notes, "read as a single column: the header has no delimiter (--delimiter overrides)")
    return Layout(
        format="csv",
        encoding=encoding,
        delimiter=header.delimiter,
        columns=header.columns,
        text_columns=chosen.text_columns,
        id_column=chosen.id_column,
        label_column=chosen.label_column,
        notes=notes,
        first_row=header.end_line + 1,
        max_text_chars=options.max_text_chars,
    )


def _decide_header(name: str, lines: Sequence[str], options: ReadOptions) -> Header:
    if lines and (separator := _SEPARATOR_LINE.fullmatch(lines[0])):
        named = separator[1] if options.delimiter is None else named_delimiter(options.delimiter)
        header = read_header(lines[1:], named)
        return replace(header, end_line=header.end_line + 1)
    if options.delimiter is not None:
        return read_header(lines, named_delimiter(options.delimiter))
    if _suffix(name) in _TSV_SUFFIXES:
        return read_header(lines, "\t")
    return detect_header(lines, options)


def _jsonl_layout(
    name: str, lines: Sequence[str], options: ReadOptions, *, encoding: str, notes: tuple[str, ...]
) -> Layout:
    keys: dict[str, None] = {}
    objects = 0
    for line in lines:
        value = _parse(line) if line.strip() else None
        if isinstance(value, dict):
            keys.update(dict.fromkeys(value))
            objects += 1
            if objects == _JSON_OBJECTS_SEEN:
                break
    if not objects:
        raise NoRowsError("no line is a JSON object", where=name, remedy='Write one object a line: {"text": "…"}')
    chosen = choose_columns(tuple(keys), options, where=name)
    return Layout(
        format="jsonl",
        encoding=encoding,
        delimiter=None,
        columns=tuple(keys),
        text_columns=chosen.text_columns,
        id_column=chosen.id_column,
        label_column=chosen.label_column,
        notes=notes,
        max_text_chars=options.max_text_chars,
    )
