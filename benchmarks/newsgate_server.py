"""newsgate as a person runs it: `newsgate up` as a process with a home of its own, and commands beside it."""

from __future__ import annotations

import contextlib
import csv
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import (
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
from tasks.local import is_up
from worker.embedded_redis import shut_down
from worker.settings import Settings

_UP_SECONDS = 60
# More than the 30 s in which `newsgate up` lets its worker finish.
_DOWN_SECONDS = 50
_CLASSIFY_SECONDS = 1800


@dataclass(frozen=True, slots=True)
class Classified:
    """One `newsgate classify FILE`, from the start of its process to its exit."""

    cost: Cost
    tokens: int


@dataclass(frozen=True, slots=True)
class NewsgateServer:
    """A running `newsgate up`."""

    process: subprocess.Popen[bytes]
    environment: dict[str, str]
    folder: Path

    def classify(self, posts: Path, *, rows: int, **settings: str) -> Classified:
        """Classify a file and check that each of its `rows` has a verdict; `settings` are NEWSGATE_ variables."""
        output = self.folder / "verdicts.csv"
        started, cpu_before = time.monotonic(), self._cpu_seconds()
        run_to_end(
            [program("newsgate"), "classify", str(posts), "--format", "csv", "-o", str(output)],
            environment={**self.environment, **settings},
            folder=self.folder,
            limit_seconds=_CLASSIFY_SECONDS,
        )
        seconds, cpu_seconds = time.monotonic() - started, self._cpu_seconds() - cpu_before
        return Classified(Cost(rows, seconds, cpu_seconds), tokens=_count_tokens(output, rows=rows))

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
    settings = settings_of(folder / "home")
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
        yield NewsgateServer(process, environment, folder)


@contextlib.contextmanager
def _broker_gone_at_the_end(settings: Settings) -> Iterator[None]:
    try:
        yield
    finally:
        shut_down(settings.broker_socket)


def _count_tokens(output: Path, *, rows: int) -> int:
    """The tokens of all texts; raises BenchmarkError unless every row has exactly one verdict."""
    with output.open(encoding="utf-8", newline="") as file:
        verdicts = list(csv.DictReader(file))
    judged = {verdict["external_id"] for verdict in verdicts if verdict["label"] in ("fake", "real")}
    if len(verdicts) != rows or len(judged) != rows:
        raise BenchmarkError(f"{rows} rows gave {len(verdicts)} results and {len(judged)} verdicts")
    return sum(int(verdict["token_count"]) for verdict in verdicts)
