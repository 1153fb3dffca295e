"""How long does a small file wait while ten million rows are worked on?

The rows of a large file are put straight into the database of a home of its own, chunk by chunk as `enqueue` does it,
and `newsgate up` works on them. Then small files come one after the other, each by `enqueue FILE --wait`, and the time
runs from the start of the command to its exit. At last the next chunk is taken from a line of few chunks and from one
of many, in one or in thousands of batches: that must not cost more.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from sqlalchemy import insert, text

from benchmarks.shared.newsgate_server import newsgate_server
from benchmarks.shared.options import add_counts
from benchmarks.shared.page import Table
from benchmarks.shared.processes import BenchmarkError, scratch_folder
from benchmarks.shared.progress import say
from benchmarks.shared.report import circumstances, figure, markdown_table
from benchmarks.shared.synthetic_texts import make_posts, write_posts
from newsgate.db.batches import AcceptedRow, NewBatch, add_rows, create_batch, finish_loading
from newsgate.db.chunks import claim_next_chunk
from newsgate.db.labels import text_hash
from newsgate.db.schema import migrate
from newsgate.db.session import Database
from newsgate.db.tables import chunks
from newsgate.db.types import database_time
from newsgate.tasks.running.open_database import ensure_champion, open_database
from newsgate.worker.doorbell import Doorbell

MARKER: Final = "fair_share"
_CHUNK_ROWS: Final = 2000
# Made-up posts are said again after so many: making ten million would take longer than classifying them.
_POSTS: Final = 20_000
_CLAIMS: Final = 300
_LINES: Final = ((10, 1), (5_000, 1), (50_000, 1), (50_000, 5_000))
_BEGUN_SECONDS: Final = 120


@dataclass(frozen=True, slots=True)
class Shared:
    """What was seen. seconds: of each small file. large_rows_per_second: of the large one, meanwhile."""

    rows: int
    small_rows: int
    seconds: tuple[float, ...]
    large_rows_per_second: float
    large_rows_left: int


def add_options(parser: argparse.ArgumentParser) -> None:
    add_counts(
        parser,
        rows=(10_000_000, "of the large file"),
        small_rows=(100, "of each small file"),
        repeats=(10, "small files"),
    )


def run(options: argparse.Namespace) -> Iterator[Table]:
    shared = measure(rows=options.rows, small_rows=options.small_rows, repeats=options.repeats)
    yield Table(MARKER, report(shared, {line: claim_microseconds(*line) for line in _LINES}))


def measure(*, rows: int, small_rows: int, repeats: int) -> Shared:
    """Have small files classified while a large one is. Raises BenchmarkError where the large one ends before."""
    posts = make_posts(seed=7)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(scratch_folder())
        server = stack.enter_context(newsgate_server(folder, NEWSGATE_UP_TRAINS="no"))
        database = stack.enter_context(contextlib.closing(open_database(server.home.settings)))
        say(f"storing {rows} rows")
        run_number, waiting = fill(database, rows=rows)
        bell = Doorbell(server.home.settings)
        bell.ring(waiting)
        bell.close()
        server.up.wait_until(
            lambda: _done(database, run_number) > 0, what="the large file is worked on", seconds=_BEGUN_SECONDS
        )
        began, before = time.monotonic(), _done(database, run_number)
        seconds = []
        for number in range(repeats):
            say(f"small file {number + 1} of {repeats}")
            file = write_posts(folder / f"small-{number}.csv", posts, rows=small_rows)
            seconds.append(server.enqueue(file, rows=small_rows).seconds)
        done, took = _done(database, run_number), time.monotonic() - began
    if done >= rows:
        raise BenchmarkError("the large file was done before the small ones: give it more --rows")
    return Shared(rows, small_rows, tuple(seconds), (done - before) / took, rows - done)


def fill(database: Database, *, rows: int) -> tuple[int, list[int]]:
    """Store one large file; gives the number of its run, and its chunks."""
    texts = list(islice(make_posts(seed=5), min(rows, _POSTS)))
    hashed = [(each, text_hash(each)) for each in texts]
    model = ensure_champion(database)
    waiting = []
    with database.write() as connection:
        new = NewBatch(name="large.csv", sha256="0" * 64, size_bytes=0, layout="{}")
        loading = create_batch(connection, new, model=model)
    for first in range(0, rows, _CHUNK_ROWS):
        lines = range(first, min(first + _CHUNK_ROWS, rows))
        accepted = [AcceptedRow(line + 2, None, *hashed[line % len(hashed)]) for line in lines]
        with database.write(synced=False) as connection:
            chunk = add_rows(connection, loading, accepted=accepted, refused=[], last_row=lines[-1] + 2)
        waiting += [] if chunk is None else [chunk]
    with database.write() as connection:
        finish_loading(connection, loading)
    return loading.run, waiting


def claim_microseconds(waiting: int, batches: int) -> float:
    """Return what it takes to claim the next chunk where so many wait in so many batches: the median."""
    with scratch_folder() as folder, contextlib.closing(Database(f"sqlite:///{Path(folder) / 'line.db'}")) as database:
        migrate(database)
        model = ensure_champion(database)
        with database.write() as connection:
            for number in range(batches):
                new = NewBatch(name=f"{number}.csv", sha256="0" * 64, size_bytes=0, layout="{}")
                of_run = create_batch(connection, new, model=model).run
                mine = range(waiting // batches)
                row = {"run_id": of_run, "item_count": _CHUNK_ROWS, "state": "queued"}
                turns = [{"first_row": each, "last_row": each, "turn": each * _CHUNK_ROWS / 10, **row} for each in mine]
                connection.execute(insert(chunks).values(queued_at=database_time()), turns)
        seconds = []
        for _ in range(min(_CLAIMS, waiting)):
            began = time.perf_counter()
            with database.write(synced=False) as connection:
                claimed = claim_next_chunk(connection, worker="host:4711", lease_seconds=60)
            seconds.append(time.perf_counter() - began)
            if claimed is None:
                raise BenchmarkError("no chunk waits any more")
    return 1e6 * statistics.median(seconds)


def report(shared: Shared, claims: dict[tuple[int, int], float]) -> str:
    """The figures as Markdown."""
    table = markdown_table(
        ("a file of so many rows", "files", "seconds, median", "least", "most"),
        [
            (
                str(shared.small_rows),
                str(len(shared.seconds)),
                *(
                    f"{each:.2f}"
                    for each in (statistics.median(shared.seconds), min(shared.seconds), max(shared.seconds))
                ),
            )
        ],
    )
    line = markdown_table(
        ("chunks that wait", "batches", "microseconds to claim the next"),
        [(figure(waiting), figure(batches), figure(claims[waiting, batches])) for waiting, batches in claims],
    )
    beside = (
        f"Beside a file of {figure(shared.rows)} rows, of which {figure(shared.large_rows_left)} still waited at the "
        f"end, and of which {figure(shared.large_rows_per_second)} a second were classified meanwhile."
    )
    return f"{table}\n\n{beside}\n\n{line}\n\n{circumstances()}"


def _done(database: Database, run_number: int) -> int:
    with database.read() as connection:
        query = text("select done + failed from runs where id = :run")
        return int(connection.execute(query, {"run": run_number}).scalar_one())
