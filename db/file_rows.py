"""The rows of a batch's file in its order, each with its verdict by one run, those that were refused among them."""

from __future__ import annotations

import heapq
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Select, Text, and_, cast, select

from newsgate.db.results import UNSURE, ResultFilter
from newsgate.db.tables import items, rejects, runs, verdicts
from newsgate.db.text_search import text_contains

_FETCH_ROWS = 1000


@dataclass(slots=True)
class FileRow:
    """One row of the file. position: 1 for the first, whatever lines it takes.

    columns: the JSON of its other columns. item, text: None where the row was refused; `error` then says why.
    label: None where there is no verdict, `unsure` where it is not sure enough.
    """

    row: int
    item: int | None
    external_id: str | None
    text: str | None
    columns: str | None
    label: str | None = None
    p_fake: float | None = None
    error: str | None = None
    model: int | None = None
    classified_at: datetime | None = None
    truncated: bool | None = None
    position: int = 0
    familiarity: float | None = None


def read_file_rows(connection: Connection, wanted: ResultFilter) -> Generator[FileRow, None, None]:
    """Each row of the file, a block of rows in memory at a time; what `wanted` narrows leaves out rows without verdict.

    Raises NoResultFound for a batch without runs.
    """
    model = wanted.model
    if model is None:
        query = select(runs.c.model).where(runs.c.batch_id == wanted.batch).order_by(runs.c.id.desc()).limit(1)
        model = connection.execute(query).scalar_one()
    with (
        closing(_rows(connection, _accepted(wanted.batch, model))) as accepted,
        closing(_rows(connection, _refused(wanted.batch))) as refused,
    ):
        rows = heapq.merge(accepted, refused, key=attrgetter("row"))
        yield from islice(_wanted_rows(rows, wanted), wanted.limit)


def _wanted_rows(rows: Iterable[FileRow], wanted: ResultFilter) -> Iterator[FileRow]:
    for position, row in enumerate(rows, 1):
        row.position = position
        if wanted.threshold is not None and row.p_fake is not None:
            row.label = row.label if max(row.p_fake, 1 - row.p_fake) >= wanted.threshold else UNSURE
        if _is_wanted(row, wanted):
            yield row


def kept_columns(connection: Connection, batch: int) -> Iterator[str | None]:
    """The JSON of the other columns of each row, None where it has none; refused ones last."""
    for table in (items, rejects):
        column = cast(table.c["columns"], Text)
        query = select(column).where(table.c.batch_id == batch)
        rows = connection.execute(query.order_by(table.c.row), execution_options={"yield_per": _FETCH_ROWS})
        yield from rows.scalars()


def _is_wanted(row: FileRow, wanted: ResultFilter) -> bool:
    if wanted.label is not None and row.label != wanted.label:
        return False
    if wanted.max_familiarity is not None and (row.familiarity is None or row.familiarity > wanted.max_familiarity):
        return False
    if wanted.failed and (row.item is None or row.error is None):
        return False
    if wanted.words and (row.text is None or not text_contains(row.text, wanted.words)):
        return False
    if wanted.min_score is None:
        return True
    return row.p_fake is not None and (row.p_fake >= wanted.min_score or row.p_fake <= 1 - wanted.min_score)


def _accepted(batch: int, model: int) -> Select[Any]:
    its_verdict = and_(verdicts.c.item_id == items.c.id, verdicts.c.model == model)
    return (
        select(
            items.c.row,
            items.c.id,
            items.c.external_id,
            items.c.text,
            cast(items.c["columns"], Text),
            verdicts.c.label,
            verdicts.c.p_fake,
            verdicts.c.error,
            verdicts.c.model,
            verdicts.c.classified_at,
            verdicts.c.truncated,
            verdicts.c.familiarity,
        )
        .join_from(items, verdicts, its_verdict, isouter=True)
        .where(items.c.batch_id == batch)
        .order_by(items.c.row)
    )


def _refused(batch: int) -> Select[Any]:
    return (
        select(rejects.c.row, cast(rejects.c["columns"], Text), rejects.c.reason)
        .where(rejects.c.batch_id == batch)
        .order_by(rejects.c.row)
    )


def _rows(connection: Connection, query: Select[Any]) -> Generator[FileRow, None, None]:
    # Whoever has enough rows closes the cursor with the generator.
    with connection.execute(query, execution_options={"yield_per": _FETCH_ROWS}) as found:
        for values in found:
            if len(values) == 3:
                yield FileRow(values[0], None, None, None, values[1], error=values[2])
            else:
                row = FileRow(*values[:-1])
                row.familiarity = values[-1]
                yield row
