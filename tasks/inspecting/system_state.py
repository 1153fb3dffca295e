"""The state of the whole system at one moment: what is under way and how fast, who works, what comes next."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from newsgate.db.jobs import database_now
from newsgate.db.model_registry import champion_number
from newsgate.db.session import Database
from newsgate.db.work_under_way import RunUnderWay, WaitingChunks, runs_under_way, waiting_chunks
from newsgate.db.workers import SeenWorker, seen_workers
from newsgate.worker.crontab import retraining_crontab
from newsgate.worker.settings import Settings

# Long enough that a chunk of 2000 rows here and there does not make the pace jump.
PACE_SECONDS: Final = 20.0
_LEAST_SECONDS = 2.0
MOST_RUNS: Final = 20


@dataclass(frozen=True, slots=True)
class SystemState:
    """What the database tells at one moment, its own clock being `at`.

    runs: those under way, oldest first, and those a reader asked to see to their end. next_retraining: when the
    schedule is due next; whether it happens depends on a trainer and on new labels.
    """

    at: datetime
    runs: tuple[RunUnderWay, ...]
    waiting: WaitingChunks
    workers: tuple[SeenWorker, ...]
    champion: int | None
    next_retraining: datetime

    def count(self, kind: str, *, silent: bool = False) -> int:
        """How many workers, or trainers, live; or have fallen silent."""
        return sum(each.kind == kind and each.is_silent == silent for each in self.workers)

    @property
    def working(self) -> int:
        """How many workers have a chunk in hand."""
        return sum(each.kind == "worker" and each.is_working and not each.is_silent for each in self.workers)

    @property
    def oldest_waiting_seconds(self) -> float | None:
        """For how long the chunk waits that waits the longest."""
        oldest_at = self.waiting.oldest_at
        return None if oldest_at is None else max((self.at - oldest_at).total_seconds(), 0.0)


class Pace:
    """How many rows a second each run gets done, from looks at it. clock: for tests."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._looks: dict[int, deque[tuple[float, int]]] = {}

    def observe(self, state: SystemState) -> None:
        """See how far the runs are now."""
        now = self._clock()
        for run in state.runs:
            looks = self._looks.setdefault(run.run, deque())
            looks.append((now, run.finished_rows))
            # One older than the window stays, so that the window is filled.
            while len(looks) > 2 and now - looks[1][0] >= PACE_SECONDS:
                looks.popleft()

    def rows_a_second(self, run: RunUnderWay, *, at: datetime) -> float | None:
        """The pace of the last twenty seconds; before there were two looks, the pace since the run began.

        None while nothing can be said: it waits, or its first chunks are in hand.
        """
        if run.started_at is None:
            return None
        seconds = (at - run.started_at).total_seconds()
        if not run.finished_rows and seconds < PACE_SECONDS:
            return None
        looks = self._looks.get(run.run)
        if looks is not None and len(looks) > 1 and looks[-1][0] - looks[0][0] >= _LEAST_SECONDS:
            (then, before), (now, after) = looks[0], looks[-1]
            return max(after - before, 0) / (now - then)
        return run.finished_rows / seconds if seconds >= _LEAST_SECONDS else None

    def seconds_left(self, run: RunUnderWay, *, at: datetime) -> float | None:
        """How long the rows that are there would take at this pace; None where nothing moves, or all is done."""
        pace = self.rows_a_second(run, at=at)
        left = run.total - run.finished_rows
        return left / pace if pace and left > 0 else None


def look(
    database: Database, settings: Settings, *, batch: int | None = None, also: Collection[int] = ()
) -> SystemState:
    """The state of the system now. batch: of the runs, those of this batch alone. also: runs to see even when over."""
    crontab = retraining_crontab(settings)
    with database.read() as connection:
        at = database_now(connection)
        return SystemState(
            at=at,
            runs=tuple(runs_under_way(connection, batch=batch, also=also, limit=MOST_RUNS + len(also))),
            waiting=waiting_chunks(connection),
            workers=tuple(seen_workers(connection)),
            champion=champion_number(connection),
            next_retraining=crontab.next_due(at),
        )


def state_figures(state: SystemState, pace: Pace) -> dict[str, Any]:
    """The state as JSON values; times in UTC."""
    return {
        "at": state.at.isoformat(),
        "batches": [_run_figures(run, state, pace) for run in state.runs],
        "workers": state.count("worker"),
        "working": state.working,
        "silent": state.count("worker", silent=True),
        "trainers": state.count("trainer"),
        "waiting_chunks": state.waiting.count,
        "oldest_waiting_seconds": state.oldest_waiting_seconds,
        "champion": state.champion,
        "next_retraining": state.next_retraining.isoformat(),
    }


def _run_figures(run: RunUnderWay, state: SystemState, pace: Pace) -> dict[str, Any]:
    keys = ("batch", "name", "run", "model", "state", "total", "done", "failed", "loaded")
    figures = {key: getattr(run, key) for key in keys}
    return {
        **figures,
        "rows_a_second": pace.rows_a_second(run, at=state.at),
        "seconds_left": pace.seconds_left(run, at=state.at),
    }
