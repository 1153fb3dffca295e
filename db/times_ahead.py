"""Stored times that lie in the future: signs of a clock that was ahead, or that is behind now."""

from __future__ import annotations

from sqlalchemy import Column, ColumnElement, Connection, and_, func, select

from newsgate.db.judgement_tables import review_leases
from newsgate.db.leases import is_ahead, is_lease_ahead
from newsgate.db.tables import batches, chunks
from newsgate.db.upkeep_tables import jobs

_WAITING = chunks.c.state == "queued"
_KINDS: tuple[tuple[str, Column[object], ColumnElement[bool]], ...] = (
    ("chunks are queued at a time", chunks.c.queued_at, and_(_WAITING, is_ahead(chunks.c.queued_at))),
    ("chunks are leased until a time", chunks.c.lease_until, and_(chunks.c.state == "running", is_lease_ahead(chunks))),
    ("jobs are leased until a time", jobs.c.lease_until, and_(jobs.c.state == "running", is_lease_ahead(jobs))),
    ("texts under review are leased until a time", review_leases.c.lease_until, is_lease_ahead(review_leases)),
    ("batches are made at a time", batches.c.created_at, is_ahead(batches.c.created_at)),
)


def find_times_ahead(connection: Connection) -> list[str]:
    """A sentence for each kind of time that the clock has not reached. None of them keeps anything waiting."""
    found = []
    for what, time, ahead in _KINDS:
        count, latest = connection.execute(select(func.count(), func.max(time)).where(ahead)).one()
        if count:
            found.append(f"{count} {what} that is to come, the latest {latest:%Y-%m-%d %H:%M:%S} UTC")
    return found


def count_waiting(connection: Connection) -> int:
    """How many chunks, jobs and texts under review wait, or are leased."""
    waiting = (
        select(func.count()).select_from(chunks).where(chunks.c.state.in_(("queued", "running"))),
        select(func.count()).select_from(jobs).where(jobs.c.state == "running"),
        select(func.count()).select_from(review_leases),
    )
    return sum(connection.execute(query).scalar_one() for query in waiting)
