"""What do reading a file, a worker's memory and a message cost? For `simulate`.

How fast `enqueue` reads a file, how many messages a second one process sends, what a waiting one takes in the broker,
and the memory of a worker that has classified. Writes the section `programs` of benchmarks/results/rates.json.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil
import redis

from benchmarks.scale.rates import ProgramCosts, overwrite_rates
from benchmarks.shared.home import Home
from benchmarks.shared.options import add_counts
from benchmarks.shared.processes import BenchmarkError, scratch_folder
from benchmarks.shared.progress import say
from benchmarks.shared.report import circumstances
from benchmarks.shared.synthetic_texts import make_posts, write_posts
from newsgate.db.labels import text_hash
from newsgate.tasks.reading import ReadOptions, Row, open_source
from newsgate.worker.doorbell import Doorbell
from newsgate.worker.settings import Settings

WORKER_THREADS: Final = 1
_MESSAGES: Final = 5_000
# Of which the fastest is kept: what else the machine does only ever adds to the time.
_ROUNDS: Final = 5


@dataclass(frozen=True, slots=True)
class _Messages:
    """What sending some took: their number a second, and bytes each in the broker while it waits."""

    per_second: float
    message_bytes: float


def add_options(parser: argparse.ArgumentParser) -> None:
    add_counts(parser, rows=(20_000, "rows of the file that is read and classified"))


def run(options: argparse.Namespace) -> None:
    with scratch_folder() as folder:
        programs = measure(folder, rows=options.rows)
    say(f"{programs}")
    overwrite_rates(programs=programs)


def measure(folder: Path, *, rows: int) -> ProgramCosts:
    """Measure each in turn, with a home and a broker in `folder`."""
    file = write_posts(folder / "posts.csv", make_posts(seed=3), rows=rows)
    home = Home(folder, {"NEWSGATE_WORKER_THREADS": str(WORKER_THREADS)})
    with home.broker():
        say("the worker")
        worker_bytes = _worker_bytes(home, file)
        say("messages")
        messages = max((_send_messages(home.settings) for _ in range(_ROUNDS)), key=lambda sent: sent.per_second)
    say("reading")
    return ProgramCosts(
        read_row_seconds=min(_reading_seconds(file, spool_folder=folder) for _ in range(_ROUNDS)) / rows,
        messages_per_second=messages.per_second,
        message_bytes=messages.message_bytes,
        worker_bytes=worker_bytes,
        worker_threads=WORKER_THREADS,
        made=circumstances(),
    )


def _worker_bytes(home: Home, file: Path) -> int:
    """The resident memory of a worker that has classified the file, its libraries included."""
    with home.running("newsgate", "worker") as worker:
        home.run("enqueue", file, "--wait")
        return int(psutil.Process(worker.process.pid).memory_info().rss)


def _send_messages(settings: Settings) -> _Messages:
    """Ring for chunks that nobody waits for, into a broker without workers."""
    bell, client = Doorbell(settings), redis.Redis(unix_socket_path=str(settings.broker_socket))
    try:
        bell.ring([0])
        before = _used_bytes(client)
        began = time.perf_counter()
        bell.ring(range(1, _MESSAGES + 1))
        seconds = time.perf_counter() - began
        if bell.fault is not None:
            raise BenchmarkError(f"the broker took no messages: {bell.fault}")
        return _Messages(_MESSAGES / seconds, (_used_bytes(client) - before) / _MESSAGES)
    finally:
        client.close()
        bell.close()


def _used_bytes(client: redis.Redis) -> int:
    return int(client.info("memory")["used_memory_dataset"])


def _reading_seconds(file: Path, *, spool_folder: Path) -> float:
    """What `enqueue` does with a row before it stores it."""
    began = time.perf_counter()
    with open_source(file, spool_folder=spool_folder) as source:
        for row in source.rows(source.layout(ReadOptions()), after_row=0):
            if isinstance(row, Row):
                text_hash(row.text)
    return time.perf_counter() - began
