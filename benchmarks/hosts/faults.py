"""What is lost, and for how long does the work stand still, when a cable, a host or a clock fails?

newsgate on four hosts: the database and the broker on one, a worker each on two, and a desk where a file is enqueued
every second or so. Then one thing goes wrong. An `enqueue` that fails meanwhile is typed again until it succeeds, as
its error says. At the end every row that was acknowledged must have one verdict, and the audit must find nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import psutil

from benchmarks.faults.kinds_of_faults import clock_ahead, fake_clock_library
from benchmarks.hosts.cable import Quality
from benchmarks.hosts.site import WORKER_HOSTS, Site, prepared_site
from benchmarks.hosts.timeline import Timeline, feeding
from benchmarks.shared.options import add_counts
from benchmarks.shared.page import Table
from benchmarks.shared.processes import BenchmarkError, RunningProgram, tree_of
from benchmarks.shared.progress import say
from benchmarks.shared.report import circumstances, figure, markdown_table
from tests.services import wait_until

MARKER: Final = "hosts"
_SETTINGS: Final = {"NEWSGATE_CHUNK_ROWS": "500", "NEWSGATE_LEASE_SECONDS": "10", "NEWSGATE_SWEEP_SECONDS": "1"}
_BEFORE_SECONDS: Final = 5.0
_FAULT_SECONDS: Final = 20.0
_RECOVERY_SECONDS: Final = 120.0
_END_SECONDS: Final = 300.0
_NARROW: Final = Quality(delay_seconds=0.025, loss=0.01, bytes_a_second=10e6 / 8)

Workers = dict[str, RunningProgram]
Happening = Callable[[Site, Workers, contextlib.ExitStack], None]


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong. clocks: of each host that has a wrong clock from the beginning, what it adds."""

    name: str
    happens: Happening
    clocks: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a fault cost. pause_seconds: the longest time without a verdict. back_seconds: until every host had work
    done after the fault was over."""

    rows: int
    lost: int
    doubled: int
    broken: tuple[str, ...]
    pause_seconds: float
    back_seconds: float


def nothing(_site: Site, _workers: Workers, _stack: contextlib.ExitStack) -> None:
    """Let as much time pass as the faults take."""
    time.sleep(_FAULT_SECONDS)


def cable_is_cut_in_a_commit(site: Site, _workers: Workers, _stack: contextlib.ExitStack) -> None:
    """Cut the cable of a host when a COMMIT has gone over it, and plug it in again later."""
    site.network.set_cable("one", Quality(cut_at_commit=True))
    wait_until(lambda: site.network.cable("one").is_cut, what="host one commits", seconds=_RECOVERY_SECONDS)
    time.sleep(_FAULT_SECONDS)
    site.network.set_cable("one", Quality())


def cable_is_narrow(site: Site, _workers: Workers, _stack: contextlib.ExitStack) -> None:
    """50 ms there and back, one packet of a hundred lost, 10 Mbit/s."""
    site.network.set_cable("one", _NARROW)
    time.sleep(_FAULT_SECONDS)
    site.network.set_cable("one", Quality())


def host_stops_in_a_commit(site: Site, workers: Workers, stack: contextlib.ExitStack) -> None:
    """End all of a host when a COMMIT has left it, and start it again later."""
    site.network.set_cable("one", Quality(cut_at_commit=True))
    wait_until(lambda: site.network.cable("one").is_cut, what="host one commits", seconds=_RECOVERY_SECONDS)
    _signal(workers["one"], signal.SIGKILL)
    time.sleep(_FAULT_SECONDS)
    site.network.set_cable("one", Quality())
    workers["one"] = stack.enter_context(site.worker("one"))


def host_sleeps(_site: Site, workers: Workers, _stack: contextlib.ExitStack) -> None:
    """Suspend a host for longer than a lease, as a laptop or a virtual machine is."""
    _signal(workers["one"], signal.SIGSTOP)
    time.sleep(_FAULT_SECONDS)
    _signal(workers["one"], signal.SIGCONT)


def servers_stop(site: Site, _workers: Workers, _stack: contextlib.ExitStack) -> None:
    """SIGKILL for the database and the broker, which are back a little later."""
    with site.servers.away():
        time.sleep(_FAULT_SECONDS / 4)


FAULTS: Final = (
    Fault("nothing", nothing, {}),
    Fault("the cable of a worker's host is cut in the middle of a COMMIT, for 20 s", cable_is_cut_in_a_commit, {}),
    Fault("that cable has 50 ms there and back, 1% loss, 10 Mbit/s for 20 s", cable_is_narrow, {}),
    Fault("a worker's host stops in the middle of a COMMIT and is back after 20 s", host_stops_in_a_commit, {}),
    Fault("a worker's host sleeps for 20 s, longer than a lease", host_sleeps, {}),
    Fault("the host of the database and the broker stops and is back after 5 s", servers_stop, {}),
    Fault("one worker's clock is 30 s ahead, the other's 30 s behind", nothing, {"one": "+30s", "two": "-30s"}),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    add_counts(parser, file_rows=(10_000, "of each file"))


def run(options: argparse.Namespace) -> Iterator[Table]:
    outcomes: dict[str, Outcome | None] = {}
    for fault in FAULTS:
        if fault.clocks and fake_clock_library() is None:
            say(f"{fault.name}: not tried without libfaketime (Debian: apt-get install libfaketime)")
            outcomes[fault.name] = None
            continue
        outcomes[fault.name] = _measure(fault, file_rows=options.file_rows)
        say(f"{fault.name}: {outcomes[fault.name]}")
    yield Table(MARKER, report(outcomes))
    broken = {name: found.broken for name, found in outcomes.items() if found and found.broken}
    if broken:
        raise BenchmarkError(f"the audit found: {broken}")


def report(outcomes: Mapping[str, Outcome | None]) -> str:
    """Return the figures as Markdown."""
    headers = ("fault", "rows", "lost", "doubled", "longest pause, s", "all hosts at work again after, s")
    rows = [(name, *(("not tried",) * 5 if found is None else _cells(found))) for name, found in outcomes.items()]
    return f"{markdown_table(headers, rows)}\n\n{circumstances()}"


def _cells(found: Outcome) -> tuple[str, ...]:
    return (
        f"{found.rows}",
        f"{found.lost}",
        f"{found.doubled}",
        figure(found.pause_seconds),
        figure(found.back_seconds),
    )


def _measure(fault: Fault, *, file_rows: int) -> Outcome:
    with prepared_site(**_SETTINGS) as site, contextlib.ExitStack() as stack:
        workers = {
            host: stack.enter_context(site.worker(host, **_wrong_clock(fault.clocks.get(host))))
            for host in WORKER_HOSTS
        }
        with Timeline(site) as timeline, feeding(site, rows=file_rows) as feed:
            timeline.wait_for_all_hosts(since=time.monotonic(), seconds=_RECOVERY_SECONDS)
            time.sleep(_BEFORE_SECONDS)
            began = time.monotonic()
            fault.happens(site, workers, stack)
            over = time.monotonic()
            back = timeline.wait_for_all_hosts(since=over, seconds=_RECOVERY_SECONDS)
            pause = timeline.longest_pause(since=began, until=over + back)
        site.wait_until_done(seconds=_END_SECONDS)
        lost, doubled = site.lost_and_doubled(rows=feed.rows)
        return Outcome(
            rows=feed.rows,
            lost=lost,
            doubled=doubled,
            broken=tuple(site.broken_invariants()),
            pause_seconds=pause,
            back_seconds=back,
        )


def _wrong_clock(offset: str | None) -> dict[str, str]:
    library = fake_clock_library()
    return clock_ahead(offset, library=library) if offset and library else {}


def _signal(worker: RunningProgram, number: signal.Signals) -> None:
    for process in tree_of(worker.process.pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            os.kill(process.pid, number)
