"""Celery's `solo` and `threads` pools for the classifying worker: same chunks, same model, same everything else.

Each pool is measured twice: on chunks that all wait already (classifying alone), and from the start of
`enqueue FILE --wait` to its exit, when reading the file needs a core too.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from benchmarks.newsgate_server import settings_of
from benchmarks.processes import (
    BenchmarkError,
    Cost,
    clean_environment,
    cpu_seconds_here,
    cpu_seconds_of,
    program,
    run_to_end,
    running,
    scratch_folder,
    wait_until,
)
from benchmarks.report import circumstances, markdown_table, spread, write_between_markers
from benchmarks.texts import make_lexicon, make_posts, write_posts
from db.batches import batch_status
from db.session import Database
from db.tables import chunks, verdicts
from model.bundle import read_bundle
from model.starter import starter_bundle
from worker.embedded_redis import EmbeddedRedis

MARKER = "pools"
_COMMAND_SECONDS = 900
_DOWN_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Pool:
    """One way to run the worker."""

    name: str
    threads: int


@dataclass(frozen=True, slots=True)
class Rates:
    """What one pool did in one repeat. classifying: items a second."""

    classifying: float
    whole: Cost


POOLS = (Pool("solo", 1), Pool("threads", 1), Pool("threads", 2), Pool("threads", 3))


def measure(*, rows: int, repeats: int) -> dict[Pool, list[Rates]]:
    """Let the pools take turns, each time with a new home."""
    posts = make_posts(make_lexicon(read_bundle(starter_bundle()).tokenizer.pieces), seed=2)
    rates: dict[Pool, list[Rates]] = {pool: [] for pool in POOLS}
    with scratch_folder() as folder:
        waiting = write_posts(folder / "waiting.csv", posts, rows=rows)
        coming = write_posts(folder / "coming.csv", posts, rows=rows)
        for repeat in range(repeats):
            for pool in POOLS:
                place = folder / f"{pool.name}-{pool.threads}-{repeat}"
                place.mkdir()
                rates[pool].append(_measure_pool(pool, place, waiting=waiting, coming=coming, rows=rows))
                sys.stderr.write(f"{pool}: {rates[pool][-1]}\n")
    return rates


def report(rates: dict[Pool, list[Rates]]) -> str:
    """The figures as Markdown."""
    table = markdown_table(
        (
            "Celery pool",
            "threads",
            "classifying, items/s",
            "min",
            "max",
            "`enqueue --wait`, items/s",
            "min",
            "max",
            "CPU ms an item",
        ),
        [
            (
                f"`{pool.name}`",
                str(pool.threads),
                *spread([each.classifying for each in measured]),
                *spread([each.whole.items_per_second for each in measured]),
                f"{statistics.median(each.whole.cpu_milliseconds_per_item for each in measured):.3g}",
            )
            for pool, measured in rates.items()
        ],
    )
    return f"{table}\n\n{circumstances()}"


def main() -> None:
    """Measure, print, and write where asked to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pools", description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000, help="rows of each of the two files")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--write", type=Path, metavar="FILE", help="a document whose table to replace")
    told = parser.parse_args()
    try:
        text = report(measure(rows=told.rows, repeats=told.repeats))
        print(text)
        if told.write:
            write_between_markers(told.write, name=MARKER, content=text)
    except BenchmarkError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def _measure_pool(pool: Pool, folder: Path, *, waiting: Path, coming: Path, rows: int) -> Rates:
    settings = settings_of(folder / "home")
    environment = clean_environment(NEWSGATE_HOME=str(settings.home))
    redis = EmbeddedRedis(settings)
    database = Database(settings.effective_database_url)
    try:
        redis.start()
        _enqueue(waiting, environment=environment, folder=folder)
        log = folder / "worker.log"
        with _worker(pool, environment=environment, folder=folder, log=log) as process:
            wait_until(
                lambda: _first_batch_is_done(database),
                what="the waiting chunks are classified",
                seconds=_COMMAND_SECONDS,
                process=process,
                log=log,
            )
            classifying = _classifying_rate(database)
            started, cpu_before = time.monotonic(), cpu_seconds_of(process) + cpu_seconds_here()
            _enqueue(coming, "--wait", environment=environment, folder=folder)
            seconds = time.monotonic() - started
            cpu_seconds = cpu_seconds_of(process) + cpu_seconds_here() - cpu_before
        if _verdicts(database) != 2 * rows:
            raise BenchmarkError(f"{2 * rows} rows gave {_verdicts(database)} verdicts")
    finally:
        redis.stop()
        database.close()
    return Rates(classifying=classifying, whole=Cost(rows, seconds, cpu_seconds))


def _worker(
    pool: Pool, *, environment: Mapping[str, str], folder: Path, log: Path
) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "benchmarks.pool_worker", pool.name, str(pool.threads)]
    return running(command, environment=environment, folder=folder, log=log, patience_seconds=_DOWN_SECONDS)


def _enqueue(file: Path, *options: str, environment: Mapping[str, str], folder: Path) -> None:
    run_to_end(
        [program("enqueue"), str(file), *options],
        environment=environment,
        folder=folder,
        limit_seconds=_COMMAND_SECONDS,
    )


def _first_batch_is_done(database: Database) -> bool:
    with database.read() as connection:
        return batch_status(connection, 1).finished


def _verdicts(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(verdicts)).scalar_one()


def _classifying_rate(database: Database) -> float:
    """Items a second between the ends of the first and the last chunk, so that the worker's start-up is left out."""
    with database.read() as connection:
        ended = list(connection.execute(select(chunks.c.finished_at, chunks.c.item_count).order_by("finished_at")))
    if len(ended) < 2:
        raise BenchmarkError("at least two chunks are needed: more rows")
    seconds = (ended[-1].finished_at - ended[0].finished_at).total_seconds()
    rows: int = sum(row.item_count for row in ended[1:])
    return rows / float(seconds)


if __name__ == "__main__":
    main()
