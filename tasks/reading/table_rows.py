"""Rows of cells, and records with columns, to rows; for the formats that are no text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from newsgate.tasks.reading.kept_columns import unique_names
from newsgate.tasks.reading.record_maker import RecordMaker
from newsgate.tasks.reading.records import RAW_SHOWN_CHARS, Layout, Rejected, Row
from newsgate.tasks.reading.row_maker import RowMaker, reject
from newsgate.tasks.reading.used_columns import used_columns
from newsgate.tasks.reading.workbooks.sheets import SheetRow


def rows_of_sheet(
    rows: Iterable[SheetRow], layout: Layout, maker: RowMaker, *, after_row: int
) -> Iterator[Row | Rejected]:
    """Each row of a sheet, by the number that the spreadsheet shows; cells beyond the header belong to no column."""
    records = RecordMaker(layout, maker)
    # Under names that are unique; the columns that make up a row are the first of their name.
    positions = {name: index for index, name in reversed(list(enumerate(unique_names(layout.columns))))}
    used = [(name, positions[name]) for name in used_columns(layout)]
    for number, cells in rows:
        if number < layout.first_row or number <= after_row:
            continue
        width = len(cells)
        values = {name: cells[index] if index < width else None for name, index in used}
        made = records.make(number, values)
        if isinstance(made, Row):
            yield made
        else:
            raw = "\t".join(cell or "" for cell in cells)
            yield reject(number, made, [raw], columns=records.kept_of_refused(values))


def rows_of_records(
    records: Iterable[tuple[int, Mapping[str, object]]], layout: Layout, maker: RowMaker
) -> Iterator[Row | Rejected]:
    """Each of the numbered records."""
    convert = RecordMaker(layout, maker)
    for number, values in records:
        made = convert.make(number, values)
        if not isinstance(made, Row):
            raw = json.dumps(values, ensure_ascii=False, default=str)[: RAW_SHOWN_CHARS + 1]
            yield reject(number, made, [raw], columns=convert.kept_of_refused(values))
        else:
            yield made
