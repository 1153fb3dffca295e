"""The rows of several chunks as one statement, and so one way to PostgreSQL and back.

The statement is a transaction by itself. Whether this enqueue may still add rows is decided by its first part, and each
other one reads what that has changed: without it nothing is stored. What fails may have been stored. Whoever enqueues
the file again finds in the batch how far it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    JSON,
    Connection,
    ScalarSelect,
    Select,
    bindparam,
    cast,
    func,
    insert,
    select,
    update,
)
from sqlalchemy import column as sql_column
from sqlalchemy import table as sql_table

from newsgate.db.batches import AcceptedRow, Loading, RefusedRow, extending, refuse_purged
from newsgate.db.binary_arrays import BinaryArray, big_integers, byte_strings, texts
from newsgate.db.errors import LoaderSupersededError
from newsgate.db.row_groups import RowsOfChunk, chunk_arrays, columns_of, made_chunks
from newsgate.db.tables import batches, items, rejects, runs
from newsgate.db.turns import OF_RUN
from newsgate.db.types import unsynced


def add_rows_at_once(
    connection: Connection, loading: Loading, groups: Sequence[RowsOfChunk], *, last_row: int
) -> list[int]:
    """Store the next rows of the file and their chunks, as `db.row_groups.add_row_groups` does.

    Gives the chunks to ring for. connection: of `Database.at_once`. last_row: behind that of `loading`.
    Raises LoaderSupersededError or BatchPurgedError, and then nothing was stored.
    """
    accepted = [row for group in groups for row in group.accepted]
    refused = [row for group in groups for row in group.refused]
    told: dict[str, object] = {
        "of_batch": loading.batch,
        "by_loader": loading.loader,
        "more_accepted": len(accepted),
        "more_rejected": len(refused),
        "up_to_row": last_row,
        OF_RUN.key: loading.run,
        "more": len(accepted),
        **_accepted_arrays(accepted, columns_of(groups)),
        **_refused_arrays(refused),
        **chunk_arrays(groups),
    }
    row = connection.execute(_storing(loading.table), told).one()
    if row.extended != 1:
        refuse_purged(connection, loading.batch)
        raise LoaderSupersededError(loading.batch)
    return sorted(row.made or [])


def _accepted_arrays(accepted: Sequence[AcceptedRow], columns: dict[int, str]) -> dict[str, BinaryArray]:
    external_ids = [row.external_id for row in accepted]
    has_ids = external_ids.count(None) < len(accepted)
    return {
        "items_row": big_integers([row.row for row in accepted]),
        # What is shorter than the others is NULL from there on.
        "items_external_id": texts(external_ids if has_ids else (), few=False),
        "items_text": texts([row.text for row in accepted], few=False),
        "items_text_hash": byte_strings([row.text_hash for row in accepted]),
        "items_columns": texts([columns.get(place) for place in range(len(accepted))] if columns else (), few=False),
    }


def _refused_arrays(refused: Sequence[RefusedRow]) -> dict[str, BinaryArray]:
    return {
        "rejects_row": big_integers([row.row for row in refused]),
        "rejects_reason": texts([row.reason for row in refused]),
        "rejects_raw": texts([row.raw for row in refused], few=False),
        "rejects_columns": texts([row.columns for row in refused], few=False),
    }


@cache
def _storing(table: str) -> Select[Any]:
    extended = extending(forward=True, loaded=False).returning(batches.c.id).cte("extended")
    refused = _inserting(rejects.name, extended, ("row", "reason", "raw"), arrays=rejects.name)
    stored = _inserting(table, extended, ("row", "external_id", "text", "text_hash"), arrays=items.name)
    added = (
        update(runs)
        .where(runs.c.id == OF_RUN, runs.c.batch_id == extended.c.id)
        .values(total=runs.c.total + bindparam("more"))
        .returning(runs.c.state, runs.c.priority)
        .cte("added")
    )
    made = made_chunks(added)
    waiting = select(func.array_agg(made.c.id)).where(made.c.state == "queued")
    # In this order, for the run is locked for as short as can be: all workers of a file meet there.
    return select(
        unsynced().label("unsynced"),
        _count(extended).label("extended"),
        _count(refused).label("refused"),
        _count(stored).label("stored"),
        waiting.scalar_subquery().label("made"),
    )


def _inserting(into: str, extended: CTE, names: Sequence[str], *, arrays: str) -> CTE:
    """The part that stores rows of the batch that was extended; arrays: what the names of their columns begin with."""
    # Not in the FROM clause, where PostgreSQL would first write all of them to a file.
    each = [func.unnest(bindparam(f"{arrays}_{name}")).label(name) for name in names]
    columns = cast(func.unnest(bindparam(f"{arrays}_columns")), JSON).label("columns")
    every = ("batch_id", *names, "columns")
    rows = select(extended.c.id, *each, columns)
    return (
        insert(sql_table(into, *map(sql_column, every)))
        .from_select(every, rows)
        .returning(sql_column("batch_id"))
        .cte(f"stored_{into}")
    )


def _count(part: CTE) -> ScalarSelect[int]:
    return select(func.count()).select_from(part).scalar_subquery()
