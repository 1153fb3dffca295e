"""Steady work and random kills: is a row lost, or classified twice?

Files are enqueued all the time while worker, broker, enqueue and the whole of `newsgate up` are killed (SIGKILL) at
moments that the seed decides. The last fifth of the time is calm, and there the worker's memory is measured. At the end
every row that was enqueued is looked for, and the audit has its say. Ends with 1 where a row is lost or stands twice.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from sqlalchemy import text

from benchmarks.shared.home import program
from benchmarks.shared.page import Table
from benchmarks.shared.processes import BenchmarkError, scratch_folder
from benchmarks.shared.report import circumstances, markdown_table
from newsgate.db.audit import audit
from newsgate.db.errors import DatabaseError
from newsgate.db.session import Database
from tests.programs import World, children_named, kill_tree
from tests.services import PostgresServer, RedisServer
from tests.texts import write_posts

MARKER = "soak"
# How often each is chosen.
KINDS = {"worker": 6, "broker": 3, "enqueue": 2, "up": 1}
_SETTINGS = {
    "NEWSGATE_CHUNK_ROWS": "50",
    "NEWSGATE_LEASE_SECONDS": "5",
    "NEWSGATE_SWEEP_SECONDS": "1",
    "NEWSGATE_LOST_AFTER_SECONDS": "2",
}
_ROWS = (200, 3000)
_PAUSE_SECONDS = (0.5, 6.0)
_CALM_SHARE = 0.2
_LOOK_SECONDS = 0.1
_RECOVERY_LIMIT_SECONDS = 60.0
_FINISH_LIMIT_SECONDS = 300.0
_MEBIBYTE = 1024**2
# Long enough for the worker that is measured to have its buffers.
_SETTLED_SECONDS = 10.0


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--servers", action="store_true", help="on a PostgreSQL and a Redis started for this, not SQLite and the broker"
    )


def run(options: argparse.Namespace) -> Iterator[Table]:
    with scratch_folder() as folder, prepared_world(folder, servers=options.servers) as (world, redis):
        soak = Soak(world, folder, rng=random.Random(options.seed), redis=redis)
        try:
            closing = soak.run(seconds=options.minutes * 60)
        except BenchmarkError:
            sys.stderr.write((folder / "soak.log").read_text(errors="replace")[-4000:])
            raise
        finally:
            soak.end()
    yield Table(MARKER, report(soak.tally, closing, minutes=options.minutes, seed=options.seed))
    if not closing.sound:
        raise BenchmarkError("a promise was broken: the table says which")


@dataclass
class Tally:
    """What happened so far. recoveries: seconds from each kill to the next verdict."""

    kills: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    files: int = 0
    recoveries: list[float] = field(default_factory=list)
    worker_mebibytes: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Closing:
    """What the database says at the end."""

    lost: int
    doubled: int
    failed: int
    broken: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.doubled or self.failed or self.broken)


class Soak:
    """One system under fire. redis: the broker to kill where it is not newsgate's own."""

    def __init__(self, world: World, folder: Path, *, rng: random.Random, redis: RedisServer | None) -> None:
        self.tally = Tally()
        self._world = world
        self._folder = folder
        self._rng = rng
        self._redis = redis
        self._database = Database(world.database_url)
        self._log = (folder / "soak.log").open("ab")
        self._up = self._start_up()
        self._enqueue: tuple[subprocess.Popen[bytes], Path] | None = None

    def run(self, *, seconds: float) -> Closing:
        """Enqueue and kill, then enqueue in peace, then wait for the end of the work and look at what stands."""
        began = time.monotonic()
        calm_from = began + seconds * (1 - _CALM_SHARE)
        while time.monotonic() < calm_from:
            self._go_on(self._rng.uniform(*_PAUSE_SECONDS))
            self._kill(self._rng.choices(list(KINDS), weights=list(KINDS.values()))[0])
            self._wait_for_recovery()
        settled_at = time.monotonic() + min(_SETTLED_SECONDS, seconds * _CALM_SHARE / 2)
        while time.monotonic() < began + seconds:
            self._go_on(1.0)
            if time.monotonic() > settled_at:
                self._weigh_worker()
        self._finish()
        return self._close()

    def end(self) -> None:
        """Stop everything that runs."""
        kill_tree(self._up.pid)
        self._up.wait()
        if self._enqueue is not None:
            self._enqueue[0].kill()
            self._enqueue[0].wait()
        self._database.close()
        self._log.close()

    def _go_on(self, seconds: float) -> None:
        """Keep enqueueing for so long: one file after the other, and an interrupted one again until it is in."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._step()
            time.sleep(_LOOK_SECONDS)

    def _step(self) -> None:
        if self._up.poll() is not None:
            raise BenchmarkError(f"`newsgate up` ended by itself with {self._up.returncode}: {self._folder}/soak.log")
        if self._enqueue is None:
            self._enqueue = self._start_enqueue(self._next_file())
            return
        process, file = self._enqueue
        code = process.poll()
        if code is None:
            return
        # 1: the kill came after the last row was stored, and all of them are classified already.
        self._enqueue = None if code in (0, 1) else self._start_enqueue(file)
        if self._enqueue is None:
            file.unlink()

    def _next_file(self) -> Path:
        rows = self._rng.randint(*_ROWS)
        self.tally.files += 1
        self.tally.rows += rows
        return write_posts(self._folder / f"{self.tally.files}.csv", rows, seed=self.tally.files)

    def _start_enqueue(self, file: Path) -> tuple[subprocess.Popen[bytes], Path]:
        return self._start(program("enqueue"), str(file)), file

    def _start_up(self) -> subprocess.Popen[bytes]:
        return self._start(program("newsgate"), "up")

    def _start(self, *command: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            env=self._world.environment,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )

    def _kill(self, kind: str) -> None:
        if kind == "up":
            kill_tree(self._up.pid)
            self._up.wait()
            self._up = self._start_up()
        elif kind == "enqueue":
            if self._enqueue is None:
                return
            self._enqueue[0].kill()
            self._enqueue[0].wait()
        elif kind == "broker" and self._redis is not None:
            self._redis.kill()
            self._redis.start()
        else:
            found = children_named(self._up.pid, "worker" if kind == "worker" else "redis.sock")
            if not found:
                return
            for process in found:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        self.tally.kills[kind] += 1

    def _wait_for_recovery(self) -> None:
        began, done = time.monotonic(), self._count("select coalesce(sum(done), 0) from runs")
        while self._count("select coalesce(sum(done), 0) from runs") == done:
            self._step()
            if time.monotonic() - began > _RECOVERY_LIMIT_SECONDS:
                raise BenchmarkError(f"nothing was classified for {_RECOVERY_LIMIT_SECONDS:g} s: {self._folder}")
            time.sleep(_LOOK_SECONDS)
        self.tally.recoveries.append(time.monotonic() - began)

    def _weigh_worker(self) -> None:
        for worker in children_named(self._up.pid, "worker"):
            with contextlib.suppress(psutil.NoSuchProcess):
                self.tally.worker_mebibytes.append(worker.memory_info().rss / _MEBIBYTE)

    def _finish(self) -> None:
        deadline = time.monotonic() + _FINISH_LIMIT_SECONDS
        while self._enqueue is not None:
            process, file = self._enqueue
            process.wait(_FINISH_LIMIT_SECONDS)
            self._enqueue = None if process.returncode in (0, 1) else self._start_enqueue(file)
        while self._count("select count(*) from runs where state <> 'done'"):
            if time.monotonic() > deadline:
                raise BenchmarkError(f"the work did not end within {_FINISH_LIMIT_SECONDS:g} s: {self._folder}")
            time.sleep(_LOOK_SECONDS)

    def _close(self) -> Closing:
        with self._database.read() as connection:
            broken = tuple(f"{each.invariant}: {each.offenders[0]}" for each in audit(connection) if not each.holds)
        stood = self._count("select count(*) from results where label is not null or error is not null")
        single = self._count('select count(*) from (select distinct batch, "row" from results) r')
        again = self._count("select coalesce(sum(accepted), 0) from batches")
        return Closing(
            lost=max(0, self.tally.rows - single),
            # A row may stand twice in a batch, or its whole file in two batches.
            doubled=(stood - single) + max(0, again - self.tally.rows),
            failed=self._count("select coalesce(sum(failed), 0) from runs"),
            broken=broken,
        )

    def _count(self, query: str) -> int:
        while True:
            try:
                with self._database.read() as connection:
                    return int(connection.execute(text(query)).scalar_one())
            except DatabaseError:
                # The file is busy, or a server is being started.
                time.sleep(_LOOK_SECONDS)


@contextlib.contextmanager
def prepared_world(folder: Path, *, servers: bool) -> Iterator[tuple[World, RedisServer | None]]:
    """A place to run newsgate in, its database ready."""
    home = folder / "home"
    with contextlib.ExitStack() as stack:
        redis: RedisServer | None = None
        url, settings = f"sqlite:///{home / 'newsgate.db'}", dict(_SETTINGS)
        if servers:
            folder.chmod(0o755)
            postgres, redis = PostgresServer(folder / "pg"), RedisServer(folder / "redis")
            postgres.start()
            stack.callback(postgres.stop)
            redis.start()
            stack.callback(redis.stop)
            url = postgres.new_database()
            settings |= {"NEWSGATE_DATABASE_URL": url, "NEWSGATE_BROKER_URL": redis.url}
        world = World(home, url, settings)
        migrated = world.run("newsgate", "migrate")
        if migrated.code:
            raise BenchmarkError(migrated.err)
        yield world, redis


def report(tally: Tally, closing: Closing, *, minutes: float, seed: int) -> str:
    """The closing table as Markdown."""
    weights = tally.worker_mebibytes
    drift = f"{weights[-1] - weights[0]:+.1f} MB (of {weights[0]:.0f} MB)" if weights else "not measured"
    rows = [
        ("minutes, seed", f"{minutes:g}, {seed}"),
        ("kills", ", ".join(f"{tally.kills[kind]} {kind}" for kind in KINDS)),
        ("files enqueued", str(tally.files)),
        ("rows enqueued", str(tally.rows)),
        ("rows lost", str(closing.lost)),
        ("rows doubled", str(closing.doubled)),
        ("rows failed", str(closing.failed)),
        ("worst seconds from a kill to the next verdict", f"{max(tally.recoveries, default=0):.1f}"),
        ("worker memory over the calm end", drift),
        ("audit", "; ".join(closing.broken) or "every invariant holds"),
    ]
    return f"{markdown_table(('soak', 'figure'), rows)}\n\n{circumstances()}"
