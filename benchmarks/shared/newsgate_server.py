"""newsgate as a person runs it: `newsgate up` as a process with a home of its own, and commands beside it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.shared.processes import (
    BenchmarkError,
    Cost,
    clean_environment,
    cpu_seconds_here,
    cpu_seconds_of,
    program,
    run_to_end,
    running,
    wait_until,
)
from benchmarks.shared.servers import redis_over_tcp, safe_postgres
from newsgate.tasks.running.local_system import is_up
from newsgate.worker.embedded_redis import shut_down
from newsgate.worker.settings import Settings

_UP_SECONDS = 60
# More than the 30 s in which `newsgate up` lets its worker finish.
_DOWN_SECONDS = 50
_ENQUEUE_SECONDS = 1800


@dataclass(frozen=True, slots=True)
class NewsgateServer:
    """A running `newsgate up`. settings: by which a process beside it finds its database and broker.

    servers: the process ids of the database and the broker where they are no processes of its own.
    """

    process: subprocess.Popen[bytes]
    environment: dict[str, str]
    folder: Path
    settings: Settings
    servers: tuple[int, ...] = ()

    def enqueue(self, posts: Path, *, rows: int, **settings: str) -> Cost:
        """Enqueue a file of `rows` and wait for its verdicts; `settings` are NEWSGATE_ variables.

        The time runs from the start of the command's process to its exit. Raises BenchmarkError unless every row has
        its verdict.
        """
        started, cpu_before = time.monotonic(), self._cpu_seconds()
        printed = run_to_end(
            [program("enqueue"), str(posts), "--wait", "--json"],
            environment={**self.environment, **settings},
            folder=self.folder,
            limit_seconds=_ENQUEUE_SECONDS,
        )
        seconds, cpu_seconds = time.monotonic() - started, self._cpu_seconds() - cpu_before
        # The command has ended well, so none of its rows was refused or has failed.
        if json.loads(printed)["items"] != rows:
            raise BenchmarkError(f"{rows} rows gave {printed}")
        return Cost(rows, seconds, cpu_seconds)

    def _cpu_seconds(self) -> float:
        return cpu_seconds_of(self.process) + cpu_seconds_here()


def settings_of(home: Path) -> Settings:
    """The settings of a newsgate that has nothing set but its home."""
    return Settings(home=home, database_url="", broker_url="")


@contextlib.contextmanager
def newsgate_server(folder: Path, **variables: str) -> Iterator[NewsgateServer]:
    """Keep `newsgate up` running with an empty home in `folder` for as long as the block lasts.

    variables: further NEWSGATE_ variables, for it and for the commands beside it.
    """
    with _running(folder, settings_of(folder / "home"), variables) as server:
        yield server


@contextlib.contextmanager
def newsgate_on_servers(folder: Path, **variables: str) -> Iterator[NewsgateServer]:
    """Do so on a PostgreSQL and a Redis that listen on TCP ports of this machine."""
    with safe_postgres() as postgres, redis_over_tcp(folder / "redis") as redis:
        settings = Settings(
            home=folder / "home", database_url=postgres.new_database(migrated=True), broker_url=redis.url
        )
        addresses = {"NEWSGATE_DATABASE_URL": settings.database_url, "NEWSGATE_BROKER_URL": settings.broker_url}
        assert redis.process is not None
        with _running(folder, settings, variables | addresses, postgres.pid, redis.process.pid) as server:
            yield server


@contextlib.contextmanager
def _running(folder: Path, settings: Settings, variables: Mapping[str, str], *servers: int) -> Iterator[NewsgateServer]:
    environment = clean_environment(NEWSGATE_HOME=str(settings.home), **variables)
    log = folder / "newsgate.log"
    with (
        # Last of all: should `newsgate up` have had to be killed, its broker is still there.
        _broker_gone_at_the_end(settings),
        running(
            [program("newsgate"), "up"],
            environment=environment,
            folder=folder,
            log=log,
            patience_seconds=_DOWN_SECONDS,
        ) as process,
    ):
        wait_until(lambda: is_up(settings), what="newsgate is up", seconds=_UP_SECONDS, process=process, log=log)
        yield NewsgateServer(process, environment, folder, settings, servers)


@contextlib.contextmanager
def _broker_gone_at_the_end(settings: Settings) -> Iterator[None]:
    try:
        yield
    finally:
        shut_down(settings.broker_socket)
