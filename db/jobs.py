"""Periodic jobs: one row a period decides who does the job, and a lease how long its worker may stay silent.

However often the schedule rings and however many workers hear it, a job happens once a period. Like a chunk, a job is
taken with an attempt number and a lease on the database's clock, and every later write names the attempt: one that
was taken over finds that out and writes nothing.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Connection, Row, and_, case, func, insert, literal, or_, select, text, update

from newsgate.db.errors import DatabaseError
from newsgate.db.leases import has_lapsed, holds, is_ahead, lease_of
from newsgate.db.types import database_time
from newsgate.db.upkeep_tables import jobs

Ending = Literal["done", "skipped", "failed"]

RETRAIN_JOB: Final = "retrain"
_AHEAD = "ahead "
_LONGEST_PERIOD_CHARS = 32


class JobFencedError(DatabaseError):
    """The job was taken over while it was done; nothing of this attempt may be written."""

    def __init__(self, claim: JobClaim) -> None:
        super().__init__(f"{claim.job} of {claim.period} was taken over after attempt {claim.attempt} began")
        self.claim = claim


@dataclass(frozen=True, slots=True)
class JobClaim:
    """One attempt at the job of one period, held until its lease runs out.

    progress: what earlier attempts of the period left, empty at first.
    """

    job: str
    period: str
    attempt: int
    worker: str
    progress: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class JobRecord:
    """Where the job of one period stands."""

    job: str
    period: str
    state: str
    attempt: int
    worker: str
    started_at: datetime
    finished_at: datetime | None
    outcome: Mapping[str, Any]


def take_job(
    connection: Connection, job: str, *, period: str, worker: str, lease_seconds: float, max_attempts: int
) -> JobClaim | None:
    """Take the job of a period, or None where it is over, out of attempts, or another period's is under way.

    The attempt is counted here, before anything can go wrong, so an attempt that kills its process counts too.
    """
    _lock(connection, job)
    _free_periods_to_come(connection, job)
    _bury_the_dead(connection, job, period=period, max_attempts=max_attempts)
    if running_job(connection, job) is not None:
        return None
    mine = and_(jobs.c.job == job, jobs.c.period == period)
    taken = {"state": "running", "worker": worker, **lease_of(lease_seconds)}
    known = connection.execute(select(jobs.c.state, jobs.c.attempt, jobs.c.outcome).where(mine)).one_or_none()
    if known is None:
        connection.execute(insert(jobs).values(job=job, period=period, started_at=database_time(), attempt=1, **taken))
        return JobClaim(job, period, 1, worker, {})
    if known.state not in ("running", "failed") or known.attempt >= max_attempts:
        return None
    attempt = known.attempt + 1
    connection.execute(update(jobs).where(mine).values(attempt=attempt, finished_at=None, **taken))
    return JobClaim(job, period, attempt, worker, _parsed(known.outcome))


def renew_lease(connection: Connection, claim: JobClaim, *, lease_seconds: float) -> bool:
    """Say that the attempt is alive; gives whether it still holds the job."""
    renewed = connection.execute(update(jobs).where(_held(claim)).values(lease_of(lease_seconds)))
    return renewed.rowcount == 1


def note_progress(connection: Connection, claim: JobClaim, progress: Mapping[str, Any]) -> None:
    """Record how far the attempt is. Raises JobFencedError where it was taken over."""
    noted = connection.execute(update(jobs).where(_held(claim)).values(outcome=json.dumps(progress, sort_keys=True)))
    if noted.rowcount != 1:
        raise JobFencedError(claim)


def end_job(connection: Connection, claim: JobClaim, *, state: Ending, outcome: Mapping[str, Any]) -> None:
    """Record what came of the attempt; a failed one may be followed by another.

    Raises JobFencedError where it was taken over, or has ended already.
    """
    ended = connection.execute(
        update(jobs)
        .where(_held(claim))
        .values(state=state, lease_until=None, finished_at=database_time(), outcome=json.dumps(outcome, sort_keys=True))
    )
    if ended.rowcount != 1:
        raise JobFencedError(claim)


def hand_back(connection: Connection, claim: JobClaim) -> None:
    """Give up an attempt that was told to stop: it does not count, and anyone may take the job at once."""
    connection.execute(
        update(jobs).where(_held(claim)).values(lease_until=database_time(-1), attempt=jobs.c.attempt - 1)
    )


def running_job(connection: Connection, job: str) -> JobRecord | None:
    """The job under way, whichever period it is of: one whose lease holds."""
    alive = and_(jobs.c.job == job, jobs.c.state == "running", holds(jobs))
    found = connection.execute(select(jobs).where(alive)).first()
    return None if found is None else _record(found)


def job_record(connection: Connection, job: str, *, period: str) -> JobRecord | None:
    """Where the job of one period stands, None where nobody took it yet."""
    found = connection.execute(select(jobs).where(jobs.c.job == job, jobs.c.period == period)).one_or_none()
    return None if found is None else _record(found)


def last_done(connection: Connection, job: str) -> JobRecord | None:
    """The latest time the job was done, None where it never was."""
    done = select(jobs).where(jobs.c.job == job, jobs.c.state == "done")
    # One that a clock which was ahead has dated would be the latest until that time comes.
    latest_first = (case((is_ahead(jobs.c.finished_at), 1), else_=0), jobs.c.finished_at.desc())
    found = connection.execute(done.order_by(*latest_first).limit(1)).one_or_none()
    return None if found is None else _record(found)


def latest_failed(connection: Connection, job: str) -> bool:
    """Whether the job's latest period ended badly, or whoever did it died; not where it was handed back."""
    latest = select(jobs.c.state, jobs.c.attempt, has_lapsed(jobs).label("lapsed")).where(
        jobs.c.job == job, ~is_ahead(jobs.c.started_at)
    )
    found = connection.execute(latest.order_by(jobs.c.started_at.desc()).limit(1)).one_or_none()
    if found is None:
        return False
    return found.state == "failed" or (found.state == "running" and found.attempt > 0 and bool(found.lapsed))


def database_now(connection: Connection) -> datetime:
    """The database's clock, which decides what period it is."""
    now: datetime = connection.execute(select(database_time())).scalar_one()
    return now


def _held(claim: JobClaim) -> ColumnElement[bool]:
    return and_(
        jobs.c.job == claim.job,
        jobs.c.period == claim.period,
        jobs.c.state == "running",
        jobs.c.attempt == claim.attempt,
        jobs.c.worker == claim.worker,
    )


def _lock(connection: Connection, job: str) -> None:
    # Who takes a job looks at rows of several periods. On SQLite a writing transaction is alone anyway.
    if connection.dialect.name == "postgresql":
        number = zlib.crc32(f"newsgate job {job}".encode())
        connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": number})


def _free_periods_to_come(connection: Connection, job: str) -> None:
    """Let what was done by a clock that was ahead be of no period: the job is done again when that period comes."""
    known = jobs.alias()
    name = literal(_AHEAD) + func.substr(jobs.c.period, 1, _LONGEST_PERIOD_CHARS - len(_AHEAD))
    connection.execute(
        update(jobs)
        .where(
            jobs.c.job == job,
            jobs.c.state != "running",
            is_ahead(jobs.c.started_at),
            jobs.c.period.not_like(f"{_AHEAD}%"),
            ~select(known.c.period).where(known.c.job == jobs.c.job, known.c.period == name).exists(),
        )
        .values(period=name)
    )


def _bury_the_dead(connection: Connection, job: str, *, period: str, max_attempts: int) -> None:
    """Close what fell silent and will not be taken up again: other periods', and those out of attempts."""
    dead = select(jobs.c.period, jobs.c.attempt, jobs.c.outcome).where(
        jobs.c.job == job,
        jobs.c.state == "running",
        has_lapsed(jobs),
        or_(jobs.c.period != period, jobs.c.attempt >= max_attempts),
    )
    for row in connection.execute(dead).all():
        reason = f"the trainer died or was stopped during attempt {row.attempt}"
        connection.execute(
            update(jobs)
            .where(jobs.c.job == job, jobs.c.period == row.period)
            .values(
                state="failed",
                lease_until=None,
                finished_at=database_time(),
                outcome=json.dumps({**_parsed(row.outcome), "reason": reason}, sort_keys=True),
            )
        )


def _record(row: Row[Any]) -> JobRecord:
    return JobRecord(
        job=row.job,
        period=row.period,
        state=row.state,
        attempt=row.attempt,
        worker=row.worker,
        started_at=row.started_at,
        finished_at=row.finished_at,
        outcome=_parsed(row.outcome),
    )


def _parsed(outcome: str | None) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(outcome) if outcome else {}
    return parsed
