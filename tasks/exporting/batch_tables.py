"""The tables that can be made of a batch."""

from __future__ import annotations

import json

from sqlalchemy import Connection, select

from newsgate.db.batches import batch_layout
from newsgate.db.file_rows import kept_columns, read_file_rows
from newsgate.db.other_columns import batch_columns
from newsgate.db.results import ResultFilter, read_results
from newsgate.db.tables import batches
from newsgate.tasks.exporting.own_table import ADDED, OwnTable
from newsgate.tasks.exporting.table import StoredTable
from newsgate.tasks.exporting.verdict_table import VerdictTable
from newsgate.tasks.exporting.workbook_file import MOST_ROWS, too_large
from newsgate.tasks.reading import FileColumns, parse_columns

_CHARS_A_CELL = 60


def verdict_table(connection: Connection, wanted: ResultFilter) -> StoredTable:
    """The verdicts as the view `results` has them."""
    return VerdictTable(read_results(connection, wanted))


def own_table(connection: Connection, wanted: ResultFilter) -> tuple[StoredTable, tuple[str, ...]]:
    """The file's own table with the verdicts added, and what a person should know of it.

    Raises NoSuchBatchError, TooManyColumnsError.
    """
    batch = wanted.batch
    stored = batch_columns(connection, batch)
    columns = _text_and_id(connection, batch) if stored is None else parse_columns(stored)
    notes = []
    if stored is None:
        notes.append(f"batch {batch} has only its text and id: an older newsgate made it. `enqueue --again` keeps more")
    elif (left_out := columns.left_out.warning()) is not None:
        notes.append(left_out)
    table = OwnTable(
        columns,
        kept=lambda: kept_columns(connection, batch),
        rows=lambda: read_file_rows(connection, wanted),
    )
    return table, tuple(notes)


def refuse_too_many_rows(connection: Connection, wanted: ResultFilter, *, has_refused: bool) -> None:
    """Say before anything is written that no sheet can hold the rows. Raises TooLargeForWorkbookError."""
    query = select(batches.c.accepted, batches.c.rejected).where(batches.c.id == wanted.batch)
    accepted, rejected = connection.execute(query).one()
    rows = accepted + rejected if has_refused else accepted
    if not wanted.is_narrow and min(rows, rows if wanted.limit is None else wanted.limit) > MOST_ROWS:
        raise too_large("rows below its header", MOST_ROWS)


def expected_bytes(connection: Connection, batch: int) -> int:
    """About how much a sheet of the batch takes before it is compressed, rather too much than too little."""
    row = connection.execute(
        select(batches.c.size_bytes, batches.c.accepted, batches.c.rejected, batches.c["columns"]).where(
            batches.c.id == batch
        )
    ).one()
    columns = len(ADDED) + (len(parse_columns(row[3]).names) if row[3] else 2)
    return int(4 * row[0] + (row[1] + row[2]) * columns * _CHARS_A_CELL)


def _text_and_id(connection: Connection, batch: int) -> FileColumns:
    layout = json.loads(batch_layout(connection, batch))
    texts = tuple(layout.get("text_columns") or ("text",))
    id_column = layout.get("id_column")
    names = (*(() if id_column is None else (id_column,)), *texts)
    return FileColumns(layout.get("format", "csv"), names, texts, id_column, layout.get("label_column"), keep="none")
