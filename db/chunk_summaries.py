"""What drift is seen by: the summaries that chunks left of their scores, by day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import Connection, select

from newsgate.db.tables import chunks, runs
from newsgate.db.types import database_time

_FETCH_ROWS = 1000


@dataclass(frozen=True, slots=True)
class ChunkSummary:
    """The summary of one chunk, as JSON; the day, in UTC, it was finished; the model that scored it."""

    day: date
    model: int
    summary: str


def run_summaries(connection: Connection, run: int) -> list[str]:
    """The summaries of a run's chunks, each as JSON."""
    query = select(chunks.c.summary).where(chunks.c.run_id == run, chunks.c.summary.is_not(None))
    return list(connection.execute(query).scalars())


def read_summaries(connection: Connection, *, days: int) -> Iterator[ChunkSummary]:
    """The summaries of chunks finished today or in the `days` - 1 days before, a block of rows in memory at a time."""
    now: datetime = connection.execute(select(database_time())).scalar_one()
    midnight = datetime.combine(now.date(), time(), tzinfo=now.tzinfo)
    query = (
        select(chunks.c.finished_at, runs.c.model, chunks.c.summary)
        .join_from(chunks, runs)
        .where(chunks.c.summary.is_not(None), chunks.c.finished_at >= midnight - timedelta(days=days - 1))
    )
    rows = connection.execution_options(yield_per=_FETCH_ROWS).execute(query)
    return (ChunkSummary(row.finished_at.date(), row.model, row.summary) for row in rows)
