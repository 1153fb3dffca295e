"""Chunks that nobody works on any more: lost messages, dead workers, last attempts that ended without a word."""

from __future__ import annotations

from sqlalchemy import Connection, and_, case, or_, select

from newsgate.db.chunk_runs import Aftermath
from newsgate.db.chunks import Claim, give_up, has_lapsed_attempt
from newsgate.db.leases import has_lapsed, is_ahead
from newsgate.db.tables import chunks, runs
from newsgate.db.turns import front_of_line, of_models_but
from newsgate.db.types import database_time


def stalled_chunks(
    connection: Connection,
    *,
    queued_for_seconds: float | None,
    max_attempts: int,
    limit: int,
    but_models: frozenset[int] = frozenset(),
) -> list[int]:
    """Chunks that a lost message, a dead worker or an absent broker left behind, oldest first.

    queued_for_seconds: how long a chunk may wait before its message counts as lost; None looks at run-out leases only.
    but_models: those that are left to newer workers.
    """
    lapsed = has_lapsed_attempt(max_attempts)
    ahead = is_ahead(chunks.c.queued_at)
    long_ago = chunks.c.queued_at < database_time(-(queued_for_seconds or 0))
    # One of a run that is paused is not in line, and one that is reserved is in somebody's hands.
    in_line = and_(chunks.c.turn.is_not(None), chunks.c.lease_until.is_(None))
    waiting = and_(chunks.c.state == "queued", in_line, or_(long_ago, ahead))
    query = (
        select(chunks.c.id)
        .where(
            lapsed if queued_for_seconds is None else or_(lapsed, waiting),
            of_models_but(chunks, but_models),
        )
        # Whatever a clock that was ahead wrote: nobody knows since when it waits.
        .order_by(case((ahead, 0), else_=1), chunks.c.queued_at, chunks.c.id)
        .limit(limit)
    )
    found = list(connection.execute(query).scalars())
    return (found + _lapsed_reservations(connection, but_models=but_models))[:limit]


def _lapsed_reservations(connection: Connection, *, but_models: frozenset[int]) -> list[int]:
    """What dead workers had reserved (`db.reservations`) and not begun."""
    line = front_of_line(chunks.c.id, chunks.c.run_id, chunks.c.leased_at, chunks.c.lease_until)
    lapsed = select(line.c.id).where(line.c.lease_until.is_not(None), has_lapsed(line), of_models_but(line, but_models))
    return list(connection.execute(lapsed).scalars())


def give_up_on_lapsed_chunks(connection: Connection, *, max_attempts: int) -> Aftermath:
    """Halve or fail the chunks whose last attempt ended without a word.

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
    failed_rows = 0
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
        after = give_up(connection, claim, error=error)
        to_ring += after.to_ring
        failed_rows += after.failed_rows
    return Aftermath(to_ring, failed_rows)
