"""How long each program takes from its start until it does what it is for, its files in the page cache or not.

Nothing of newsgate is imported here, nor what it imports: the system keeps in its page cache what a running process
has mapped, and with NumPy in this one a cold start would find NumPy there.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.answering.ready_messages import TRAINER_SAYS, UP_SAYS, WITH_WORKERS, WORKER_SAYS, WORKERS, times_said
from benchmarks.shared.home import Home
from benchmarks.shared.processes import RunningProgram, scratch_folder
from benchmarks.shared.progress import say

HELP: Final = "`enqueue --help` has ended"
ENQUEUE: Final = "`enqueue` of one row has ended"
STATUS: Final = "`newsgate status` has ended"
WORKER_READY: Final = "`newsgate worker` says `ready:`"
WORKER_DONE: Final = "`newsgate worker` has committed a row that waited"
TRAINER_READY: Final = "`newsgate trainer` says `ready:`"
UP: Final = "`newsgate up` says that it is up"
UP_READY: Final = f"`newsgate up` has {WORKERS} workers that say `ready:`"
MOMENTS: Final = (HELP, ENQUEUE, STATUS, WORKER_READY, WORKER_DONE, TRAINER_READY, UP, UP_READY)

NEEDS_ROOT: Final = "not measured: needs root"
LEFT_OUT: Final = "not measured: left out"
NOT_INSTALLED: Final = "not measured: training is not installed"

_PAGE_CACHE: Final = Path("/proc/sys/vm/drop_caches")
_LIMIT_SECONDS: Final = 120


@dataclass(frozen=True, slots=True)
class StartUps:
    """Seconds from a program's start to each moment, one for each repeat; a moment without any was not measured.

    why_not_cold: the reason where no cold start was measured, else None.
    """

    warm: Mapping[str, Sequence[float]]
    cold: Mapping[str, Sequence[float]]
    why_not_cold: str | None


def measure(*, repeats: int, with_cold: bool) -> StartUps:
    """Start each program `repeats` times with its files in the page cache, then as often after that was emptied."""
    why_not_cold = None
    if not with_cold:
        why_not_cold = LEFT_OUT
    elif not os.access(_PAGE_CACHE, os.W_OK):
        why_not_cold = NEEDS_ROOT
    with scratch_folder() as folder:
        desk = _Desk(folder)
        say("start-up: a first round, not measured")
        desk.round(cold=False)
        warm = _collect([desk.round(cold=False) for _ in _counted(repeats, "warm")])
        cold = _collect([desk.round(cold=True) for _ in _counted(repeats if why_not_cold is None else 0, "cold")])
    return StartUps(warm, cold, why_not_cold)


class _Desk:
    """A home that exists, with a database and a model, and the programs that are started in it one after another."""

    def __init__(self, folder: Path) -> None:
        self._home = Home(folder, WITH_WORKERS)
        self._rounds = 0
        self._cold = False
        self._home.run("newsgate", "migrate")

    def round(self, *, cold: bool) -> dict[str, float]:
        """Start each program once; the row that `enqueue` stores is the one that waits for the worker."""
        self._rounds += 1
        self._cold = cold
        with self._broker():
            seconds = {
                HELP: self._timed("enqueue", "--help"),
                ENQUEUE: self._timed("enqueue", self._next_file()),
                STATUS: self._timed("newsgate", "status"),
                **self._start_worker(),
                **self._start_trainer(),
            }
        return seconds | self._start_up()

    def _next_file(self) -> Path:
        # Another text each time: the same file would not be enqueued again.
        file = self._home.folder / f"{self._rounds}.csv"
        file.write_text(f"text\nWhat post number {self._rounds} says of what another one said\n", encoding="utf-8")
        return file

    def _start_worker(self) -> dict[str, float]:
        with self._started("worker") as start:
            ready = start.seconds_until(lambda: start.times_said(WORKER_SAYS) > 0, what="the worker is ready")
            # Each round leaves one verdict.
            done = start.seconds_until(lambda: self._verdicts() == self._rounds, what="the row has its verdict")
        return {WORKER_READY: ready, WORKER_DONE: done}

    def _start_trainer(self) -> dict[str, float]:
        if importlib.util.find_spec("tensorflow") is None:
            return {}
        with self._started("trainer") as start:
            ready = start.seconds_until(lambda: start.times_said(TRAINER_SAYS) > 0, what="the trainer is ready")
        return {TRAINER_READY: ready}

    def _start_up(self) -> dict[str, float]:
        try:
            with self._started("up") as start:
                up = start.seconds_until(lambda: start.times_said(UP_SAYS) > 0, what="newsgate is up")
                ready = start.seconds_until(
                    lambda: start.times_said(WORKER_SAYS) == WORKERS, what="the workers are ready"
                )
        finally:
            # Should it have had to be killed, its broker is still there.
            self._run_broker("stop")
        return {UP: up, UP_READY: ready}

    @contextlib.contextmanager
    def _started(self, name: str) -> Iterator[_Start]:
        self._prepare()
        at = time.monotonic()
        with self._home.running("newsgate", name) as program:
            yield _Start(at, program)
            program.log.unlink()

    def _timed(self, name: str, *arguments: str | Path) -> float:
        self._prepare()
        at = time.monotonic()
        self._home.run(name, *arguments)
        return time.monotonic() - at

    def _prepare(self) -> None:
        if self._cold:
            # What is not on disk yet would stay in the cache.
            os.sync()
            _PAGE_CACHE.write_text("3", encoding="ascii")

    @contextlib.contextmanager
    def _broker(self) -> Iterator[None]:
        # Only for as long as it is needed: while it runs, its program is in the page cache.
        try:
            self._run_broker("start")
            yield
        finally:
            self._run_broker("stop")

    def _run_broker(self, order: str) -> None:
        self._home.run("python", "-m", "benchmarks.answering.private_broker", order)

    def _verdicts(self) -> int:
        # Python's own SQLite may be one that newsgate avoids. A reader never checkpoints, so it can do no harm.
        file = self._home.folder / "home" / "newsgate.db"
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            return int(connection.execute("select count(*) from verdicts").fetchone()[0])


@dataclass(frozen=True, slots=True)
class _Start:
    """A program that was started at `at`, by the monotonic clock."""

    at: float
    program: RunningProgram

    def times_said(self, words: str) -> int:
        """How often its output holds these words so far."""
        return times_said(self.program.log, words)

    def seconds_until(self, condition: Callable[[], bool], *, what: str) -> float:
        """Wait until the condition holds and return the seconds since the start, late by some hundredths at most."""
        self.program.wait_until(condition, what=what, seconds=_LIMIT_SECONDS)
        return time.monotonic() - self.at


def _collect(rounds: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    return {moment: [each[moment] for each in rounds] for moment in MOMENTS if rounds and moment in rounds[0]}


def _counted(repeats: int, name: str) -> Iterator[int]:
    for number in range(1, repeats + 1):
        say(f"start-up: {name}, {number} of {repeats}")
        yield number
