"""Steady work and random faults: is a row lost, or classified twice?

Files are enqueued all the time while something goes wrong at moments that the seed decides: worker, broker, enqueue or
`newsgate up` is killed (SIGKILL), its terminal is closed or its output pipe dies, a worker or `enqueue` runs on a clock
that is ahead; with `--servers` PgBouncer restarts and Redis Sentinel changes its master. The last fifth of the time is
calm, and there the worker's memory is measured. At the end every row that was enqueued is looked for, the audit has its
say, and nothing may be left running. Ends with 1 where one of these fails.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from sqlalchemy import Select, func, select, text

from benchmarks.faults.kinds_of_faults import CLOCKS_AHEAD, EVERYWHERE, ON_SERVERS, clock_ahead, fake_clock_library
from benchmarks.faults.soak_report import Closing, Tally, report
from benchmarks.faults.soak_site import Site, prepared_site
from benchmarks.faults.up_process import UpProcess
from benchmarks.shared.home import program
from benchmarks.shared.page import Table
from benchmarks.shared.processes import BenchmarkError, scratch_folder
from newsgate.db.audit import audit
from newsgate.db.errors import DatabaseError
from newsgate.db.session import Database
from newsgate.db.tables import chunks
from tests.programs import World, children_named, kill_tree
from tests.texts import write_posts

MARKER, MARKER_ON_SERVERS = "soak", "soak-on-servers"
_ROWS = (200, 3000)
_PAUSE_SECONDS = (0.5, 6.0)
_CALM_SHARE = 0.2
_AT_TERMINAL_SHARE = 0.5
# PostgreSQL leases by its own clock, so there one that is ahead is never seen.
_FOREIGN_WORKER_SECONDS = 10.0
_FAR = timedelta(hours=1)
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
        "--servers",
        action="store_true",
        help="on PostgreSQL behind PgBouncer and Redis behind Sentinel, started for this, not SQLite and the broker",
    )


def run(options: argparse.Namespace) -> Iterator[Table]:
    with scratch_folder() as folder, prepared_site(folder, on_servers=options.servers) as (world, site):
        soak = Soak(world, folder, rng=random.Random(options.seed), site=site)
        try:
            closing = soak.run(seconds=options.minutes * 60)
        except BenchmarkError:
            sys.stderr.write(soak.told())
            raise
        finally:
            soak.end()
    setting = f"{options.minutes:g}, {options.seed}, {site.name}"
    yield Table(
        MARKER_ON_SERVERS if options.servers else MARKER, report(soak.tally, closing, kinds=soak.kinds, setting=setting)
    )
    if not closing.sound:
        raise BenchmarkError("a promise was broken: the table says which")


class Soak:
    """One system under fire. site: its servers, where they are not newsgate's own."""

    def __init__(self, world: World, folder: Path, *, rng: random.Random, site: Site) -> None:
        self.tally = Tally()
        self._world = world
        self._folder = folder
        self._rng = rng
        self.site = site
        self.database = Database(site.direct_database_url)
        self._log = (folder / "soak.log").open("ab")
        self._fake_clock = fake_clock_library()
        self._weights = EVERYWHERE | (ON_SERVERS if site.on_servers else {})
        self._up = self._start_up(at_terminal=True)
        self._enqueue: tuple[subprocess.Popen[bytes], Path] | None = None

    def run(self, *, seconds: float) -> Closing:
        """Enqueue and let things go wrong, then enqueue in peace, then wait for the end and look at what stands."""
        began = time.monotonic()
        calm_from = began + seconds * (1 - _CALM_SHARE)
        while time.monotonic() < calm_from:
            self.go_on(self._rng.uniform(*_PAUSE_SECONDS))
            kind = self._rng.choices(list(self._weights), weights=list(self._weights.values()))[0]
            if self.happens(kind):
                self.tally.faults[kind] += 1
                self.wait_for_recovery(kind)
        settled_at = time.monotonic() + min(_SETTLED_SECONDS, seconds * _CALM_SHARE / 2)
        while time.monotonic() < began + seconds:
            self.go_on(1.0)
            if time.monotonic() > settled_at:
                self._weigh_worker()
        self.finish()
        return self.close()

    def close(self) -> Closing:
        """Stop everything in order, and look at what stands."""
        self._up.stop()
        return self._closing(left_running=self._up.left_behind())

    def stop(self) -> None:
        """Stop `newsgate up` in order."""
        self._up.stop()
        self._up.close_output()

    def restart(self, *, at_terminal: bool) -> None:
        """Start `newsgate up` anew, at a terminal or before a pipe; stop it before where it runs."""
        if self._up.process.poll() is None:
            self.stop()
        self._up = self._start_up(at_terminal=at_terminal)

    def told(self) -> str:
        """The end of what the programs have said."""
        return (self._folder / "soak.log").read_text(errors="replace")[-4000:]

    @property
    def up_process(self) -> int:
        """The number of the process of `newsgate up`."""
        return self._up.pid

    @property
    def kinds(self) -> Iterable[str]:
        """What can go wrong here."""
        return self._weights

    def end(self) -> None:
        """Stop everything that runs."""
        self._up.kill_with_all()
        self._up.close_output()
        if self._enqueue is not None:
            self._enqueue[0].kill()
            self._enqueue[0].wait()
        self.database.close()
        self._log.close()

    def go_on(self, seconds: float) -> None:
        """Keep enqueueing for so long: one file after the other, and an interrupted one again until it is in."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._step()
            time.sleep(_LOOK_SECONDS)

    def _step(self) -> None:
        if self._up.process.poll() is not None:
            raise BenchmarkError(f"`newsgate up` ended by itself with {self._up.process.returncode}")
        if self._enqueue is None:
            self._enqueue = self._start_enqueue(self._next_file())
            return
        process, file = self._enqueue
        code = process.poll()
        if code is not None:
            self._end_enqueue(file, code)

    def _end_enqueue(self, file: Path, code: int) -> None:
        """Go on without the file if it is stored, and else enqueue it again."""
        self._enqueue = None if self._is_in(file, code) else self._start_enqueue(file)
        if self._enqueue is None:
            file.unlink()

    def _is_in(self, file: Path, code: int) -> bool:
        """Whether an `enqueue` that ended has stored its file. Raises BenchmarkError where it only says so."""
        is_in = self._count(f"select count(*) from batches where loaded and name = '{file.name}'") > 0
        if code == 0 and not is_in:
            raise BenchmarkError(f"`enqueue` said that {file.name} is stored, and it is not")
        # 1: the kill came after the last row was stored, and all of them are classified already. Or the database or its
        # pooler was gone, as it has said.
        return is_in and code in (0, 1)

    def _next_file(self) -> Path:
        rows = self._rng.randint(*_ROWS)
        self.tally.files += 1
        self.tally.rows += rows
        return write_posts(self._folder / f"{self.tally.files}.csv", rows, seed=self.tally.files)

    def _start_enqueue(self, file: Path, *, clock: str | None = None) -> tuple[subprocess.Popen[bytes], Path]:
        return self._start(program("enqueue"), str(file), clock=clock), file

    def _start_up(self, *, at_terminal: bool) -> UpProcess:
        return UpProcess(
            environment=self._world.environment, folder=self._folder, log=self._log, at_terminal=at_terminal
        )

    def _start(self, *command: str, clock: str | None = None) -> subprocess.Popen[bytes]:
        ahead = clock_ahead(clock, library=self._fake_clock) if clock and self._fake_clock else {}
        return subprocess.Popen(
            command,
            env=self._world.environment | ahead,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )

    def happens(self, kind: str) -> bool:
        """Let it go wrong; False where there is nothing to which it could happen."""
        match kind:
            case "worker" | "broker":
                return self._kill_child(kind)
            case "enqueue":
                return self._kill_enqueue()
            case "clock ahead":
                return self._work_on_a_clock_ahead()
            case "PgBouncer restart":
                self.site.restart_pooler()
            case "Sentinel failover":
                self.site.fail_over()
            case _:
                return self._end_up(kind)
        return True

    def _kill_child(self, kind: str) -> bool:
        if kind == "broker" and self.site.on_servers:
            self.site.restart_broker()
            return True
        found = children_named(self._up.pid, "worker" if kind == "worker" else "redis.sock")
        for process in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        return bool(found)

    def _kill_enqueue(self) -> bool:
        if self._enqueue is None:
            return False
        self._enqueue[0].kill()
        self._enqueue[0].wait()
        return True

    def _work_on_a_clock_ahead(self) -> bool:
        """On a clock that is hours or days ahead: an `enqueue`, or a worker that is killed with a chunk in hand."""
        if self._fake_clock is None:
            return False
        offset = self._rng.choice(CLOCKS_AHEAD)
        if self._enqueue is None:
            self._enqueue = self._start_enqueue(self._next_file(), clock=offset)
            return True
        worker = self._start(program("newsgate"), "worker", clock=offset)
        until = time.monotonic() + _FOREIGN_WORKER_SECONDS
        try:
            while not self._holds_a_far_lease() and time.monotonic() < until:
                self.go_on(_LOOK_SECONDS)
        finally:
            kill_tree(worker.pid)
            worker.wait()
        return True

    def _end_up(self, kind: str) -> bool:
        """End `newsgate up` in the way that `kind` says, see that nothing is left, and start it anew."""
        if kind == "up with all it started":
            self._up.kill_with_all()
        elif kind == "up alone":
            self._up.kill()
        elif (kind == "closed terminal") == self._up.at_terminal:
            self._up.close_output()
            if kind == "closed terminal":
                self._up.wait_for_good_end()
            else:
                self._up.stop()
        else:
            # It has the other kind of output just now.
            return False
        self._up.close_output()
        left = self._up.left_behind(but=self._enqueue[0].pid if self._enqueue else None)
        if left:
            raise BenchmarkError(f"{kind}: left running: {'; '.join(left)}")
        self._up = self._start_up(at_terminal=self._rng.random() < _AT_TERMINAL_SHARE)
        return True

    def wait_for_recovery(self, kind: str) -> None:
        """Wait for the next verdict. Raises BenchmarkError where none comes."""
        began, done = time.monotonic(), self._count("select coalesce(sum(done), 0) from runs")
        while self._count("select coalesce(sum(done), 0) from runs") == done:
            self._step()
            if time.monotonic() - began > _RECOVERY_LIMIT_SECONDS:
                raise BenchmarkError(f"{kind}: nothing was classified for {_RECOVERY_LIMIT_SECONDS:g} s")
            time.sleep(_LOOK_SECONDS)
        self.tally.recoveries.append(time.monotonic() - began)

    def _holds_a_far_lease(self) -> bool:
        far = select(func.count()).where(chunks.c.state == "running", chunks.c.lease_until > datetime.now(UTC) + _FAR)
        return self._count(far) > 0

    def _weigh_worker(self) -> None:
        for worker in children_named(self._up.pid, "worker"):
            with contextlib.suppress(psutil.NoSuchProcess):
                self.tally.worker_mebibytes.append(worker.memory_info().rss / _MEBIBYTE)

    def finish(self) -> None:
        """Wait until every file is stored and classified. Raises BenchmarkError where that takes too long."""
        deadline = time.monotonic() + _FINISH_LIMIT_SECONDS
        while self._enqueue is not None:
            if time.monotonic() > deadline:
                raise BenchmarkError(f"files were not stored within {_FINISH_LIMIT_SECONDS:g} s: {self._folder}")
            process, file = self._enqueue
            self._end_enqueue(file, process.wait(_FINISH_LIMIT_SECONDS))
        while self._count("select count(*) from runs where state <> 'done'"):
            if time.monotonic() > deadline:
                raise BenchmarkError(f"the work did not end within {_FINISH_LIMIT_SECONDS:g} s: {self._folder}")
            time.sleep(_LOOK_SECONDS)

    def _closing(self, *, left_running: Sequence[str]) -> Closing:
        with self.database.read() as connection:
            broken = tuple(f"{each.invariant}: {each.offenders[0]}" for each in audit(connection) if not each.holds)
        stood = self._count("select count(*) from results where label is not null or error is not null")
        single = self._count('select count(*) from (select distinct batch, "row" from results) r')
        purged = self._count("select coalesce(sum(purged_rows), 0) from batches")
        again = purged + self._count("select coalesce(sum(accepted), 0) from batches")
        return Closing(
            lost=max(0, self.tally.rows - single - purged),
            # A row may stand twice in a batch, or its whole file in two batches.
            doubled=(stood - single) + max(0, again - self.tally.rows),
            failed=self._count("select coalesce(sum(failed), 0) from runs"),
            broken=broken,
            left_running=tuple(left_running),
        )

    def _count(self, query: str | Select[int]) -> int:
        asked = text(query) if isinstance(query, str) else query
        while True:
            try:
                with self.database.read() as connection:
                    return int(connection.execute(asked).scalar_one())
            except DatabaseError:
                # The file is busy, or a server is being started.
                time.sleep(_LOOK_SECONDS)
