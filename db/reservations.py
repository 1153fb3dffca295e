"""Chunks that a worker has taken ahead of time: each step is one statement, and so one way to PostgreSQL and back.

A reserved chunk still waits. A lease keeps it for one worker, and no attempt is counted: whoever cancels, pauses or
purges it finds a chunk that waits, and what ends the worker meanwhile is not held against it. Its attempt begins when
it is its turn to be classified. A reservation decides nothing: that the chunk may be worked on is decided by `begin`,
and that its verdicts are stored by the fence of the commit, as for every chunk.

A reservation that ran out was a dead worker's. The sweeper takes the chunk, by its number and alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    true,
    update,
)

from newsgate.db.chunk_runs import wait_again
from newsgate.db.chunks import Claim
from newsgate.db.leases import lease_of
from newsgate.db.tables import chunks, items, models, runs
from newsgate.db.turns import is_free
from newsgate.db.types import database_time, unsynced
from newsgate.db.upkeep_tables import workers
from newsgate.db.workers import SILENT_AFTER_SECONDS


@dataclass(frozen=True, slots=True)
class Reservation:
    """A chunk that one worker may begin next, with its texts.

    item_count: how many rows it had when it was reserved. has_shadows: whether a challenger may want to see it.
    """

    chunk: int
    attempt: int
    run: int
    batch: int
    model: int
    model_sha256: str | None
    first_row: int
    last_row: int
    item_count: int
    worker: str
    lease_until: datetime
    has_shadows: bool
    items: list[int]
    texts: list[str]

    @property
    def is_whole(self) -> bool:
        """Whether its texts are those of one moment: none was purged while they were read."""
        return len(self.items) == self.item_count


def reserve_next(
    connection: Connection,
    *,
    worker: str,
    lease_seconds: float,
    but_models: frozenset[int] = frozenset(),
    in_hand: int = 0,
    threads: int = 1,
) -> Reservation | None:
    """Take the waiting chunk whose turn it is, and read its texts; None where none waits, or it is left to others.

    connection: of `Database.at_once`. but_models: those that are left to newer workers.
    in_hand: how many chunks the one that asks has still to classify. With any, it is given another only if as many
    wait for every other worker that lives, and for each of the worker's own `threads`.
    """
    told: dict[str, object] = {"by_worker": worker}
    if in_hand:
        told |= {"in_hand": in_hand, "beside": threads - 1}
    row = connection.execute(_reserving(lease_seconds, but_models, in_hand > 0), told).one_or_none()
    if row is None:
        return None
    return Reservation(
        chunk=row.id,
        attempt=row.attempt,
        run=row.run_id,
        batch=row.batch_id,
        model=row.model,
        model_sha256=row.sha256,
        first_row=row.first_row,
        last_row=row.last_row,
        item_count=row.item_count,
        worker=worker,
        lease_until=row.lease_until,
        has_shadows=row.has_shadows,
        items=row.ids or [],
        texts=row.texts or [],
    )


def begin(connection: Connection, reserved: Reservation, *, lease_seconds: float) -> Claim | None:
    """Begin the attempt at a reserved chunk: it counts from now on, and its lease is a whole one.

    None where it may not be worked on any more: it was cancelled, paused, purged, or another worker has it.
    connection: of `Database.at_once`.
    """
    asked = {
        "of_chunk": reserved.chunk,
        "by_worker": reserved.worker,
        "until": reserved.lease_until,
        "with_items": reserved.item_count,
    }
    row = connection.execute(_beginning(lease_seconds), asked).one_or_none()
    if row is None:
        return None
    return Claim(
        chunk=reserved.chunk,
        attempt=row.attempt,
        run=reserved.run,
        batch=reserved.batch,
        model=reserved.model,
        first_row=reserved.first_row,
        last_row=reserved.last_row,
        lease_until=row.lease_until,
        model_sha256=reserved.model_sha256,
    )


def let_go(connection: Connection, reserved: Reservation) -> list[int]:
    """Give a reserved chunk back, whether its attempt was begun or not; gives the chunks to ring for.

    Nothing happens where another has it by now. Where its run was cancelled or paused meanwhile, so is the chunk.
    """
    waits = and_(chunks.c.state == "queued", chunks.c.lease_until == reserved.lease_until)
    # Only this process begins attempts in this name: such a one is that of which the answer was lost.
    is_begun = and_(chunks.c.state == "running", chunks.c.attempt == reserved.attempt + 1)
    given = connection.execute(
        update(chunks)
        .where(chunks.c.id == reserved.chunk, chunks.c.worker == reserved.worker, or_(waits, is_begun))
        .values(state="queued", attempt=reserved.attempt, lease_until=None)
    )
    return wait_again(connection, reserved.chunk, run=reserved.run) if given.rowcount == 1 else []


def let_all_go(connection: Connection, *, worker: str) -> list[int]:
    """Give back every chunk that this worker has reserved and not begun; gives the chunks to ring for."""
    mine = and_(chunks.c.state == "queued", chunks.c.lease_until.is_not(None), chunks.c.worker == worker)
    # Locked in their order, as a purge locks chunks.
    held = select(chunks.c.id).where(mine).order_by(chunks.c.id).with_for_update()
    given = (
        update(chunks)
        .where(chunks.c.id.in_(held), mine)
        .values(lease_until=None)
        .returning(chunks.c.id, chunks.c.run_id)
    )
    rows = sorted(connection.execute(given).all(), key=lambda row: int(row.run_id))
    return [chunk for row in rows for chunk in wait_again(connection, row.id, run=row.run_id)]


def _is_enough_for_all(but_models: frozenset[int]) -> ColumnElement[bool]:
    """Whether the others need not go without a chunk if this worker takes one more than it has in hand."""
    lives = workers.c.seen_at >= database_time(-SILENT_AFTER_SECONDS)
    others = select(func.count()).where(workers.c.kind == "worker", lives, workers.c.name != bindparam("by_worker"))
    left = (others.scalar_subquery() + bindparam("beside", type_=Integer())) * bindparam("in_hand", type_=Integer())
    line = chunks.alias("others_line")
    return select(line.c.id).where(is_free(line, but_models=but_models)).offset(left).limit(1).exists()


@cache
def _reserving(lease_seconds: float, but_models: frozenset[int], is_ahead: bool) -> Select[Any]:
    line = chunks.alias("line")
    # Two workers at once take two chunks, and neither waits for the other.
    first = select(line.c.id).where(is_free(line, but_models=but_models)).order_by(line.c.turn, line.c.id).limit(1)
    reserved = (
        update(chunks)
        .where(
            chunks.c.id == first.with_for_update(skip_locked=True).scalar_subquery(),
            chunks.c.state == "queued",
            chunks.c.lease_until.is_(None),
            _is_enough_for_all(but_models) if is_ahead else true(),
        )
        .values(worker=bindparam("by_worker"), **lease_of(lease_seconds))
        .returning(
            chunks.c.id,
            chunks.c.attempt,
            chunks.c.run_id,
            chunks.c.first_row,
            chunks.c.last_row,
            chunks.c.item_count,
            chunks.c.lease_until,
        )
        .cte("reserved")
    )
    loaded = (
        select(
            func.array_agg(items.c.id).aggregate_order_by(items.c.row).label("ids"),
            func.array_agg(items.c.text).aggregate_order_by(items.c.row).label("texts"),
        )
        .where(items.c.batch_id == runs.c.batch_id, items.c.row.between(reserved.c.first_row, reserved.c.last_row))
        .lateral("loaded")
    )
    shadows = select(literal(1)).where(models.c.shadow_share > 0).exists()
    of_run = (runs.c.batch_id, runs.c.model, models.c.sha256)
    return select(reserved, *of_run, shadows.label("has_shadows"), loaded, unsynced().label("unsynced")).select_from(
        reserved.join(runs, runs.c.id == reserved.c.run_id).outerjoin(models).join(loaded, true())
    )


@cache
def _beginning(lease_seconds: float) -> Select[Any]:
    begun = (
        update(chunks)
        .where(
            chunks.c.id == bindparam("of_chunk"),
            chunks.c.state == "queued",
            chunks.c.worker == bindparam("by_worker"),
            chunks.c.lease_until == bindparam("until"),
            # A purge takes rows out of a chunk that waits, and this worker has their texts in hand.
            chunks.c.item_count == bindparam("with_items"),
            runs.c.id == chunks.c.run_id,
            runs.c.state != "cancelled",
            runs.c.paused_at.is_(None),
        )
        .values(state="running", attempt=chunks.c.attempt + 1, **lease_of(lease_seconds))
        .returning(chunks.c.attempt, chunks.c.run_id, chunks.c.lease_until)
        .cte("begun")
    )
    started = (
        update(runs)
        .where(runs.c.id == begun.c.run_id, runs.c.state == "queued")
        .values(state="running", started_at=database_time())
        .returning(runs.c.id)
        .cte("started")
    )
    return select(begun.c.attempt, begun.c.lease_until, unsynced().label("unsynced")).add_cte(started)
