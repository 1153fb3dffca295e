"""The life of a chunk: claim, load, commit; and what happens when an attempt does not come to its end.

docs/lifecycle.md draws it. Every change of state is one conditional UPDATE, so that whichever worker comes second
finds out by the row count and does nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Update,
    and_,
    bindparam,
    case,
    delete,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from newsgate.db.batches import finish_run_if_complete
from newsgate.db.chunk_runs import Aftermath, ends_with_its_run, hold_run, step_out, wait_again
from newsgate.db.errors import ChunkFencedError
from newsgate.db.leases import has_lapsed, is_lease_ahead, lease_of
from newsgate.db.tables import chunks, items, models, runs
from newsgate.db.turns import is_free, of_models_but
from newsgate.db.types import database_time
from newsgate.db.verdicts import Verdict, Verdicts, store_verdicts

# What every chunk needs is put together once: SQLAlchemy takes far longer for that than for executing it.
_START_RUN = (
    update(runs)
    .where(runs.c.id == bindparam("of_run"), runs.c.state == "queued")
    .values(state="running", started_at=database_time())
)
_RUN = (
    select(runs.c.batch_id, runs.c.model, runs.c.state, runs.c.paused_at, models.c.sha256)
    # It may have been deleted by hand: then its rows say so.
    .join_from(runs, models, isouter=True)
    .where(runs.c.id == bindparam("of_run"))
)
_CLAIMED = (
    chunks.c.id,
    chunks.c.attempt,
    chunks.c.run_id,
    chunks.c.first_row,
    chunks.c.last_row,
    chunks.c.lease_until,
)
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
    """One attempt at one chunk, held until its lease runs out. taken_over: from another worker, whose lease lapsed.

    model_sha256: of the bundle that has the model's number now.
    """

    chunk: int
    attempt: int
    run: int
    batch: int
    model: int
    first_row: int
    last_row: int
    lease_until: datetime
    taken_over: bool = False
    model_sha256: str | None = None


def claim_chunk(
    connection: Connection,
    chunk: int,
    *,
    worker: str,
    lease_seconds: float,
    max_attempts: int,
    but_models: frozenset[int] = frozenset(),
) -> Claim | None:
    """Take the lease on a chunk and its next attempt number, or None where there is nothing to take.

    The attempt is counted here, before anything can go wrong, so an attempt that kills its process counts too.
    but_models: those that are left to newer workers.
    """
    taking = _taking(lease_seconds=lease_seconds, max_attempts=max_attempts, but_models=but_models)
    claimed = connection.execute(taking, {"of_chunk": chunk, "by_worker": worker}).one_or_none()
    return None if claimed is None else _begin_attempt(connection, claimed, taken_over=claimed.attempt > 1)


def claim_next_chunk(
    connection: Connection, *, worker: str, lease_seconds: float, but_models: frozenset[int] = frozenset()
) -> Claim | None:
    """As `claim_chunk`, of the waiting chunk whose turn it is; None where none waits."""
    while True:
        claimed = connection.execute(_taking_next(lease_seconds, but_models), {"by_worker": worker}).one_or_none()
        if claimed is None:
            return None
        claim = _begin_attempt(connection, claimed)
        if claim is not None:
            return claim


def _begin_attempt(connection: Connection, claimed: Row[Any], *, taken_over: bool = False) -> Claim | None:
    connection.execute(_START_RUN, {"of_run": claimed.run_id})
    run = connection.execute(_RUN, {"of_run": claimed.run_id}).one()
    claim = Claim(
        chunk=claimed.id,
        attempt=claimed.attempt,
        run=claimed.run_id,
        batch=run.batch_id,
        model=run.model,
        first_row=claimed.first_row,
        last_row=claimed.last_row,
        lease_until=claimed.lease_until,
        taken_over=taken_over,
        model_sha256=run.sha256,
    )
    # Looked at a second time, with the run locked: what was said of it may be taken back at this moment.
    if run.state == "cancelled" and ends_with_its_run(connection, claim.chunk, run=claim.run):
        return None
    if run.paused_at is not None and hold_run(connection, claim.run).paused_at is not None:
        step_out(connection, claim.chunk)
        return None
    return claim


def load_texts(connection: Connection, claim: Claim) -> tuple[list[int], list[str]]:
    """The items of a claimed chunk: their ids and their texts, in the order of the file."""
    asked = {"of_batch": claim.batch, "first": claim.first_row, "last": claim.last_row}
    rows = connection.execute(_TEXTS, asked).all()
    return [item for item, _ in rows], [text for _, text in rows]


def commit_chunk(connection: Connection, claim: Claim, said: Verdicts, *, summary: str | None = None) -> None:
    """Store the chunk's verdicts, its end and its run's counters. Raises ChunkFencedError where it was taken over.

    summary: JSON of how the chunk's scores are distributed, for `newsgate status --drift`.
    """
    # The fence comes first: on PostgreSQL it holds the chunk's row until the end of the transaction.
    _end_attempt(connection, claim, state="done", summary=summary)
    _store(connection, claim, said)


def release_chunk(connection: Connection, claim: Claim, *, error: str, max_attempts: int) -> Aftermath:
    """End an attempt that failed.

    While attempts are left the chunk is queued again. After the last one two chunks of half its size take its place,
    until the row that cannot be classified stands alone: that row fails, with `error` as its verdict.
    Where the run was cancelled meanwhile, the chunk is cancelled instead.
    Raises ChunkFencedError where the chunk was taken over.
    """
    if claim.attempt < max_attempts:
        _end_attempt(connection, claim, state="queued", last_error=error)
        return Aftermath(wait_again(connection, claim.chunk, run=claim.run))
    return give_up(connection, claim, error=error)


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
    return wait_again(connection, claim.chunk, run=claim.run) if handed_back.rowcount == 1 else []


def fail_chunk(connection: Connection, claim: Claim, *, error: str) -> Aftermath:
    """Fail every row of a chunk at once, with `error` as its verdict: what is wrong is not in the rows.

    Raises ChunkFencedError where the chunk was taken over.
    """
    # The fence comes first, as in `commit_chunk`.
    _end_attempt(connection, claim, state="failed", last_error=error)
    if ends_with_its_run(connection, claim.chunk, run=claim.run):
        return Aftermath([])
    return _fail_rows(connection, claim, load_texts(connection, claim)[0], error=error)


@cache
def _taking(*, lease_seconds: float, max_attempts: int, but_models: frozenset[int]) -> ReturningUpdate[Any]:
    return (
        update(chunks)
        .where(
            chunks.c.id == bindparam("of_chunk"),
            or_(_is_not_reserved(), has_lapsed_attempt(max_attempts)),
            of_models_but(chunks, but_models),
        )
        .values(
            state="running",
            attempt=chunks.c.attempt + 1,
            worker=bindparam("by_worker"),
            **lease_of(lease_seconds),
        )
        .returning(*_CLAIMED)
    )


@cache
def _taking_next(lease_seconds: float, but_models: frozenset[int]) -> ReturningUpdate[Any]:
    line = chunks.alias("line")
    # Two workers at once take two chunks, and neither waits for the other.
    first = select(line.c.id).where(is_free(line, but_models=but_models)).order_by(line.c.turn, line.c.id).limit(1)
    return (
        update(chunks)
        .where(
            chunks.c.id == first.with_for_update(skip_locked=True).scalar_subquery(),
            chunks.c.state == "queued",
            chunks.c.lease_until.is_(None),
        )
        .values(state="running", attempt=chunks.c.attempt + 1, worker=bindparam("by_worker"), **lease_of(lease_seconds))
        .returning(*_CLAIMED)
    )


def _is_not_reserved() -> ColumnElement[bool]:
    return and_(chunks.c.state == "queued", or_(chunks.c.lease_until.is_(None), has_lapsed(chunks)))


def has_lapsed_attempt(max_attempts: int) -> ColumnElement[bool]:
    """Of `chunks`, one whose lease lapsed, and that may be attempted once more."""
    # Only here do attempts count: a queued chunk was found worth another one, whatever the setting is by now. A lease
    # of a clock that was ahead says nothing about the texts: its worker may be alive.
    worth_it = or_(chunks.c.attempt < max_attempts, is_lease_ahead(chunks))
    return and_(chunks.c.state == "running", has_lapsed(chunks), worth_it)


def _end_attempt(
    connection: Connection, claim: Claim, *, state: str, last_error: str | None = None, summary: str | None = None
) -> None:
    attempt = {"of_chunk": claim.chunk, "at_attempt": claim.attempt, "until": claim.lease_until}
    if connection.execute(_ending(state), {**attempt, "said": last_error, "summed_up": summary}).rowcount != 1:
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
            # Numbers come again where a replica or a backup takes the database's place; the time of a lease does not.
            chunks.c.lease_until == bindparam("until"),
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


def _store(connection: Connection, claim: Claim, said: Verdicts) -> None:
    store_verdicts(connection, said, model=claim.model, run=claim.run)
    failed = said.failed
    connection.execute(_COUNT, {"of_run": claim.run, "more_done": len(said) - failed, "more_failed": failed})
    finish_run_if_complete(connection, claim.run)


def _fail_rows(connection: Connection, claim: Claim, ids: Sequence[int], *, error: str) -> Aftermath:
    _store(connection, claim, Verdicts.of([Verdict(item, None, None, 0, False, error) for item in ids]))
    return Aftermath([], len(ids))


def give_up(connection: Connection, claim: Claim, *, error: str) -> Aftermath:
    """End a chunk's last attempt: halve it, or fail its only row.

    Raises ChunkFencedError where the chunk was taken over.
    """
    # The fence comes first, as in `commit_chunk`.
    _end_attempt(connection, claim, state="failed", last_error=error)
    if ends_with_its_run(connection, claim.chunk, run=claim.run):
        return Aftermath([])
    ids, _ = load_texts(connection, claim)
    if len(ids) > 1:
        return Aftermath(_halve(connection, claim, error=error))
    return _fail_rows(connection, claim, ids, error=error)


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
    # The run is held: whether it is paused does not change meanwhile.
    of_run = select(runs.c.paused_at).where(runs.c.id == claim.run).scalar_subquery()
    of_chunk = select(case((of_run.is_(None), chunks.c.turn))).where(chunks.c.id == claim.chunk)
    turn = connection.execute(of_chunk).scalar_one()
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
                turn=turn,
            )
            .returning(chunks.c.id)
        ).scalar_one()
        for half in (in_order[:middle], in_order[middle:])
    ]
    connection.execute(delete(chunks).where(chunks.c.id == claim.chunk))
    return halves
