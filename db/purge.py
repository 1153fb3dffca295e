"""Deleting the rows of a batch, or single rows of it: a few at a time, beside workers, and all counters stay true.

A batch stays in `batches`, with its runs, as purged. What is in a worker's hands is taken away first: its chunk is gone
or waits anew, so that the worker finds itself fenced and writes nothing. The order is that of every transaction: batch,
chunks, items, runs. So none waits for another in a ring.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, case, delete, func, select, update

from newsgate.db.batches import finish_run_if_complete, hold_batch
from newsgate.db.errors import NoSuchBatchError
from newsgate.db.judgement_tables import review_leases
from newsgate.db.tables import batches, chunks, items, rejects, runs, verdicts
from newsgate.db.types import database_time
from newsgate.db.upkeep_tables import shadow_verdicts


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """What a batch holds, by its counters. is_purged: nothing is left of it. is_over: no run of it goes on."""

    batch: int
    name: str
    items: int
    rejects: int
    verdicts: int
    is_purged: bool
    is_over: bool


@dataclass(frozen=True, slots=True)
class Deleted:
    """What one step has deleted."""

    items: int = 0
    rejects: int = 0
    verdicts: int = 0
    chunks: int = 0


def stored_batches(
    connection: Connection, *, batch: int | None = None, older_than_days: int | None = None
) -> list[StoredBatch]:
    """The batch of that number, or those made so long ago that something is left of, oldest first.

    Raises NoSuchBatchError.
    """
    going_on = case((runs.c.state.in_(("queued", "running")), 1), else_=0)
    query = (
        select(
            batches.c.id,
            batches.c.name,
            batches.c.accepted,
            batches.c.rejected,
            batches.c.purged_at,
            func.coalesce(func.sum(runs.c.done + runs.c.failed), 0).label("verdicts"),
            func.coalesce(func.sum(going_on), 0).label("going_on"),
        )
        .join_from(batches, runs, isouter=True)
        .group_by(batches.c.id)
        .order_by(batches.c.id)
    )
    if batch is not None:
        query = query.where(batches.c.id == batch)
    if older_than_days is not None:
        something = batches.c.purged_at.is_(None) | (batches.c.accepted + batches.c.rejected > 0)
        query = query.where(batches.c.created_at < database_time(-older_than_days * 86_400), something)
    found = connection.execute(query).all()
    if batch is not None and not found:
        raise NoSuchBatchError(batch)
    return [
        StoredBatch(
            batch=row.id,
            name=row.name,
            items=row.accepted,
            rejects=row.rejected,
            verdicts=row.verdicts,
            is_purged=row.purged_at is not None and row.accepted + row.rejected == 0,
            is_over=row.going_on == 0,
        )
        for row in found
    ]


def begin_purge(connection: Connection, batch: int) -> None:
    """Let nobody add to the batch any more: no enqueue, no requeue, no other run. What it holds is still there."""
    connection.execute(
        update(batches)
        .where(batches.c.id == batch)
        .values(
            purged_at=func.coalesce(batches.c.purged_at, database_time()),
            # An enqueue of its file that is at work finds another number, and a later one finds no batch of it.
            loader=batches.c.loader + 1,
            sha256="",
        )
    )
    unfinished = (runs.c.batch_id == batch, runs.c.state.in_(("queued", "running")))
    connection.execute(update(runs).where(*unfinished).values(state="cancelled", finished_at=database_time()))


def purge_step(connection: Connection, batch: int, *, limit: int, items_too: bool = True) -> Deleted | None:
    """Delete up to `limit` rows of a batch whose purge has begun; None where nothing is left.

    Its chunks go first, so that no worker has any of its texts in hand when these go. items_too: False where the whole
    partition that its items and verdicts are in goes afterwards.
    """
    hold_batch(connection, batch)
    return (
        _delete_chunks(connection, batch, limit=limit)
        or (_delete_first_items(connection, batch, limit=limit) if items_too else None)
        or _delete_rejects(connection, batch, limit=limit)
    )


def delete_items(connection: Connection, batch: int, doomed: Sequence[int]) -> Deleted:
    """Delete these items of a batch that is held, and what models and reviewers have of them; count that everywhere."""
    # Locked first: whoever would name them from now on waits, and finds them gone.
    mine = select(items.c.id).where(items.c.id.in_(doomed), items.c.batch_id == batch).order_by(items.c.id)
    there = list(connection.execute(mine.with_for_update()).scalars())
    if not there:
        return Deleted()
    gone = delete(verdicts).where(verdicts.c.item_id.in_(there)).returning(verdicts.c.run_id, verdicts.c.error)
    counted = Counter((row.run_id, row.error is not None) for row in connection.execute(gone))
    for table in (shadow_verdicts, review_leases):
        connection.execute(delete(table).where(table.c.item_id.in_(there)))
    connection.execute(delete(items).where(items.c.id.in_(there), items.c.batch_id == batch))
    for run in sorted({run for run, _ in counted}):
        fewer = {"done": runs.c.done - counted[run, False], "failed": runs.c.failed - counted[run, True]}
        connection.execute(update(runs).where(runs.c.id == run).values(fewer))
    _count_purged(connection, batch, accepted=len(there))
    return Deleted(items=len(there), verdicts=counted.total())


def take_items_out_of_chunks(connection: Connection, batch: int, doomed: Sequence[int]) -> list[int]:
    """Let the chunks of a batch that is held be without these items; gives the chunks to ring for.

    A chunk that is worked on waits anew, for its worker has the texts in hand; one without any other row is deleted.
    """
    to_ring = []
    for chunk in _hold_chunks_of(connection, batch, doomed):
        left = chunk.item_count - chunk.doomed
        fewer = update(runs).where(runs.c.id == chunk.run_id).values(total=runs.c.total - chunk.doomed)
        # Locked from here on, so that a cancellation at this moment sees the chunk as it is afterwards.
        run = connection.execute(fewer.returning(runs.c.state, runs.c.paused_at)).one()
        if not left:
            connection.execute(delete(chunks).where(chunks.c.id == chunk.id))
            continue
        values: dict[str, Any] = {"item_count": left}
        if chunk.state == "running":
            # The number of the attempt stays, and the next one has a higher: whoever is late is fenced.
            over = run.state == "cancelled"
            values |= {"state": "cancelled" if over else "queued", "lease_until": None, "queued_at": database_time()}
            values |= {"turn": None} if run.paused_at is not None else {}
            to_ring += [] if over else [chunk.id]
        connection.execute(update(chunks).where(chunks.c.id == chunk.id).values(values))
    return to_ring


def finish_runs_of(connection: Connection, batch: int) -> None:
    """End the runs whose last missing rows are gone."""
    for run in connection.execute(select(runs.c.id).where(runs.c.batch_id == batch).order_by(runs.c.id)).scalars():
        finish_run_if_complete(connection, run)


def _hold_chunks_of(connection: Connection, batch: int, doomed: Sequence[int]) -> Sequence[Any]:
    """Lock the chunks that these items are in, and give each with how many of them."""
    inside = items.c.row.between(chunks.c.first_row, chunks.c.last_row)
    touched = (
        select(chunks.c.id, chunks.c.run_id, chunks.c.state, chunks.c.item_count, func.count().label("doomed"))
        .join_from(chunks, runs)
        .join(items, inside & (items.c.batch_id == runs.c.batch_id))
        .where(runs.c.batch_id == batch, items.c.id.in_(doomed))
        .group_by(chunks.c.id)
        .order_by(chunks.c.id)
    )
    held: set[int] = set()
    while True:
        found = connection.execute(touched).all()
        fresh = {chunk.id for chunk in found} - held
        if not fresh:
            return found
        # Whoever held one of them may have halved it meanwhile: looked at again.
        connection.execute(_lock(fresh))
        held |= fresh


def _lock(numbers: set[int]) -> Select[Any]:
    return select(chunks.c.id).where(chunks.c.id.in_(numbers)).order_by(chunks.c.id).with_for_update()


def _delete_chunks(connection: Connection, batch: int, *, limit: int) -> Deleted | None:
    mine = select(runs.c.id).where(runs.c.batch_id == batch)
    first = select(chunks.c.id).where(chunks.c.run_id.in_(mine)).order_by(chunks.c.id).limit(limit)
    doomed = list(connection.execute(first).scalars())
    if not doomed:
        return None
    connection.execute(_lock(set(doomed)))
    gone = delete(chunks).where(chunks.c.id.in_(doomed)).returning(chunks.c.run_id, chunks.c.item_count)
    fewer: Counter[int] = Counter()
    for run, count in connection.execute(gone):
        fewer[run] += count
    for run in sorted(fewer):
        connection.execute(update(runs).where(runs.c.id == run).values(total=runs.c.total - fewer[run]))
    return Deleted(chunks=len(doomed))


def _delete_first_items(connection: Connection, batch: int, *, limit: int) -> Deleted | None:
    first = select(items.c.id).where(items.c.batch_id == batch).order_by(items.c.row).limit(limit)
    doomed = list(connection.execute(first).scalars())
    return delete_items(connection, batch, doomed) if doomed else None


def _delete_rejects(connection: Connection, batch: int, *, limit: int) -> Deleted | None:
    first = select(rejects.c.row).where(rejects.c.batch_id == batch).order_by(rejects.c.row).limit(limit)
    doomed = list(connection.execute(first).scalars())
    if not doomed:
        return None
    connection.execute(delete(rejects).where(rejects.c.batch_id == batch, rejects.c.row.in_(doomed)))
    _count_purged(connection, batch, rejected=len(doomed))
    return Deleted(rejects=len(doomed))


def _count_purged(connection: Connection, batch: int, *, accepted: int = 0, rejected: int = 0) -> None:
    connection.execute(
        update(batches)
        .where(batches.c.id == batch)
        .values(
            accepted=batches.c.accepted - accepted,
            rejected=batches.c.rejected - rejected,
            purged_rows=batches.c.purged_rows + accepted + rejected,
        )
    )
