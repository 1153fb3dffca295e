"""newsgate as a person runs it: `newsgate up` as a process with a home of its own, and commands beside it."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.shared.home import Home
from benchmarks.shared.processes import BenchmarkError, Cost, RunningProgram, cpu_seconds_here, cpu_seconds_of
from benchmarks.shared.servers import redis_over_tcp, safe_postgres
from newsgate.tasks.running.local_system import is_up
from newsgate.worker.embedded_redis import shut_down
from newsgate.worker.settings import Settings

_UP_SECONDS = 60


@dataclass(frozen=True, slots=True)
class NewsgateServer:
    """A running `newsgate up`.

    servers: the process ids of the database and the broker where they are no processes of its own.
    """

    home: Home
    up: RunningProgram
    servers: tuple[int, ...] = ()

    def enqueue(self, posts: Path, *, rows: int, **settings: str) -> Cost:
        """Enqueue a file of `rows` and wait for its verdicts; `settings` are NEWSGATE_ variables.

        The time runs from the start of the command's process to its exit. Raises BenchmarkError unless every row has
        its verdict.
        """
        started, cpu_before = time.monotonic(), self._cpu_seconds()
        printed = self.home.run("enqueue", posts, "--wait", "--json", **settings)
        seconds, cpu_seconds = time.monotonic() - started, self._cpu_seconds() - cpu_before
        # The command has ended well, so none of its rows was refused or has failed.
        if json.loads(printed)["items"] != rows:
            raise BenchmarkError(f"{rows} rows gave {printed}")
        return Cost(rows, seconds, cpu_seconds)

    def _cpu_seconds(self) -> float:
        return cpu_seconds_of(self.up.process) + cpu_seconds_here()


@contextlib.contextmanager
def newsgate_server(folder: Path, **variables: str) -> Iterator[NewsgateServer]:
    """Keep `newsgate up` running with an empty home in `folder` for as long as the block lasts.

    variables: further NEWSGATE_ variables, for it and for the commands beside it.
    """
    with _running(Home(folder, variables)) as server:
        yield server


@contextlib.contextmanager
def newsgate_on_servers(folder: Path, **variables: str) -> Iterator[NewsgateServer]:
    """Do so on a PostgreSQL and a Redis that listen on TCP ports of this machine."""
    with safe_postgres() as postgres, redis_over_tcp(folder / "redis") as redis:
        assert redis.process is not None
        addresses = {
            "NEWSGATE_DATABASE_URL": postgres.new_database(migrated=True),
            "NEWSGATE_BROKER_URL": redis.url,
        }
        with _running(Home(folder, variables | addresses), postgres.pid, redis.process.pid) as server:
            yield server


def _can_be_rung(settings: Settings) -> bool:
    return is_up(settings) and (not settings.broker_is_private or settings.broker_socket.exists())


@contextlib.contextmanager
def _running(home: Home, *servers: int) -> Iterator[NewsgateServer]:
    try:
        with home.running("newsgate", "up") as up:
            up.wait_until(lambda: _can_be_rung(home.settings), what="newsgate is up", seconds=_UP_SECONDS)
            yield NewsgateServer(home, up, servers)
    finally:
        # Should `newsgate up` have had to be killed, its broker is still there.
        shut_down(home.settings.broker_socket)
