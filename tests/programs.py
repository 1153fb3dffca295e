"""newsgate's real programs, run as a person runs them: as processes, with an environment and nothing shared."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import text

from newsgate.db.audit import Finding, audit
from newsgate.db.batch_status import BatchStatus, batch_status
from newsgate.db.session import Database
from tests.services import wait_until
from tests.warm_programs import run_warm

BIN = Path(sys.executable).parent
_PROGRAM_SECONDS = 120
_STOP_SECONDS = 35


@dataclass(frozen=True)
class Done:
    """How a program ended and what it printed."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class World:
    """One set-up of newsgate: a home folder, a database, a broker."""

    home: Path
    database_url: str
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What the programs see: no settings of this process; one worker and no trainer unless a test wants more."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("NEWSGATE_")}
        return {
            **clean,
            "NEWSGATE_HOME": str(self.home),
            "NEWSGATE_UP_TRAINS": "no",
            "NEWSGATE_UP_WORKERS": "1",
            **self.extra,
        }

    def run(self, program: str, *arguments: str | Path, stdin: bytes | None = None) -> Done:
        """Run a program to its end, in a process of its own but without its start: see tests/warm_programs.py."""
        done = run_warm(
            [str(BIN / program), *map(str, arguments)],
            environment=self.environment,
            stdin=stdin,
            seconds=_PROGRAM_SECONDS,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    def execute(self, program: str, *arguments: str | Path) -> Done:
        """Run a program to its end as a person's shell does, start included."""
        done = subprocess.run(
            [str(BIN / program), *map(str, arguments)],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PROGRAM_SECONDS,
            check=False,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    def enqueue(self, file: Path, *options: str) -> dict[str, Any]:
        """Enqueue a file that has no bad rows; gives the program's JSON."""
        done = self.run("enqueue", file, "--json", *options)
        assert done.code == 0, done.err
        figures: dict[str, Any] = json.loads(done.out)
        return figures

    @contextmanager
    def started(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """A `newsgate` program running beside the test, ended with it and everything it started."""
        command = [str(BIN / "newsgate"), *arguments]
        with spawned(command, environment=self.environment, log=self.home.parent / f"{arguments[0]}.log") as process:
            yield process

    @property
    def database(self) -> Database:
        """The database, for the test to look into; open until the test ends: opening it takes longer than asking."""
        if self.database_url not in _opened:
            _opened[self.database_url] = Database(self.database_url)
        return _opened[self.database_url]

    def figure(self, query: str, **values: Any) -> Any:
        """The first column of a query's one row."""
        with self.database.read() as connection:
            return connection.execute(text(query), values).scalar_one()

    def status(self, batch: int) -> BatchStatus:
        """Where a batch stands, from the database."""
        with self.database.read() as connection:
            return batch_status(connection, batch)

    def wait_for(self, batch: int, *, seconds: float = 60) -> BatchStatus:
        """Poll until a batch's run is over."""
        over, what = (lambda: self.status(batch).finished), f"batch {batch} is finished"
        # Not as often as where something is done the moment it happens: asking costs the worker part of a core.
        wait_until(over, what=what, seconds=seconds, every_seconds=0.1)
        return self.status(batch)

    def assert_sound(self) -> None:
        """The audit: every invariant holds, on the database as it is."""
        assert self.broken_invariants() == []

    def broken_invariants(self) -> list[Finding]:
        """What the audit finds, beside work that goes on or after it."""
        with self.database.read() as connection:
            return [finding for finding in audit(connection) if not finding.holds]


# By address: worlds that differ in other things share a database.
_opened: dict[str, Database] = {}


def close_databases() -> None:
    """Close what worlds have opened: a test has ended."""
    while _opened:
        _opened.popitem()[1].close()


@contextmanager
def spawned(
    command: Sequence[str], *, environment: Mapping[str, str], log: Path, cwd: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A program in a session of its own for as long as the block lasts, its output in `log`."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    # One that a test froze would wait for ever.
    os.kill(process.pid, signal.SIGCONT)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        kill_tree(process.pid)
        process.wait(10)


def kill_tree(pid: int) -> None:
    """SIGKILL for a process and everything it started: a machine that loses its power."""
    try:
        root = psutil.Process(pid)
        family = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for process in family:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(family, timeout=10)


def processes_in(home: str) -> list[psutil.Process]:
    """Everything that runs in a home folder: each process has its setting in its environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("NEWSGATE_HOME") == home and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def children_named(pid: int, word: str) -> list[psutil.Process]:
    """The processes below `pid` whose command line contains `word`."""
    found = []
    for process in psutil.Process(pid).children(recursive=True):
        try:
            if any(word in part for part in process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return found
