"""What does PgBouncer in transaction mode cost? PostgreSQL through it and without it, real programs, in turns.

Each turn has a new database. First `enqueue` stores the file while no worker runs; then two workers classify it.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import select

from benchmarks.pipeline.workers import EndedChunk, Setup, classifying_rate
from benchmarks.shared.home import Home
from benchmarks.shared.options import add_rows_and_repeats
from benchmarks.shared.page import Table
from benchmarks.shared.processes import scratch_folder
from benchmarks.shared.progress import say
from benchmarks.shared.report import circumstances, markdown_table, spread
from benchmarks.shared.servers import redis_over_tcp, safe_postgres
from benchmarks.shared.synthetic_texts import make_posts, write_posts
from newsgate.db.batch_status import batch_status
from newsgate.db.session import Database
from newsgate.db.tables import chunks
from tests.pgbouncer import PgBouncer

MARKER: Final = "pooler"
DIRECT: Final = "PostgreSQL"
POOLED: Final = "PostgreSQL through PgBouncer"
_WORKERS: Final = Setup(2, 1)
_PATIENCE_SECONDS: Final = 900


@dataclass(frozen=True, slots=True)
class Rates:
    """Rows a second in one turn: of `enqueue` from its start to its exit, and of the workers while both have work."""

    enqueue: float
    classifying: float


def add_options(parser: argparse.ArgumentParser) -> None:
    add_rows_and_repeats(parser)


def run(options: argparse.Namespace) -> Iterator[Table]:
    yield Table(MARKER, report(measure(rows=options.rows, repeats=options.repeats)))


def measure(*, rows: int, repeats: int) -> dict[str, list[Rates]]:
    """Let both sides take turns; which begins changes with every repeat."""
    rates: dict[str, list[Rates]] = {DIRECT: [], POOLED: []}
    with (
        scratch_folder() as folder,
        safe_postgres() as postgres,
        redis_over_tcp(folder / "redis") as broker,
        PgBouncer.running(postgres, default_pool_size="20") as pooler,
    ):
        file = write_posts(folder / "posts.csv", make_posts(seed=9), rows=rows)
        for repeat in range(repeats):
            for side in (DIRECT, POOLED) if repeat % 2 == 0 else (POOLED, DIRECT):
                url = postgres.new_database(migrated=True)
                address = pooler.through(url) if side == POOLED else url
                home = Home(folder, {"NEWSGATE_DATABASE_URL": address, "NEWSGATE_BROKER_URL": broker.url})
                rates[side].append(_turn(file, home, url, rows=rows))
                say(f"{side}: {rates[side][-1]}")
    return rates


def report(rates: Mapping[str, Sequence[Rates]]) -> str:
    """The figures as Markdown; the last column of each pair is the median of the ratios within a repeat."""
    sides = []
    for side, measured in rates.items():
        pairs = list(zip(measured, rates[DIRECT], strict=True))
        enqueue = statistics.median(mine.enqueue / direct.enqueue for mine, direct in pairs)
        classifying = statistics.median(mine.classifying / direct.classifying for mine, direct in pairs)
        sides.append(
            (
                side,
                *spread([each.enqueue for each in measured]),
                f"{enqueue:.2f}",
                *spread([each.classifying for each in measured]),
                f"{classifying:.2f}",
            )
        )
    headers = ("enqueue, rows/s", "min", "max", "of direct", "classifying, rows/s", "min", "max", "of direct")
    return f"{markdown_table(('database', *headers), sides)}\n\n{circumstances()}"


def _turn(file: Path, home: Home, url: str, *, rows: int) -> Rates:
    began = time.monotonic()
    home.run("enqueue", file)
    seconds = time.monotonic() - began
    with ExitStack() as stack:
        workers = [stack.enter_context(home.running("newsgate", "worker")) for _ in range(_WORKERS.workers)]
        database = stack.enter_context(_opened(url))
        workers[0].wait_until(
            lambda: _is_classified(database), what="the file is classified", seconds=_PATIENCE_SECONDS
        )
        return Rates(rows / seconds, classifying_rate(_ended_chunks(database), _WORKERS))


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        database.close()


def _is_classified(database: Database) -> bool:
    with database.read() as connection:
        return batch_status(connection, 1).finished


def _ended_chunks(database: Database) -> list[EndedChunk]:
    query = select(chunks.c.worker, chunks.c.item_count, chunks.c.finished_at).order_by(chunks.c.finished_at)
    with database.read() as connection:
        return [
            EndedChunk(row.worker, row.item_count, row.finished_at.timestamp()) for row in connection.execute(query)
        ]
