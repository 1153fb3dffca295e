"""Runs after a batch's first: made from the items that are stored already, and tried again where they stopped short.

A run meets every item once. Its chunks are made in the order of the file, each with the counter it adds to in one
transaction that names the counter it expects, so that of two processes that make them only one makes each.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, delete, false, func, insert, select, update

from newsgate.db.batches import finish_run_if_complete, hold_batch, refuse_purged
from newsgate.db.errors import BatchNotLoadedError, NoSuchBatchError, RunNotLoadedError
from newsgate.db.tables import batches, chunks, items, runs, verdicts
from newsgate.db.turns import line_up, next_turn
from newsgate.db.types import database_time

_UNFINISHED = ("queued", "running")


@dataclass(frozen=True, slots=True)
class Position:
    """How far the chunks of a run are made: for `total` of the batch's `items`, up to `last_row`."""

    run: int
    batch: int
    model: int
    items: int
    total: int
    last_row: int
    unfinished: bool


@dataclass(frozen=True, slots=True)
class Extended:
    """A run after a step: where it stands, and the chunk to ring for, if this step made one."""

    position: Position
    chunk: int | None


@dataclass(frozen=True, slots=True)
class Requeued:
    """What will be tried again: rows that had failed, rows of cancelled chunks, and the chunks they are in now."""

    failed_rows: int
    cancelled_rows: int
    chunks: tuple[int, ...]


@dataclass(slots=True)
class _Piece:
    """Neighbouring rows of one chunk, all failed or none of them."""

    first_row: int
    last_row: int
    count: int
    chars: int


def open_run(connection: Connection, batch: int, *, model: int) -> tuple[int, bool]:
    """The run of the batch by this model, and whether it was made just now.

    Raises NoSuchBatchError, BatchPurgedError, and BatchNotLoadedError while the file is not stored to its end.
    """
    # Locked, so that of two who ask for the same run at once the second finds the first one's.
    query = select(batches.c.loaded).where(batches.c.id == batch).with_for_update(key_share=True)
    loaded = connection.execute(query).scalar_one_or_none()
    if loaded is None:
        raise NoSuchBatchError(batch)
    refuse_purged(connection, batch)
    if not loaded:
        raise BatchNotLoadedError(batch)
    known: int | None = connection.execute(
        select(runs.c.id).where(runs.c.batch_id == batch, runs.c.model == model)
    ).scalar_one_or_none()
    if known is not None:
        return known, False
    made: int = connection.execute(
        insert(runs)
        .values(batch_id=batch, model=model, state="queued", created_at=database_time())
        .returning(runs.c.id)
    ).scalar_one()
    return made, True


def run_position(connection: Connection, run: int) -> Position:
    """How far the chunks of the run are made."""
    last_row = select(func.coalesce(func.max(chunks.c.last_row), 0)).where(chunks.c.run_id == run).scalar_subquery()
    query = select(runs, batches.c.accepted, last_row.label("last_row")).join_from(runs, batches)
    found = connection.execute(query.where(runs.c.id == run)).one()
    return Position(
        run=run,
        batch=found.batch_id,
        model=found.model,
        items=found.accepted,
        total=found.total,
        last_row=found.last_row,
        unfinished=not found.loaded and found.state in _UNFINISHED,
    )


def extend_run(connection: Connection, position: Position, *, chunk_rows: int, chunk_chars: int) -> Extended:
    """Make the run's next chunk; where no rows are left, say that none will come.

    Where another process went on meanwhile, or the run was cancelled, nothing is made and its new position given.
    """
    # No row may be deleted between being read and being counted.
    hold_batch(connection, position.batch)
    rows = _next_rows(connection, position, chunk_rows=chunk_rows, chunk_chars=chunk_chars)
    extended = connection.execute(
        update(runs)
        .where(
            runs.c.id == position.run,
            runs.c.total == position.total,
            runs.c.loaded == false(),
            runs.c.state.in_(_UNFINISHED),
        )
        .values(total=runs.c.total + len(rows), loaded=not rows)
    )
    if extended.rowcount != 1:
        return Extended(run_position(connection, position.run), None)
    if not rows:
        finish_run_if_complete(connection, position.run)
        return Extended(run_position(connection, position.run), None)
    chunk = _insert_queued(connection, position.run, _Piece(rows[0], rows[-1], len(rows), 0))
    return Extended(replace(position, total=position.total + len(rows), last_row=rows[-1]), chunk)


def resume_run(connection: Connection, run: int) -> int:
    """Take a cancellation back: the run goes on, its cancelled chunks wait again. Gives how many rows those hold."""
    # Locked: a worker that is about to cancel a chunk with its run either has done it or finds the run going on.
    state = connection.execute(select(runs.c.state).where(runs.c.id == run).with_for_update(key_share=True)).scalar()
    if state != "cancelled":
        return 0
    _go_on(connection, run)
    rows_of_chunks = connection.execute(
        update(chunks)
        .where(chunks.c.run_id == run, chunks.c.state == "cancelled")
        .values(state="queued", queued_at=database_time())
        .returning(chunks.c.item_count)
    ).scalars()
    rows: int = sum(rows_of_chunks)
    line_up(connection, run)
    # A chunk that was in a worker's hands may have been the last one.
    finish_run_if_complete(connection, run)
    return rows


def requeue(connection: Connection, run: int, *, chunk_rows: int, chunk_chars: int) -> Requeued:
    """Have a run's failed rows, and its cancelled chunks, tried again.

    A chunk that holds failed rows is parted: what is done stays done, the failed rows lose their verdicts and go into
    new chunks, those of neighbouring chunks together. Raises RunNotLoadedError where chunks are still being made, and
    BatchPurgedError.
    """
    batch = connection.execute(select(runs.c.batch_id).where(runs.c.id == run)).scalar_one()
    hold_batch(connection, batch)
    refuse_purged(connection, batch)
    query = select(runs.c.loaded, runs.c.batch_id, runs.c.model).where(runs.c.id == run)
    found = connection.execute(query.with_for_update(key_share=True)).one()
    if not found.loaded:
        raise RunNotLoadedError(found.batch_id, found.model)
    cancelled_rows = resume_run(connection, run)
    failed = _failed_rows(connection, run)
    if failed:
        _part_chunks(connection, run, failed, chunk_rows=chunk_rows, chunk_chars=chunk_chars)
        connection.execute(delete(verdicts).where(verdicts.c.run_id == run, verdicts.c.error.is_not(None)))
        connection.execute(update(runs).where(runs.c.id == run).values(failed=runs.c.failed - len(failed)))
        _go_on(connection, run)
    waiting = select(chunks.c.id).where(chunks.c.run_id == run, chunks.c.state == "queued").order_by(chunks.c.id)
    return Requeued(len(failed), cancelled_rows, tuple(connection.execute(waiting).scalars()))


def _next_rows(connection: Connection, position: Position, *, chunk_rows: int, chunk_chars: int) -> list[int]:
    query = (
        select(items.c.row, func.length(items.c.text).label("chars"))
        .where(items.c.batch_id == position.batch, items.c.row > position.last_row)
        .order_by(items.c.row)
        .limit(chunk_rows)
    )
    rows: list[int] = []
    chars = 0
    for each in connection.execute(query):
        rows.append(each.row)
        chars += each.chars
        if chars >= chunk_chars:
            break
    return rows


def _insert_queued(connection: Connection, run: int, piece: _Piece) -> int:
    chunk: int = connection.execute(
        insert(chunks)
        .values(
            run_id=run,
            first_row=piece.first_row,
            last_row=piece.last_row,
            item_count=piece.count,
            state="queued",
            queued_at=database_time(),
            turn=next_turn(run),
        )
        .returning(chunks.c.id)
    ).scalar_one()
    return chunk


def _go_on(connection: Connection, run: int) -> None:
    connection.execute(
        update(runs)
        .where(runs.c.id == run)
        .values(state="running", started_at=func.coalesce(runs.c.started_at, database_time()), finished_at=None)
    )


def _failed_rows(connection: Connection, run: int) -> list[tuple[int, int]]:
    """(row, characters) of every row of the run whose verdict is an error, in the order of the file."""
    query = (
        select(items.c.row, func.length(items.c.text))
        .join_from(verdicts, items, verdicts.c.item_id == items.c.id)
        .where(verdicts.c.run_id == run, verdicts.c.error.is_not(None))
        .order_by(items.c.row)
    )
    return [(row, chars) for row, chars in connection.execute(query)]


def _part_chunks(
    connection: Connection, run: int, failed: Sequence[tuple[int, int]], *, chunk_rows: int, chunk_chars: int
) -> None:
    """Take the failed rows out of the chunks they are in, and put them into new ones that wait for a worker."""
    to_come = deque(failed)
    waiting: list[_Piece] = []
    # Whether the row before this one in the run is the last one of the last piece in `waiting`.
    touching = False
    in_order = select(chunks).where(chunks.c.run_id == run).order_by(chunks.c.first_row)
    for chunk in connection.execute(in_order).all():
        mine: dict[int, int] = {}
        while to_come and to_come[0][0] <= chunk.last_row:
            row, chars = to_come.popleft()
            mine[row] = chars
        if not mine:
            touching = False
            continue
        kept: list[_Piece] = []
        rows = list(mine) if len(mine) == chunk.item_count else _rows_of(connection, run, chunk)
        for has_failed, group in groupby(rows, key=mine.__contains__):
            together = list(group)
            chars = sum(mine[row] for row in together) if has_failed else 0
            piece = _Piece(together[0], together[-1], len(together), chars)
            if not has_failed:
                kept.append(piece)
            elif touching and _fits(waiting[-1], piece, chunk_rows=chunk_rows, chunk_chars=chunk_chars):
                last = waiting[-1]
                last.last_row, last.count, last.chars = piece.last_row, last.count + piece.count, last.chars + chars
            else:
                waiting.append(piece)
            touching = has_failed
        _keep(connection, chunk, kept)
    for piece in waiting:
        _insert_queued(connection, run, piece)


def _rows_of(connection: Connection, run: int, chunk: Row[Any]) -> list[int]:
    batch = select(runs.c.batch_id).where(runs.c.id == run).scalar_subquery()
    query = select(items.c.row).where(items.c.batch_id == batch, items.c.row.between(chunk.first_row, chunk.last_row))
    return list(connection.execute(query.order_by(items.c.row)).scalars())


def _fits(before: _Piece, piece: _Piece, *, chunk_rows: int, chunk_chars: int) -> bool:
    return before.count + piece.count <= chunk_rows and before.chars + piece.chars <= chunk_chars


def _keep(connection: Connection, chunk: Row[Any], kept: Sequence[_Piece]) -> None:
    """Leave of a finished chunk the rows that keep their verdicts: the chunk itself and, beside it, copies of it."""
    if not kept:
        connection.execute(delete(chunks).where(chunks.c.id == chunk.id))
        return
    ranges = [{"first_row": piece.first_row, "last_row": piece.last_row, "item_count": piece.count} for piece in kept]
    connection.execute(update(chunks).where(chunks.c.id == chunk.id).values(**ranges[0]))
    # The summary of its scores stays with one of them, or it would be counted twice.
    same = {name: value for name, value in chunk._mapping.items() if name not in ("id", "summary")}
    for each in ranges[1:]:
        connection.execute(insert(chunks).values({**same, **each}))
