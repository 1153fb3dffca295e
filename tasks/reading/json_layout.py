"""From a sample of JSON, a document or lines, to its layout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from newsgate.tasks.reading.column_content import ListCell
from newsgate.tasks.reading.columns import Cells, choose_columns
from newsgate.tasks.reading.errors import NoRowsError, UnusedOptionError
from newsgate.tasks.reading.headers import option_of_no_header
from newsgate.tasks.reading.json_beginning import read_beginning
from newsgate.tasks.reading.json_document import parse_or_none
from newsgate.tasks.reading.json_shape import JsonShape, cells_shape, find_shape, place_in_lines
from newsgate.tasks.reading.json_values import find_value, flat_names, join_parts
from newsgate.tasks.reading.label_tools.recognise import recognise_tool
from newsgate.tasks.reading.meta_exports import has_bytes_as_characters, may_have_bytes_as_characters, mend
from newsgate.tasks.reading.records import Layout, ReadOptions

if TYPE_CHECKING:
    from newsgate.tasks.reading.layout import Decoded

_JSON_OBJECTS_SEEN = 1_000
_MENDED = "Facebook and Instagram write é as Ã©: such characters are mended (--encoding utf-8 leaves them)"


def jsonl_layout(decoded: Decoded, options: ReadOptions, *, late_columns: Sequence[str] = ()) -> Layout:
    """How to read lines that are JSON, each by itself. Raises ReadError."""
    values = []
    for line in decoded.lines:
        value = parse_or_none(line) if line.strip() else None
        if isinstance(value, (dict, list, str)):
            values.append(value)
            if len(values) == _JSON_OBJECTS_SEEN:
                break
    objects = [value for value in values if isinstance(value, dict)]
    first_row = 1
    if objects and (records := place_in_lines(objects, options)) is not None:
        return json_layout(decoded, replace(options, records=records), late_columns=late_columns)
    if objects or not values:
        columns: dict[str, None] = {}
        for each in objects:
            columns.update(dict.fromkeys(flat_names(each)))
        shape = JsonShape("", "objects", tuple(columns), tuple(objects))
    elif rows := [value for value in values if isinstance(value, list)]:
        shape = cells_shape(rows, options, where=decoded.name)
        if shape.has_header:
            first_row = 1 + next(index for index, line in enumerate(decoded.lines, 1) if line.strip())
    else:
        shape = JsonShape("", "texts", ("text",), tuple({"text": value} for value in values))
    if not shape.sample and not shape.columns:
        raise NoRowsError(
            "no line is a JSON object", where=decoded.name, remedy='Write one object a line: {"text": "…"}'
        )
    layout = _records_layout(decoded, options, _with(shape, late_columns), first_row=first_row)
    return replace(layout, format="jsonl", records=None)


def json_layout(decoded: Decoded, options: ReadOptions, *, late_columns: Sequence[str] = ()) -> Layout:
    """How to read a JSON document. Raises ReadError."""
    text = "".join(decoded.lines)
    shape = find_shape(text, options, is_whole=decoded.is_whole, where=decoded.name)
    first_row = 2 if shape.has_header else 1
    if shape.shape != "objects" or options.encoding is not None or not _has_bytes(text, is_whole=decoded.is_whole):
        return _records_layout(decoded, options, _with(shape, late_columns), first_row=first_row)
    shape = replace(shape, columns=tuple(map(mend, shape.columns)), sample=tuple(map(mend, shape.sample)))
    noted = replace(decoded, notes=(*decoded.notes, _MENDED))
    layout = _records_layout(noted, options, _with(shape, late_columns), first_row=first_row)
    return replace(layout, is_mended=True)


def _has_bytes(text: str, *, is_whole: bool) -> bool:
    """Whether it is an export of Facebook's or Instagram's with bytes in the place of characters."""
    if not may_have_bytes_as_characters(text):
        return False
    return has_bytes_as_characters(read_beginning(text, is_whole=is_whole))


def _with(shape: JsonShape, late_columns: Sequence[str]) -> JsonShape:
    return replace(shape, columns=tuple(dict.fromkeys((*shape.columns, *late_columns))))


def _names_its_columns(shape: JsonShape) -> bool:
    """Whether the columns have names by what the document is; the first of arrays of cells may be a row or a header."""
    return shape.shape != "cells" or shape.records != ""


def _refuse_options(options: ReadOptions, *, is_headed: bool, where: str) -> None:
    """Raise UnusedOptionError for an option that means nothing for JSON."""
    if is_headed and (option := option_of_no_header(options)) is not None:
        raise UnusedOptionError("the records name their columns themselves", option=option, where=where)
    if options.delimiter is not None:
        raise UnusedOptionError("this is JSON, which no character divides", option="--delimiter", where=where)
    if options.quoting not in (None, "usual"):
        raise UnusedOptionError("this is JSON, where quotes have their meaning", option="--quoting", where=where)


def _records_layout(decoded: Decoded, options: ReadOptions, shape: JsonShape, *, first_row: int) -> Layout:
    is_headed = _names_its_columns(shape)
    _refuse_options(options, is_headed=is_headed, where=decoded.name)
    chosen = choose_columns(
        shape.columns, options, where=decoded.name, cells=cells_of(shape.sample), is_headed=is_headed
    )
    notes = list(decoded.notes)
    if shape.records:
        others = (
            f" (also at {', '.join(shape.other_places[:3])}: --records names another)" if shape.other_places else ""
        )
        notes.append(f"records read at {shape.records}{others}")
    return Layout(
        format="json",
        encoding=decoded.encoding,
        delimiter=None,
        columns=shape.columns,
        text_columns=chosen.text_columns,
        is_html=chosen.is_html,
        id_column=chosen.id_column,
        label_column=chosen.label_column,
        notes=(*notes, *chosen.notes),
        first_row=first_row,
        max_text_chars=options.max_text_chars,
        text_fallbacks=chosen.text_fallbacks,
        records=shape.records,
        shape=shape.shape,
        sample_cells=cells_of(shape.sample),
        tool=recognise_tool(shape.sample, named=options.tool, where=decoded.name),
    )


def cells_of(records: Sequence[Mapping[str, Any]]) -> Cells:
    """The cells of a column of objects, as texts."""

    def cells(column: str) -> Iterable[str | None]:
        for record in records:
            value = find_value(record, column)[1]
            if value is None or isinstance(value, str):
                yield value
            elif (joined := join_parts(value)) is not None:
                yield joined
            else:
                yield ListCell(value) if isinstance(value, (list, dict)) else str(value)

    return cells
