"""Where the whole system stands, in single figures: for whoever watches it from outside."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, case, func, select

from newsgate.db.jobs import RETRAIN_JOB, database_now, latest_failed
from newsgate.db.labels import count_labels
from newsgate.db.leases import has_lapsed, is_ahead
from newsgate.db.model_registry import champion_number
from newsgate.db.notifications import owed_count
from newsgate.db.tables import chunks, runs
from newsgate.db.turns import unfinished, waits
from newsgate.db.workers import seen_workers


@dataclass(frozen=True, slots=True)
class SystemFigures:
    """Figures of one moment. runs: those under way, by state. workers: by kind, and whether they are silent.

    oldest_wait_seconds: 0 where nothing waits. lapsed_chunks: leases that ran out and that nobody has taken over yet.
    training_failed: the latest training ended badly, or without a word.
    """

    waiting_chunks: int
    waiting_rows: int
    oldest_wait_seconds: float
    running_chunks: int
    lapsed_chunks: int
    failed_rows: int
    runs: dict[str, int]
    workers: dict[tuple[str, bool], int]
    champion: int | None
    labels: int
    owed_notifications: int
    training_failed: bool


def system_figures(connection: Connection) -> SystemFigures:
    """Look at the system now: some counts over what is unfinished, and over the runs."""
    waiting, rows, oldest_at = connection.execute(
        select(
            func.count(),
            func.coalesce(func.sum(chunks.c.item_count), 0),
            func.min(chunks.c.queued_at).filter(~is_ahead(chunks.c.queued_at)),
        ).where(waits(chunks))
    ).one()
    running, lapsed = connection.execute(
        select(func.count(), func.coalesce(func.sum(case((has_lapsed(chunks), 1), else_=0)), 0)).where(
            unfinished(chunks), chunks.c.state == "running"
        )
    ).one()
    state = case((runs.c.paused_at.is_not(None), "paused"), else_=runs.c.state)
    under_way = select(state, func.count()).where(runs.c.state.in_(("queued", "running"))).group_by(state)
    states = {"queued": 0, "running": 0, "paused": 0}
    states |= {row[0]: row[1] for row in connection.execute(under_way)}
    workers = {(kind, silent): 0 for kind in ("worker", "trainer") for silent in (False, True)}
    for each in seen_workers(connection):
        workers[each.kind, each.is_silent] += 1
    seconds = 0.0 if oldest_at is None else (database_now(connection) - oldest_at).total_seconds()
    return SystemFigures(
        waiting_chunks=waiting,
        waiting_rows=rows,
        oldest_wait_seconds=max(seconds, 0.0),
        running_chunks=running,
        lapsed_chunks=lapsed,
        failed_rows=connection.execute(select(func.coalesce(func.sum(runs.c.failed), 0))).scalar_one(),
        runs=states,
        workers=workers,
        champion=champion_number(connection),
        labels=count_labels(connection),
        owed_notifications=owed_count(connection),
        training_failed=latest_failed(connection, RETRAIN_JOB),
    )
