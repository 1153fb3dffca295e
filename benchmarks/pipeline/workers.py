"""Are two workers faster than one, and than one with two threads?

Real `newsgate worker` programs, with the same chunks and the same model. Each setup is measured twice: on chunks that
all wait already (classifying alone), and from the start of `enqueue FILE --wait` to its exit, when reading and storing
the file need a core too.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import redis
from sqlalchemy import func, select

from benchmarks.pipeline.processor_time import tree_cpu_seconds
from benchmarks.shared.home import Home
from benchmarks.shared.options import add_rows_and_repeats
from benchmarks.shared.page import Table
from benchmarks.shared.processes import BenchmarkError, Cost, RunningProgram, cpu_seconds_here, scratch_folder
from benchmarks.shared.progress import say
from benchmarks.shared.report import circumstances, markdown_table, spread
from benchmarks.shared.synthetic_texts import make_posts, write_posts
from newsgate.db.batch_status import batch_status
from newsgate.db.session import Database
from newsgate.db.tables import chunks, verdicts
from newsgate.worker.embedded_redis import EmbeddedRedis
from newsgate.worker.queue_names import CLASSIFY_QUEUE

MARKER: Final = "workers"
# Of short files the chunks are smaller than by default, so that there are enough of them to count.
_CHUNKS_AT_LEAST: Final = 20
_ASIDE: Final = f"{CLASSIFY_QUEUE}.aside"
_PATIENCE_SECONDS: Final = 900


@dataclass(frozen=True, slots=True)
class Setup:
    """So many `newsgate worker` programs, with so many threads each that classify."""

    workers: int
    threads: int


@dataclass(frozen=True, slots=True)
class EndedChunk:
    """A chunk that was classified: by which worker, its rows, and when that was, in seconds since any moment."""

    worker: str
    rows: int
    at_seconds: float


@dataclass(frozen=True, slots=True)
class Rates:
    """What one setup did in one repeat. classifying: rows a second. whole: what `enqueue --wait` took."""

    classifying: float
    whole: Cost


ALONE: Final = Setup(1, 1)
SETUPS: Final = (ALONE, Setup(1, 2), Setup(2, 1), Setup(3, 1))


def add_options(parser: argparse.ArgumentParser) -> None:
    add_rows_and_repeats(parser)


def run(options: argparse.Namespace) -> Iterator[Table]:
    yield Table(MARKER, report(measure(rows=options.rows, repeats=options.repeats)))


def measure(*, rows: int, repeats: int) -> dict[Setup, list[Rates]]:
    """Let the setups take turns, each time with a new home."""
    posts = make_posts(seed=2)
    rates: dict[Setup, list[Rates]] = {setup: [] for setup in SETUPS}
    with scratch_folder() as folder:
        waiting = write_posts(folder / "waiting.csv", posts, rows=rows)
        coming = write_posts(folder / "coming.csv", posts, rows=rows)
        for repeat in range(repeats):
            for setup in SETUPS:
                place = folder / f"{setup.workers}-{setup.threads}-{repeat}"
                place.mkdir()
                rates[setup].append(_measure_setup(setup, place, waiting=waiting, coming=coming, rows=rows))
                say(f"{setup}: {rates[setup][-1]}")
    return rates


def report(rates: Mapping[Setup, Sequence[Rates]]) -> str:
    """Return the figures as Markdown."""
    table = markdown_table(
        (
            "workers",
            "threads in each",
            "classifying, items/s",
            "min",
            "max",
            "times one worker",
            "`enqueue --wait`, items/s",
            "min",
            "max",
            "CPU ms an item",
        ),
        [
            (
                str(setup.workers),
                str(setup.threads),
                *spread([each.classifying for each in measured]),
                f"{times_as_fast(measured, rates[ALONE]):.2f}",
                *spread([each.whole.items_per_second for each in measured]),
                f"{statistics.median(each.whole.cpu_milliseconds_per_item for each in measured):.3g}",
            )
            for setup, measured in rates.items()
        ],
    )
    return f"{table}\n\n{circumstances()}"


def times_as_fast(measured: Sequence[Rates], alone: Sequence[Rates]) -> float:
    """Return how many times as fast as one worker a setup classifies: the median of the repeats' ratios."""
    return statistics.median(each.classifying / one.classifying for each, one in zip(measured, alone, strict=True))


def classifying_rate(ended: Sequence[EndedChunk], setup: Setup) -> float:
    """Return the rows a second while every thread has a chunk; `ended`: all chunks, the earliest first.

    From the moment when the last of the workers has finished its first chunk, which leaves their start out, to that
    when the first thread finds nothing left. Raises BenchmarkError where no chunk ended in between.
    """
    firsts: dict[str, float] = {}
    for chunk in ended:
        firsts.setdefault(chunk.worker, chunk.at_seconds)
    if len(firsts) < setup.workers:
        raise BenchmarkError(f"{len(firsts)} of {setup.workers} workers had something to do: more rows are needed")
    began = max(firsts.values())
    with_all_busy = ended[: len(ended) - setup.workers * setup.threads + 1]
    counted = [chunk for chunk in with_all_busy if chunk.at_seconds > began]
    if not counted:
        raise BenchmarkError("no chunk ended while every thread had one: more rows are needed")
    return sum(chunk.rows for chunk in counted) / (counted[-1].at_seconds - began)


def _measure_setup(setup: Setup, folder: Path, *, waiting: Path, coming: Path, rows: int) -> Rates:
    with _opened(folder, threads=setup.threads, rows=rows) as newsgate:
        newsgate.home.run("enqueue", waiting)
        newsgate.put_messages_aside()
        with newsgate.running_workers(setup.workers) as workers:
            newsgate.wait_until(lambda: newsgate.listening() >= setup.workers, workers, what="all workers are ready")
            newsgate.bring_messages_back()
            newsgate.wait_until(newsgate.first_batch_is_done, workers, what="the waiting chunks are classified")
            classifying = classifying_rate(newsgate.ended_chunks(), setup)
            whole = newsgate.classify(coming, workers, rows=rows)
        if newsgate.verdicts() != 2 * rows:
            raise BenchmarkError(f"{2 * rows} rows gave {newsgate.verdicts()} verdicts")
    return Rates(classifying=classifying, whole=whole)


@dataclass(frozen=True, slots=True)
class _Newsgate:
    """A newsgate of its own for one setup: database and running broker. client: speaks to the broker."""

    home: Home
    database: Database
    broker: EmbeddedRedis
    client: redis.Redis

    def classify(self, file: Path, workers: Sequence[RunningProgram], *, rows: int) -> Cost:
        """Take the time of `enqueue --wait`."""
        started, cpu_before = time.monotonic(), self._cpu_seconds(workers)
        self.home.run("enqueue", file, "--wait")
        seconds = time.monotonic() - started
        return Cost(rows, seconds, self._cpu_seconds(workers) - cpu_before)

    def put_messages_aside(self) -> None:
        """Keep them from the workers that start first, or the last one would find nothing left."""
        self.client.rename(CLASSIFY_QUEUE, _ASIDE)

    def bring_messages_back(self) -> None:
        self.client.rename(_ASIDE, CLASSIFY_QUEUE)

    def listening(self) -> int:
        """How many workers wait for a message right now."""
        return int(self.client.info("clients")["blocked_clients"])

    @contextlib.contextmanager
    def running_workers(self, count: int) -> Iterator[list[RunningProgram]]:
        with contextlib.ExitStack() as stack:
            yield [stack.enter_context(self.home.running("newsgate", "worker")) for _ in range(count)]

    def wait_until(self, condition: Callable[[], bool], workers: Sequence[RunningProgram], *, what: str) -> None:
        """Poll until `condition` holds. Raises BenchmarkError where a worker ends meanwhile, or it takes too long."""

        def holds() -> bool:
            ended = [worker for worker in workers if worker.process.poll() is not None]
            if ended:
                raise BenchmarkError(f"a worker ended while waiting: {what}\n{ended[0].told()}")
            return condition()

        workers[0].wait_until(holds, what=what, seconds=_PATIENCE_SECONDS)

    def first_batch_is_done(self) -> bool:
        with self.database.read() as connection:
            return batch_status(connection, 1).finished

    def ended_chunks(self) -> list[EndedChunk]:
        with self.database.read() as connection:
            ended = connection.execute(
                select(chunks.c.worker, chunks.c.item_count, chunks.c.finished_at).order_by(chunks.c.finished_at)
            )
            return [EndedChunk(row.worker, row.item_count, row.finished_at.timestamp()) for row in ended]

    def verdicts(self) -> int:
        with self.database.read() as connection:
            return connection.execute(select(func.count()).select_from(verdicts)).scalar_one()

    def _cpu_seconds(self, workers: Sequence[RunningProgram]) -> float:
        pids = [worker.process.pid for worker in workers]
        if self.broker.pid is not None:
            pids.append(self.broker.pid)
        return cpu_seconds_here() + sum(tree_cpu_seconds(pid) for pid in pids)


@contextlib.contextmanager
def _opened(folder: Path, *, threads: int, rows: int) -> Iterator[_Newsgate]:
    chunk_rows = max(1, min(Home(folder).settings.chunk_rows, rows // _CHUNKS_AT_LEAST))
    home = Home(folder, {"NEWSGATE_CHUNK_ROWS": str(chunk_rows), "NEWSGATE_WORKER_THREADS": str(threads)})
    with (
        contextlib.closing(Database(home.settings.effective_database_url)) as database,
        home.broker() as broker,
        contextlib.closing(redis.Redis(unix_socket_path=str(home.settings.broker_socket))) as client,
    ):
        yield _Newsgate(home, database, broker, client)
