"""newsgate itself, in its two set-ups: with nothing set, and on a PostgreSQL and a Redis over TCP."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.newsgate_server import NewsgateServer, newsgate_server
from benchmarks.pipeline.processor_time import tree_cpu_seconds
from benchmarks.pipeline.side import Side, Work
from benchmarks.processes import Cost
from tests.services import PostgresServer, RedisServer, short_folder


@dataclass(frozen=True, slots=True)
class Newsgate:
    """`enqueue FILE --wait`, from the start of the command's process to its exit, beside a running `newsgate up`.

    servers: processes whose processor time counts too.
    """

    server: NewsgateServer
    servers: tuple[int, ...] = ()

    def classify(self, work: Work) -> Cost:
        """Enqueue the file and wait until every row has its verdict in the database."""
        cpu_before = self._cpu_seconds_of_servers()
        cost = self.server.enqueue(work.file, rows=len(work.texts))
        return Cost(cost.rows, cost.seconds, cost.cpu_seconds + self._cpu_seconds_of_servers() - cpu_before)

    def _cpu_seconds_of_servers(self) -> float:
        return sum(tree_cpu_seconds(pid) for pid in self.servers)


class SafePostgresServer(PostgresServer):
    """The tests' server, but with a commit that survives a power cut: PostgreSQL's own defaults."""

    def _flags(self) -> str:
        return f"-p {self.port} -h 127.0.0.1 -k {self._folder}"

    @property
    def pid(self) -> int:
        """The process whose children serve the connections."""
        return int(Path(self._data, "postmaster.pid").read_text(encoding="ascii").split()[0])


@contextlib.contextmanager
def open_newsgate(folder: Path, warm_up: Work) -> Iterator[Side]:
    """newsgate on SQLite and its private broker."""
    with newsgate_server(folder) as server:
        newsgate = Newsgate(server)
        newsgate.classify(warm_up)
        yield newsgate


@contextlib.contextmanager
def open_newsgate_on_servers(folder: Path, warm_up: Work) -> Iterator[Side]:
    """newsgate on a PostgreSQL and a Redis that listen on TCP ports of this machine."""
    with safe_postgres() as postgres, redis_over_tcp(folder / "redis") as redis:
        addresses = {"NEWSGATE_DATABASE_URL": postgres.new_database(migrated=True), "NEWSGATE_BROKER_URL": redis.url}
        assert redis.process is not None
        with newsgate_server(folder, **addresses) as server:
            newsgate = Newsgate(server, servers=(postgres.pid, redis.process.pid))
            newsgate.classify(warm_up)
            yield newsgate


@contextlib.contextmanager
def safe_postgres() -> Iterator[SafePostgresServer]:
    """A PostgreSQL of its own for as long as the block lasts."""
    # Not in the benchmark's folder: the server may have to be run by another user.
    folder = short_folder("bench-pg-")
    try:
        server = SafePostgresServer(folder / "server")
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def redis_over_tcp(folder: Path) -> Iterator[RedisServer]:
    """A Redis of its own, its data in `folder`, for as long as the block lasts."""
    server = RedisServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
