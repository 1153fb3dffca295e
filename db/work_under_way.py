"""What is under way in the whole system: the runs that are not over, and the chunks that wait."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, case, func, or_, select

from newsgate.db.leases import is_ahead
from newsgate.db.tables import batches, chunks, runs
from newsgate.db.turns import waits


@dataclass(frozen=True, slots=True)
class RunUnderWay:
    """A run and how far it is. loaded: no more rows will come. started_at: when its first chunk was begun."""

    run: int
    batch: int
    name: str
    model: int
    state: str
    total: int
    done: int
    failed: int
    loaded: bool
    started_at: datetime | None

    @property
    def finished_rows(self) -> int:
        """Rows that need no more work."""
        return self.done + self.failed

    @property
    def is_over(self) -> bool:
        """Nothing more will happen to it by itself."""
        return self.state in ("done", "cancelled")


@dataclass(frozen=True, slots=True)
class WaitingChunks:
    """The chunks that wait for a worker. oldest_at: since when the one waits that waits the longest."""

    count: int
    oldest_at: datetime | None


def runs_under_way(
    connection: Connection, *, batch: int | None = None, also: Collection[int] = (), limit: int
) -> list[RunUnderWay]:
    """The runs that are not over, and those of the numbers in `also`, oldest first. batch: of this batch alone."""
    is_wanted = or_(runs.c.state.in_(("queued", "running")), runs.c.id.in_(list(also)))
    query = (
        select(
            runs.c.id.label("run"),
            runs.c.batch_id.label("batch"),
            batches.c.name,
            runs.c.model,
            case((runs.c.paused_at.is_not(None), "paused"), else_=runs.c.state).label("state"),
            runs.c.total,
            runs.c.done,
            runs.c.failed,
            runs.c.loaded,
            runs.c.started_at,
        )
        .join_from(runs, batches)
        .where(is_wanted, batches.c.purged_at.is_(None))
        .order_by(runs.c.id)
        .limit(limit)
    )
    if batch is not None:
        query = query.where(runs.c.batch_id == batch)
    return [RunUnderWay(**row._mapping) for row in connection.execute(query)]


def waiting_chunks(connection: Connection) -> WaitingChunks:
    """How many chunks wait, and since when. A time that a clock which was ahead has told counts for nothing.

    Those of a run that is paused do not count.
    """
    oldest_at = func.min(chunks.c.queued_at).filter(~is_ahead(chunks.c.queued_at))
    return WaitingChunks(*connection.execute(select(func.count(), oldest_at).where(waits(chunks))).one())
