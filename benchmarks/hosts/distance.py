"""How fast is newsgate with more hosts, and when the database is far away?

Each host has a network namespace of its own, and its packets take their time. The chunks all wait before the workers
start; the rate is that from the moment when the last worker has ended its first chunk to that when the first worker
finds nothing left. `enqueue` is measured on its own, without a worker: the time of a large file less that of one row.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import select

from benchmarks.hosts.cable import Quality
from benchmarks.hosts.site import DESK, WORKER_HOSTS, Site, prepared_site
from benchmarks.pipeline.workers import EndedChunk, Setup, classifying_rate
from benchmarks.shared.options import add_counts
from benchmarks.shared.page import Table
from benchmarks.shared.processes import BenchmarkError, scratch_folder
from benchmarks.shared.progress import say
from benchmarks.shared.report import circumstances, figure, markdown_table
from benchmarks.shared.synthetic_texts import make_posts, write_posts
from newsgate.db.tables import chunks

MARKER: Final = "distance"
_PATIENCE_SECONDS: Final = 900


@dataclass(frozen=True, slots=True)
class Place:
    """hosts: with a worker each. milliseconds: there and back between them, or the desk, and the database.

    threads: how many chunks a worker works on at a time.
    """

    hosts: int
    milliseconds: int
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Rates:
    """Rows a second of the workers, and of `enqueue` from a host that is as far away."""

    classifying: float
    enqueueing: float


NEAR: Final = Place(1, 0)
PLACES: Final = (NEAR, Place(2, 0), Place(1, 10), Place(1, 50), Place(1, 50, threads=2), Place(2, 50, threads=2))


def add_options(parser: argparse.ArgumentParser) -> None:
    add_counts(parser, rows=(100_000, "of the file"), repeats=(3, "turns of each"))


def run(options: argparse.Namespace) -> Iterator[Table]:
    rates: dict[Place, list[Rates]] = {place: [] for place in PLACES}
    with scratch_folder() as folder:
        posts = make_posts(seed=3)
        large = write_posts(folder / "posts.csv", posts, rows=options.rows)
        one = write_posts(folder / "one.csv", posts, rows=1)
        # The first command on a host loads what those after it find in memory.
        first = write_posts(folder / "first.csv", make_posts(seed=4), rows=1)
        for _ in range(options.repeats):
            for place in PLACES:
                rates[place].append(_measure(place, (first, one, large), rows=options.rows))
                say(f"{place}: {rates[place][-1]}")
    yield Table(MARKER, report(rates))


def report(rates: dict[Place, list[Rates]]) -> str:
    """Return the figures as Markdown."""

    def cells(measured: Sequence[float], beside: Sequence[float]) -> tuple[str, str]:
        times = statistics.median(each / near for each, near in zip(measured, beside, strict=True))
        return figure(statistics.median(measured)), f"{times:.2f}"

    rows = [
        (
            f"{place.hosts}",
            f"{place.milliseconds} ms",
            f"{place.threads}",
            *cells([each.classifying for each in measured], [each.classifying for each in rates[NEAR]]),
            *cells([each.enqueueing for each in measured], [each.enqueueing for each in rates[NEAR]]),
        )
        for place, measured in rates.items()
    ]
    headers = (
        "hosts with a worker",
        "there and back",
        "chunks at a time",
        "classifying, rows/s",
        "times the first",
        "`enqueue`, rows/s",
        "times the first",
    )
    return f"{markdown_table(headers, rows)}\n\n{circumstances()}"


def _measure(place: Place, files: Sequence[Path], *, rows: int) -> Rates:
    chunk_rows = max(1, min(2_000, rows // 20))
    with prepared_site(NEWSGATE_CHUNK_ROWS=str(chunk_rows), NEWSGATE_WORKER_THREADS=str(place.threads)) as site:
        for host in (DESK, *WORKER_HOSTS):
            # Each packet passes the cable of its host alone: that of the database adds nothing.
            site.network.set_cable(host, Quality(delay_seconds=place.milliseconds / 2000))
        _, (single, _), (whole, batch) = (_enqueued(site, file) for file in files)
        # Or the worker that is ready first would leave nothing to the other one.
        site.pause(batch)
        with contextlib.ExitStack() as stack:
            for host in WORKER_HOSTS[: place.hosts]:
                stack.enter_context(site.worker(host))
            site.resume(batch)
            site.wait_until_done(seconds=_PATIENCE_SECONDS)
        return Rates(
            classifying=classifying_rate(_ended_chunks(site), Setup(workers=place.hosts, threads=place.threads)),
            enqueueing=(rows - 1) / (whole - single),
        )


def _enqueued(site: Site, file: Path) -> tuple[float, int]:
    """Enqueue a file; gives the seconds that it took, and its batch."""
    began = time.monotonic()
    batch = site.enqueue(file)
    return time.monotonic() - began, batch


def _ended_chunks(site: Site) -> list[EndedChunk]:
    # The chunk of the single row would be counted as if it were one of many.
    query = (
        select(chunks.c.worker, chunks.c.item_count, chunks.c.finished_at)
        .where(chunks.c.item_count > 1)
        .order_by(chunks.c.finished_at)
    )
    with site.database.read() as connection:
        ended = [
            EndedChunk(row.worker, row.item_count, row.finished_at.timestamp()) for row in connection.execute(query)
        ]
    if not ended:
        raise BenchmarkError("no chunk was classified")
    return ended
