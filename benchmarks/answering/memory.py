"""What each program holds in memory, by the operating system's own account."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.answering.ready_messages import BEAT_SAYS, TRAINER_SAYS, WITH_WORKERS, WORKER_SAYS, WORKERS, times_said
from benchmarks.shared.newsgate_server import NewsgateServer, newsgate_server
from benchmarks.shared.processes import BenchmarkError, held_by, scratch_folder, tree_of
from benchmarks.shared.progress import say
from benchmarks.shared.synthetic_texts import make_posts, write_posts
from newsgate.training.optional_libraries import can_train

_READY_SECONDS: Final = 120
# What a program does once, just after it is ready, is over.
_SETTLE_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True)
class Weight:
    """One program at one time. resident_mebibytes: None for one that was watched until it ended."""

    name: str
    resident_mebibytes: float | None
    peak_mebibytes: float


def measure(*, worker_rows: int, file_rows: int) -> list[Weight]:
    """Weigh every process of a `newsgate up`, idle and after `worker_rows` a worker, and `enqueue` of `file_rows`."""
    posts = make_posts(seed=7)
    with scratch_folder() as folder:
        worked = write_posts(folder / "worked.csv", posts, rows=WORKERS * worker_rows)
        long = write_posts(folder / "long.csv", posts, rows=file_rows)
        with newsgate_server(folder, **WITH_WORKERS) as server:
            _wait_until_ready(server)
            idle = _weigh_workers(server, when="idle")
            say(f"memory: {worker_rows} rows a worker")
            server.enqueue(worked, rows=WORKERS * worker_rows)
            worked_out = _weigh_workers(server, when=f"after some {worker_rows} rows")
            others = _weigh_others(server)
            say(f"memory: enqueue of {file_rows} rows")
            enqueued = Weight(f"`enqueue` of {file_rows} rows", None, _peak_of_enqueue(server, long))
    return [*idle, *worked_out, *others, enqueued]


def _wait_until_ready(server: NewsgateServer) -> None:
    said = {WORKER_SAYS: WORKERS} | ({TRAINER_SAYS: 1, BEAT_SAYS: 1} if can_train() else {})
    server.up.wait_until(
        lambda: all(times_said(server.up.log, words) >= times for words, times in said.items()),
        what="every program is ready",
        seconds=_READY_SECONDS,
    )
    time.sleep(_SETTLE_SECONDS)


def _weigh_workers(server: NewsgateServer, *, when: str) -> list[Weight]:
    found = _children(server, "worker")
    if len(found) != WORKERS:
        raise BenchmarkError(f"{len(found)} workers run, not {WORKERS}")
    return [_weigh(f"worker {number}, {when}", pid) for number, pid in enumerate(found, start=1)]


def _weigh_others(server: NewsgateServer) -> list[Weight]:
    named = (("private broker", "redis.sock"), ("trainer, idle", "trainer"), ("schedule", "beat"))
    return [
        _weigh("`newsgate up` itself", server.up.process.pid),
        *(_weigh(name, pid) for name, part in named for pid in _children(server, part)),
    ]


def _children(server: NewsgateServer, part: str) -> list[int]:
    """The processes started by `newsgate up` with a part of their command line that ends so, the oldest first."""
    started = tree_of(server.up.process.pid)[1:]
    return sorted(child.pid for child in started if any(each.endswith(part) for each in child.cmdline()))


def _weigh(name: str, pid: int) -> Weight:
    held = held_by(pid)
    if held is None:
        raise BenchmarkError(f"it is gone: {name}")
    return Weight(name, held.resident_mebibytes, held.peak_mebibytes)


def _peak_of_enqueue(server: NewsgateServer, file: Path) -> float:
    with server.home.running("enqueue", file) as program:
        peak = peak_until_exit(program.process)
        program.wait_for_success()
    return peak


def peak_until_exit(process: subprocess.Popen[bytes]) -> float:
    """The most that a program holds until it ends, in MB of 2^20 bytes."""
    # Not getrusage: its peak begins with what the parent held when it forked. Nor the highest of the looks, for the
    # same reason: the system keeps the highest itself, beginning anew with the program, so the last look has it.
    peak = 0.0
    while process.poll() is None:
        held = held_by(process.pid)
        peak = held.peak_mebibytes if held else peak
        time.sleep(_LOOK_SECONDS)
    return peak
