"""What is lost, and for how long does the work stand still, when the broker or the database fails over?

Two workers classify one file after the other. When a third of the rows are done, the master of Redis is killed, or the
primary of PostgreSQL, and a replica takes its place. An `enqueue` that fails is typed again until it succeeds. At the
end the rows of every file that was acknowledged are looked for; then every file is enqueued once more, which
stores what is missing and nothing else.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from sqlalchemy.exc import DBAPIError

from benchmarks.hosts.timeline import Timeline, feeding
from benchmarks.hosts.watched import Watched
from benchmarks.shared.home import Home
from benchmarks.shared.options import add_counts
from benchmarks.shared.page import Table
from benchmarks.shared.processes import BenchmarkError, scratch_folder
from benchmarks.shared.progress import say
from benchmarks.shared.report import circumstances, figure, markdown_table
from benchmarks.shared.servers import redis_over_tcp, safe_postgres
from newsgate.db.errors import DatabaseError
from newsgate.db.session import Database
from tests.replicas import Primary, Replica, address_of_both, replicated_postgres
from tests.sentinels import WatchedRedis, watched_redis

MARKER: Final = "failover"
_SETTINGS: Final = {"NEWSGATE_CHUNK_ROWS": "500", "NEWSGATE_LEASE_SECONDS": "10", "NEWSGATE_SWEEP_SECONDS": "1"}
_FILES: Final = 10
_WORKERS: Final = 2
_CUT_OFF_SECONDS: Final = 5.0
_READY_SECONDS: Final = 120.0
_END_SECONDS: Final = 900.0
# A file whose `enqueue` was undone in part has a run that never ends.
_CHUNKS_UNDER_WAY: Final = "select count(*) from chunks where state in ('queued', 'running')"
_DONE: Final = "select coalesce(sum(done), 0) from runs"


@dataclass(frozen=True)
class Site(Watched):
    """newsgate on servers that can be lost."""

    home: Home

    def enqueue(self, file: Path) -> int:
        return int(json.loads(self.home.run("enqueue", file, "--json"))["batch"])

    def enqueue_again(self, file: Path) -> None:
        """Store of a file what is not stored. One that is there whole is refused, in words that tell so."""
        try:
            self.enqueue(file)
        except BenchmarkError as error:
            if "already" not in str(error):
                raise


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a failover cost. undone: verdicts that were stored, and are not after it. typed_again: lost and doubled
    rows when every file was enqueued once more. broken: what the audit found before that."""

    rows: int
    lost: int
    doubled: int
    undone: int
    pause_seconds: float
    typed_again: tuple[int, int]
    broken: tuple[str, ...]


@dataclass
class Servers:
    """Where newsgate finds both, and what makes one of them fail over; it gives the verdicts that were undone."""

    variables: Mapping[str, str]
    fail_over: Callable[[], int] = field(default=lambda: 0)


def nothing(stack: ExitStack, folder: Path) -> Servers:
    """No failover."""
    return Servers({"NEWSGATE_DATABASE_URL": _database(stack), "NEWSGATE_BROKER_URL": _redis(stack, folder)})


def sentinel(stack: ExitStack, _folder: Path) -> Servers:
    """Kill the master of Redis; it comes back as a replica."""
    broker: WatchedRedis = stack.enter_context(watched_redis())

    def fail_over() -> int:
        before = broker.servers[broker.master]
        broker.kill_master()
        before.start(ready=False)
        return 0

    return Servers({"NEWSGATE_DATABASE_URL": _database(stack), "NEWSGATE_BROKER_URL": broker.url}, fail_over)


def postgres(*, is_waited_for: bool, is_cut_off: bool = False) -> Callable[[ExitStack, Path], Servers]:
    """End the primary of PostgreSQL for good and promote its replica.

    is_waited_for: commits wait for the replica. is_cut_off: the replica gets nothing for some seconds before.
    """

    def make(stack: ExitStack, folder: Path) -> Servers:
        primary, replica = stack.enter_context(replicated_postgres())
        url = primary.prepared_database()
        if is_waited_for:
            primary.wait_for_replica()
        else:
            primary.wait_until_followed()

        def fail_over() -> int:
            return _promote(primary, replica, url, is_cut_off=is_cut_off)

        addresses = {
            "NEWSGATE_DATABASE_URL": address_of_both(url, primary, replica),
            "NEWSGATE_BROKER_URL": _redis(stack, folder),
        }
        return Servers(addresses, fail_over)

    return make


FAILOVERS: Final[Mapping[str, Callable[[ExitStack, Path], Servers]]] = {
    "nothing": nothing,
    "Redis: Sentinels make the replica the master": sentinel,
    "PostgreSQL, commits wait for the replica": postgres(is_waited_for=True),
    "PostgreSQL, commits do not wait": postgres(is_waited_for=False),
    "PostgreSQL, commits do not wait, and the replica has had nothing for 5 s": postgres(
        is_waited_for=False, is_cut_off=True
    ),
}


def add_options(parser: argparse.ArgumentParser) -> None:
    add_counts(parser, rows=(200_000, "in ten files"))


def run(options: argparse.Namespace) -> Iterator[Table]:
    outcomes: dict[str, Outcome] = {}
    for name, prepare in FAILOVERS.items():
        outcomes[name] = _measure(prepare, file_rows=max(1, options.rows // _FILES))
        say(f"{name}: {outcomes[name]}")
    yield Table(MARKER, report(outcomes))
    broken = {name: found.broken for name, found in outcomes.items() if found.broken}
    if broken:
        raise BenchmarkError(f"the audit found: {broken}")


def report(outcomes: Mapping[str, Outcome]) -> str:
    """Return the figures as Markdown."""
    headers = (
        "failover",
        "rows acknowledged",
        "lost",
        "doubled",
        "verdicts given a second time",
        "longest pause, s",
        "lost and doubled after `enqueue` again",
    )
    rows = [
        (
            name,
            f"{found.rows}",
            f"{found.lost}",
            f"{found.doubled}",
            f"{found.undone}",
            figure(found.pause_seconds),
            "{} and {}".format(*found.typed_again),
        )
        for name, found in outcomes.items()
    ]
    return f"{markdown_table(headers, rows)}\n\n{circumstances()}"


def _measure(prepare: Callable[[ExitStack, Path], Servers], *, file_rows: int) -> Outcome:
    with ExitStack() as stack:
        folder = stack.enter_context(scratch_folder())
        servers = prepare(stack, folder)
        home = Home(folder, {**servers.variables, **_SETTINGS})
        database = stack.enter_context(contextlib.closing(Database(servers.variables["NEWSGATE_DATABASE_URL"])))
        site = Site(database, folder, home)
        for number in range(_WORKERS):
            stack.enter_context(_running_worker(home, number))
        with Timeline(site) as timeline, feeding(site, rows=file_rows, files=_FILES) as feed:
            _wait_until_done(site, rows=_FILES * file_rows // 3)
            began = time.monotonic()
            undone = servers.fail_over()
            # Some of what was done may be undone, and there are rows left for this.
            _wait_until_done(site, rows=_done_now(site) + file_rows)
            pause = timeline.longest_pause(since=began, until=time.monotonic())
        site.wait_until_done(seconds=_END_SECONDS, under_way=_CHUNKS_UNDER_WAY)
        lost, doubled = site.lost_and_doubled(rows=feed.rows)
        broken = tuple(site.broken_invariants())
        for file in feed.files:
            site.enqueue_again(file)
        site.wait_until_done(seconds=_END_SECONDS)
        return Outcome(
            rows=feed.rows,
            lost=lost,
            doubled=doubled,
            undone=undone,
            pause_seconds=pause,
            typed_again=site.lost_and_doubled(rows=feed.rows),
            broken=(*broken, *site.broken_invariants()),
        )


def _promote(primary: Primary, replica: Replica, url: str, *, is_cut_off: bool) -> int:
    """Have the replica take the primary's place; gives how many verdicts it does not have."""
    if is_cut_off:
        replica.stop()
        time.sleep(_CUT_OFF_SECONDS)
    before = _last_figure(url, until=primary.stop)
    if is_cut_off:
        replica.start_again()
    replica.promote()
    there = url.replace(f":{primary.port}/", f":{replica.port}/")
    with contextlib.closing(Database(there)) as database, database.read() as connection:
        return max(0, before - int(connection.exec_driver_sql(_DONE).scalar_one()))


def _last_figure(url: str, *, until: Callable[[], None]) -> int:
    """How many verdicts were stored when `until` was called, as somebody sees it who asks without pause."""
    seen, is_asked = [0], threading.Event()

    def ask() -> None:
        with contextlib.suppress(Exception), contextlib.closing(Database(url)) as database:
            while True:
                with database.read() as connection:
                    seen.append(int(connection.exec_driver_sql(_DONE).scalar_one()))
                is_asked.set()

    thread = threading.Thread(target=ask, name="last figure")
    thread.start()
    is_asked.wait(_READY_SECONDS)
    until()
    thread.join()
    return seen[-1]


def _wait_until_done(site: Site, *, rows: int) -> None:
    deadline = time.monotonic() + _END_SECONDS
    while _done_now(site) < rows:
        if time.monotonic() > deadline:
            raise BenchmarkError(f"{rows} rows were not classified within {_END_SECONDS:g} s; the logs: {site.folder}")
        time.sleep(0.1)


def _done_now(site: Site) -> int:
    while True:
        # The database may be away.
        with contextlib.suppress(DatabaseError, DBAPIError):
            return site.count(_DONE)
        time.sleep(0.1)


@contextlib.contextmanager
def _running_worker(home: Home, number: int) -> Iterator[None]:
    folder = home.folder / f"worker-{number}"
    folder.mkdir()
    with replace(home, folder=folder).running("newsgate", "worker") as worker:
        worker.wait_until(
            lambda: "listening" in worker.log.read_text(), what="a worker is ready", seconds=_READY_SECONDS
        )
        yield


def _database(stack: ExitStack) -> str:
    return stack.enter_context(safe_postgres()).prepared_database()


def _redis(stack: ExitStack, folder: Path) -> str:
    return stack.enter_context(redis_over_tcp(folder / "redis")).url
