"""The life of a chunk: claim, load, commit; and what happens when an attempt does not come to its end.

docs/lifecycle.md draws it. Every change of state is one conditional UPDATE, so that whichever worker comes second
finds out by the row count and does nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Update, and_, bindparam, case, delete, insert, or_, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from newsgate.db.batches import finish_run_if_complete
from newsgate.db.bulk_insert import insert_rows
from newsgate.db.errors import ChunkFencedError
from newsgate.db.leases import has_lapsed, is_ahead, is_lease_ahead, lease_of
from newsgate.db.tables import chunks, items, runs, verdicts
from newsgate.db.types import database_time

# What every chunk needs is put together once: SQLAlchemy takes far longer for that than for executing it.
_START_RUN = (
    update(runs)
    .where(runs.c.id == bindparam("of_run"), runs.c.state == "queued")
    .values(state="running", started_at=database_time())
)
_RUN = select(runs.c.batch_id, runs.c.model, runs.c.state).where(runs.c.id == bindparam("of_run"))
_TEXTS = (
    select(items.c.id, items.c.text)
    .where(items.c.batch_id == bindparam("of_batch"), items.c.row.between(bindparam("first"), bindparam("last")))
    .order_by(items.c.row)
)
_COUNT = (
    update(runs)
    .where(runs.c.id == bindparam("of_run"))
    .values(done=runs.c.done + bindparam("more_done"), failed=runs.c.failed + bindparam("more_failed"))
)


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt at one chunk, held until its lease runs out."""

    chunk: int
    attempt: int
    run: int
    batch: int
    model: int
    first_row: int
    last_row: int
    lease_until: datetime


class Verdict(NamedTuple):
    """What a model says about one item: a label and a probability, or an error.

    A tuple, which takes half the time of a frozen dataclass: one is made of every item. familiarity: how much the text
    is like those the model learned from, 0 to 1; None where the model cannot tell, and beside an error.
    """

    item: int
    label: str | None
    p_fake: float | None
    token_count: int
    truncated: bool
    error: str | None
    familiarity: float | None = None


def claim_chunk(
    connection: Connection, chunk: int, *, worker: str, lease_seconds: float, max_attempts: int
) -> Claim | None:
    """Take the lease on a chunk and its next attempt number, or None where there is nothing to take.

    The attempt is counted here, before anything can go wrong, so an attempt that kills its process counts too.
    """
    taking = _taking(lease_seconds=lease_seconds, max_attempts=max_attempts)
    claimed = connection.execute(taking, {"of_chunk": chunk, "by_worker": worker}).one_or_none()
    if claimed is None:
        return None
    connection.execute(_START_RUN, {"of_run": claimed.run_id})
    run = connection.execute(_RUN, {"of_run": claimed.run_id}).one()
    claim = Claim(
        chunk=chunk,
        attempt=claimed.attempt,
        run=claimed.run_id,
        batch=run.batch_id,
        model=run.model,
        first_row=claimed.first_row,
        last_row=claimed.last_row,
        lease_until=claimed.lease_until,
    )
    # Looked at a second time, with the run locked: its cancellation may be taken back at this moment.
    if run.state == "cancelled" and _ends_with_its_run(connection, claim):
        return None
    return claim


def load_texts(connection: Connection, claim: Claim) -> tuple[list[int], list[str]]:
    """The items of a claimed chunk: their ids and their texts, in the order of the file."""
    asked = {"of_batch": claim.batch, "first": claim.first_row, "last": claim.last_row}
    rows = connection.execute(_TEXTS, asked).all()
    return [item for item, _ in rows], [text for _, text in rows]


def commit_chunk(
    connection: Connection, claim: Claim, results: Sequence[Verdict], *, summary: str | None = None
) -> None:
    """Store the chunk's verdicts, its end and its run's counters. Raises ChunkFencedError where it was taken over.

    summary: JSON of how the chunk's scores are distributed, for `newsgate status --drift`.
    """
    # The fence comes first: on PostgreSQL it holds the chunk's row until the end of the transaction.
    _end_attempt(connection, claim, state="done", summary=summary)
    _store(connection, claim, results)


def release_chunk(connection: Connection, claim: Claim, *, error: str, max_attempts: int) -> list[int]:
    """End an attempt that failed; gives the chunks to ring for.

    While attempts are left the chunk is queued again. After the last one two chunks of half its size take its place,
    until the row that cannot be classified stands alone: that row fails, with `error` as its verdict.
    Where the run was cancelled meanwhile, the chunk is cancelled instead.
    Raises ChunkFencedError where the chunk was taken over.
    """
    if claim.attempt < max_attempts:
        _end_attempt(connection, claim, state="queued", last_error=error)
        return [] if _ends_with_its_run(connection, claim) else [claim.chunk]
    return _give_up(connection, claim, error=error)


def hand_back(connection: Connection, claim: Claim) -> list[int]:
    """Take back an attempt that the database cut short: it does not count. Gives the chunks to ring for.

    Nothing happens where the attempt was taken over, or ended after all: whether a commit whose answer was lost came
    through, only the database knows. Where the run was cancelled meanwhile, the chunk is cancelled instead.
    """
    handed_back = connection.execute(
        update(chunks)
        .where(
            chunks.c.id == claim.chunk,
            chunks.c.state == "running",
            chunks.c.attempt == claim.attempt,
            # Where the claim itself was undone, another worker's attempt may have the same number.
            chunks.c.lease_until == claim.lease_until,
        )
        .values(state="queued", attempt=chunks.c.attempt - 1, lease_until=None, queued_at=database_time())
    )
    if handed_back.rowcount != 1 or _ends_with_its_run(connection, claim):
        return []
    return [claim.chunk]


def fail_chunk(connection: Connection, claim: Claim, *, error: str) -> None:
    """Fail every row of a chunk at once, with `error` as its verdict: what is wrong is not in the rows.

    Raises ChunkFencedError where the chunk was taken over.
    """
    # The fence comes first, as in `commit_chunk`.
    _end_attempt(connection, claim, state="failed", last_error=error)
    if not _ends_with_its_run(connection, claim):
        ids, _ = load_texts(connection, claim)
        _store(connection, claim, [Verdict(item, None, None, 0, False, error) for item in ids])


def stalled_chunks(
    connection: Connection, *, queued_for_seconds: float | None, max_attempts: int, limit: int
) -> list[int]:
    """Chunks that a lost message, a dead worker or an absent broker left behind, oldest first.

    queued_for_seconds: how long a chunk may wait before its message counts as lost; None looks at run-out leases only.
    """
    lapsed = _lapsed(max_attempts)
    ahead = is_ahead(chunks.c.queued_at)
    long_ago = chunks.c.queued_at < database_time(-(queued_for_seconds or 0))
    waiting = and_(chunks.c.state == "queued", or_(long_ago, ahead))
    query = (
        select(chunks.c.id)
        .where(lapsed if queued_for_seconds is None else or_(lapsed, waiting))
        # Whatever a clock that was ahead wrote: nobody knows since when it waits.
        .order_by(case((ahead, 0), else_=1), chunks.c.queued_at, chunks.c.id)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def give_up_on_lapsed_chunks(connection: Connection, *, max_attempts: int) -> list[int]:
    """Halve or fail the chunks whose last attempt ended without a word; gives the chunks to ring for.

    Their workers died or hang: whatever is in them, it takes processes down.
    """
    lapsed = connection.execute(
        select(chunks, runs.c.batch_id, runs.c.model)
        .join_from(chunks, runs)
        .where(
            chunks.c.state == "running",
            chunks.c.lease_until < database_time(),
            chunks.c.attempt >= max_attempts,
        )
        # One order for all sweepers, or two of them could each wait for a run that the other has locked.
        .order_by(runs.c.id)
        .with_for_update(of=chunks, skip_locked=True)
    ).all()
    to_ring: list[int] = []
    for row in lapsed:
        claim = Claim(
            chunk=row.id,
            attempt=row.attempt,
            run=row.run_id,
            batch=row.batch_id,
            model=row.model,
            first_row=row.first_row,
            last_row=row.last_row,
            lease_until=row.lease_until,
        )
        error = row.last_error or f"the worker died or hung on this text, {row.attempt} times"
        to_ring += _give_up(connection, claim, error=error)
    return to_ring


@cache
def _taking(*, lease_seconds: float, max_attempts: int) -> ReturningUpdate[Any]:
    return (
        update(chunks)
        .where(chunks.c.id == bindparam("of_chunk"), or_(chunks.c.state == "queued", _lapsed(max_attempts)))
        .values(
            state="running",
            attempt=chunks.c.attempt + 1,
            worker=bindparam("by_worker"),
            **lease_of(lease_seconds),
        )
        .returning(chunks.c.attempt, chunks.c.run_id, chunks.c.first_row, chunks.c.last_row, chunks.c.lease_until)
    )


def _lapsed(max_attempts: int) -> ColumnElement[bool]:
    """A chunk whose lease lapsed, and that may be attempted once more."""
    # Only here do attempts count: a queued chunk was found worth another one, whatever the setting is by now. A lease
    # of a clock that was ahead says nothing about the texts: its worker may be alive.
    worth_it = or_(chunks.c.attempt < max_attempts, is_lease_ahead(chunks))
    return and_(chunks.c.state == "running", has_lapsed(chunks), worth_it)


def _end_attempt(
    connection: Connection, claim: Claim, *, state: str, last_error: str | None = None, summary: str | None = None
) -> None:
    attempt = {"of_chunk": claim.chunk, "at_attempt": claim.attempt, "said": last_error, "summed_up": summary}
    if connection.execute(_ending(state), attempt).rowcount != 1:
        raise ChunkFencedError(claim.chunk, claim.attempt)


@cache
def _ending(state: str) -> Update:
    over = state in ("done", "failed")
    return (
        update(chunks)
        .where(
            chunks.c.id == bindparam("of_chunk"),
            chunks.c.state == "running",
            chunks.c.attempt == bindparam("at_attempt"),
        )
        .values(
            state=state,
            lease_until=None,
            last_error=bindparam("said"),
            summary=bindparam("summed_up"),
            queued_at=chunks.c.queued_at if over else database_time(),
            finished_at=database_time() if over else None,
        )
    )


def _ends_with_its_run(connection: Connection, claim: Claim) -> bool:
    """Cancel a chunk that is not under way any more, if its run is cancelled; gives whether it is."""
    # Locked, so that a cancellation at this moment either is seen here or sees the chunk as it is afterwards.
    query = select(runs.c.state).where(runs.c.id == claim.run).with_for_update(key_share=True)
    if connection.execute(query).scalar_one() != "cancelled":
        return False
    _cancel(connection, claim.chunk)
    return True


def _cancel(connection: Connection, chunk: int) -> None:
    connection.execute(update(chunks).where(chunks.c.id == chunk).values(state="cancelled", lease_until=None))


def _store(connection: Connection, claim: Claim, results: Sequence[Verdict]) -> None:
    insert_rows(
        connection,
        verdicts,
        columns=("item_id", "model", "run_id", *Verdict._fields[1:]),
        rows=[
            # SQLite's driver looks long for how to store a bool.
            (item, claim.model, claim.run, label, p_fake, token_count, +truncated, error, familiarity)
            for item, label, p_fake, token_count, truncated, error, familiarity in results
        ],
    )
    failed = len([each for each in results if each.error is not None])
    connection.execute(_COUNT, {"of_run": claim.run, "more_done": len(results) - failed, "more_failed": failed})
    finish_run_if_complete(connection, claim.run)


def _give_up(connection: Connection, claim: Claim, *, error: str) -> list[int]:
    # The fence comes first, as in `commit_chunk`.
    _end_attempt(connection, claim, state="failed", last_error=error)
    if _ends_with_its_run(connection, claim):
        return []
    ids, _ = load_texts(connection, claim)
    if len(ids) > 1:
        return _halve(connection, claim, error=error)
    _store(connection, claim, [Verdict(item, None, None, 0, False, error) for item in ids])
    return []


def _halve(connection: Connection, claim: Claim, *, error: str) -> list[int]:
    # Two new chunks instead of one smaller one: attempt numbers of a chunk only ever rise, or a worker that slept
    # through the halving could find its own number on it again and pass the fence.
    query = (
        select(items.c.row)
        .where(items.c.batch_id == claim.batch, items.c.row.between(claim.first_row, claim.last_row))
        .order_by(items.c.row)
    )
    in_order = list(connection.execute(query).scalars())
    middle = len(in_order) // 2
    halves = [
        connection.execute(
            insert(chunks)
            .values(
                run_id=claim.run,
                first_row=half[0],
                last_row=half[-1],
                item_count=len(half),
                state="queued",
                queued_at=database_time(),
                last_error=error,
            )
            .returning(chunks.c.id)
        ).scalar_one()
        for half in (in_order[:middle], in_order[middle:])
    ]
    connection.execute(delete(chunks).where(chunks.c.id == claim.chunk))
    return halves
