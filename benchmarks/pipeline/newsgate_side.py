"""newsgate itself, in its two set-ups: with nothing set, and on a PostgreSQL and a Redis over TCP."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.pipeline.processor_time import tree_cpu_seconds
from benchmarks.pipeline.side import Side, Work
from benchmarks.shared.newsgate_server import NewsgateServer, newsgate_on_servers, newsgate_server
from benchmarks.shared.processes import BenchmarkError, Cost, cpu_seconds_here, cpu_seconds_of
from newsgate.db.session import Database
from newsgate.tasks.enqueueing.enqueue import enqueue
from newsgate.tasks.enqueueing.request import Request
from newsgate.tasks.running.open_database import open_database
from newsgate.tasks.running.wait_for_batch import wait_for_batch


@dataclass(frozen=True, slots=True)
class Newsgate:
    """A file enqueued by a process that runs already, and its verdicts waited for, beside a running `newsgate up`."""

    server: NewsgateServer
    database: Database

    def classify(self, work: Work) -> Cost:
        """Enqueue the file and wait until every row has its verdict in the database."""
        return self.classify_file(work.file, rows=len(work.texts))

    def classify_file(self, file: Path, *, rows: int) -> Cost:
        """Do so with any file of so many rows. Raises BenchmarkError where a verdict is missing."""
        started, cpu_before = time.monotonic(), self._cpu_seconds()
        batch = enqueue(Request(str(file)), settings=self.server.home.settings, database=self.database).batch
        done = wait_for_batch(self.database, batch).done
        cost = Cost(done, time.monotonic() - started, self._cpu_seconds() - cpu_before)
        if done != rows:
            raise BenchmarkError(f"{rows} rows gave {done} verdicts")
        return cost

    def _cpu_seconds(self) -> float:
        others = sum(tree_cpu_seconds(pid) for pid in self.server.servers)
        return cpu_seconds_here() + cpu_seconds_of(self.server.up.process) + others


@dataclass(frozen=True, slots=True)
class Command:
    """`enqueue FILE --wait`, from the start of the command's process to its exit, beside a running `newsgate up`."""

    server: NewsgateServer

    def classify(self, work: Work) -> Cost:
        """Enqueue the file and wait until every row has its verdict in the database."""
        return self.server.enqueue(work.file, rows=len(work.texts))


@contextlib.contextmanager
def open_newsgate(folder: Path, warm_up: Work) -> Iterator[Newsgate]:
    """newsgate on SQLite and its private broker."""
    with newsgate_server(folder) as server, _warm(server, warm_up) as newsgate:
        yield newsgate


@contextlib.contextmanager
def open_newsgate_on_servers(folder: Path, warm_up: Work) -> Iterator[Newsgate]:
    """newsgate on a PostgreSQL and a Redis that listen on TCP ports of this machine."""
    with newsgate_on_servers(folder) as server, _warm(server, warm_up) as newsgate:
        yield newsgate


@contextlib.contextmanager
def open_command(folder: Path, warm_up: Work) -> Iterator[Side]:
    """newsgate on SQLite and its private broker, each file by a command of its own."""
    with newsgate_server(folder) as server:
        command = Command(server)
        command.classify(warm_up)
        yield command


@contextlib.contextmanager
def _warm(server: NewsgateServer, warm_up: Work) -> Iterator[Newsgate]:
    database = open_database(server.home.settings)
    try:
        newsgate = Newsgate(server, database)
        newsgate.classify(warm_up)
        yield newsgate
    finally:
        database.close()
