"""What does a row cost SQLite and PostgreSQL? For `simulate`.

The transactions of `enqueue` and of a worker, by the functions that those call, on a SQLite file and on a PostgreSQL
started for this: rows stored, chunk claimed, texts loaded, verdicts committed, one after another over one connection.
Chunks of 1000 rows and chunks of one row part what a transaction costs from what a row costs. Nothing is classified.

Both wait for their disk at each commit. They take turns, and of each the fastest round is kept, because what else the
machine does only ever adds to the time. Writes the sections `sqlite` and `postgresql` of benchmarks/results/rates.json.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from typing import Final

from sqlalchemy import text

from benchmarks.scale.rates import DatabaseCosts, Duration, overwrite_rates
from benchmarks.shared.options import add_counts
from benchmarks.shared.processes import BenchmarkError, scratch_folder
from benchmarks.shared.progress import say
from benchmarks.shared.report import circumstances
from benchmarks.shared.servers import safe_postgres
from benchmarks.shared.synthetic_texts import make_posts
from newsgate.db.all_tables import metadata
from newsgate.db.batches import AcceptedRow, Loading, NewBatch, add_rows, create_batch
from newsgate.db.chunks import Claim, claim_chunk, commit_chunk, load_texts
from newsgate.db.labels import text_hash
from newsgate.db.schema import migrate
from newsgate.db.session import Database
from newsgate.db.verdicts import Verdict, Verdicts
from newsgate.model.labels import label_of
from newsgate.model.score_summary import HISTOGRAM_BINS, Summary
from newsgate.tasks.running.open_database import ensure_champion

CHUNK_ROWS: Final = 1000
_SMALL_CHUNKS: Final = 200
_STEPS: Final = ("store", "claim", "load", "commit")
_LAID_OUT_APART: Final = ("items", "verdicts")
# As docs/performance.md has it; only the digits are stored, so it decides nothing.
_TOKENS_A_TEXT: Final = 39


@dataclass
class Stopwatch:
    """Seconds of each step, one figure a chunk."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: {step: [] for step in _STEPS})

    @contextmanager
    def timing(self, step: str) -> Iterator[None]:
        """Time the block as one more of this step."""
        began = time.perf_counter()
        yield
        self.seconds[step].append(time.perf_counter() - began)

    def median(self, step: str) -> float:
        """Return the median over the chunks: a checkpoint or another program on the machine meets only some."""
        return statistics.median(self.seconds[step])


class Filler:
    """Takes made-up files through the database the way newsgate does, without a model."""

    def __init__(self, database: Database, *, seed: int) -> None:
        self.text_bytes = 0
        self._database = database
        self._model = ensure_champion(database)
        self._posts = make_posts(seed=seed)
        self._random = random.Random(seed)

    def fill(self, *, rows: int, chunk_rows: int) -> Stopwatch:
        """Store one file and its verdicts, a chunk at a time, and time each step."""
        watch, lines = Stopwatch(), count(2)
        name = f"posts-{self._random.randrange(10**6)}.csv"
        with self._database.write() as connection:
            new = NewBatch(name=name, sha256=f"{self._random.getrandbits(256):064x}", size_bytes=0, layout="{}")
            loading = create_batch(connection, new, model=self._model)
        for _ in range(0, rows, chunk_rows):
            self._pass_chunk(loading, list(islice(lines, chunk_rows)), watch)
        return watch

    def _pass_chunk(self, loading: Loading, lines: list[int], watch: Stopwatch) -> None:
        accepted = [self._row(line) for line in lines]
        with watch.timing("store"), self._database.write() as connection:
            chunk = add_rows(connection, loading, accepted=accepted, refused=[], last_row=lines[-1])
        with watch.timing("claim"), self._database.write() as connection:
            claim = claim_chunk(connection, chunk or 0, worker="host:4711", lease_seconds=60, max_attempts=2)
        if claim is None:
            raise BenchmarkError(f"chunk {chunk} cannot be claimed")
        with watch.timing("load"), self._database.read() as connection:
            items, _ = load_texts(connection, claim)
        self._commit(claim, [self._verdict(item) for item in items], watch)

    def _commit(self, claim: Claim, verdicts: list[Verdict], watch: Stopwatch) -> None:
        histogram = [0] * HISTOGRAM_BINS
        for each in verdicts:
            histogram[int((each.p_fake or 0.0) * HISTOGRAM_BINS)] += 1
        tokens = _TOKENS_A_TEXT * len(verdicts)
        summary = json.dumps(Summary(tuple(histogram), tokens, tokens // 100, len(verdicts)).as_json())
        said = Verdicts.of(verdicts)
        with watch.timing("commit"), self._database.write() as connection:
            commit_chunk(connection, claim, said, summary=summary)

    def _row(self, line: int) -> AcceptedRow:
        post = next(self._posts)
        self.text_bytes += len(post.encode())
        return AcceptedRow(line, str(line), post, text_hash(post))

    def _verdict(self, item: int) -> Verdict:
        p_fake = self._random.random()
        return Verdict(item, label_of(p_fake), p_fake, _TOKENS_A_TEXT, False, None)


def add_options(parser: argparse.ArgumentParser) -> None:
    add_counts(parser, rows=(100_000, f"rows to store; a multiple of {CHUNK_ROWS}"), rounds=(5, "of each database"))


def run(options: argparse.Namespace) -> None:
    rounds = [measure_round(number, rows=options.rows) for number in range(options.rounds)]
    sqlite, postgresql = (min(costs, key=writing_seconds) for costs in zip(*rounds, strict=True))
    overwrite_rates(sqlite=sqlite, postgresql=postgresql)


def measure(database: Database, *, rows: int, small_chunks: int = _SMALL_CHUNKS) -> DatabaseCosts:
    """Fill a database that has newsgate's tables and nothing in them, and return what that cost."""
    filler = Filler(database, seed=1)
    # First, so that what is weighed afterwards is full chunks alone.
    small = filler.fill(rows=small_chunks, chunk_rows=1)
    before, log_before, filler.text_bytes = weigh(database), _log_position(database), 0
    large = filler.fill(rows=rows, chunk_rows=CHUNK_ROWS)
    table_bytes, index_bytes = (_grown(old, new, rows) for old, new in zip(before, weigh(database), strict=True))
    return DatabaseCosts(
        **{step: _line(small.median(step), large.median(step)) for step in _STEPS},
        table_bytes=table_bytes,
        index_bytes=index_bytes,
        log_bytes=(_log_position(database) - log_before) / rows,
        text_bytes=filler.text_bytes / rows,
        made=circumstances(),
    )


def weigh(database: Database) -> tuple[dict[str, int], dict[str, int]]:
    """Return the bytes of tables and those of their indexes; the small tables together as `other`."""
    return _weigh_file(database) if database.is_sqlite else _weigh_server(database)


def _weigh_file(database: Database) -> tuple[dict[str, int], dict[str, int]]:
    """A SQLite file as it is, and its tables copied without their indexes into a file of their own, one by one."""
    plain = Path(f"{database.url.database}-plain")
    with database.engine.connect() as connection:

        def ask(statement: str) -> int:
            return int(connection.connection.cursor().execute(statement).fetchone()[0])

        connection.connection.cursor().execute("attach ? as plain", (str(plain),))
        # Pages that were given back, as by the update of a bundle, will hold the next rows.
        used, copied, sizes = ask("pragma main.page_count") - ask("pragma main.freelist_count"), 0, {}
        for table in metadata.sorted_tables:
            connection.connection.cursor().execute(f"create table plain.{table.name} as select * from {table.name}")
            sizes[table.name], copied = ask("pragma plain.page_count") - copied, ask("pragma plain.page_count")
        page_bytes = ask("pragma main.page_size")
        connection.connection.cursor().execute("detach plain")
    plain.unlink()
    tables = {name: page_bytes * pages for name, pages in sizes.items()}
    return _parted(tables), {"all": page_bytes * used - sum(tables.values())}


def _weigh_server(database: Database) -> tuple[dict[str, int], dict[str, int]]:
    query = text("select pg_table_size(cast(:name as regclass)), pg_indexes_size(cast(:name as regclass))")
    tables, indexes = {}, {}
    with database.read() as connection:
        for table in metadata.sorted_tables:
            tables[table.name], indexes[table.name] = connection.execute(query, {"name": table.name}).one()
    return _parted(tables), _parted(indexes)


def _parted(sizes: Mapping[str, int]) -> dict[str, int]:
    large = {name: sizes[name] for name in _LAID_OUT_APART}
    return {**large, "other": sum(sizes.values()) - sum(large.values())}


def _grown(before: Mapping[str, int], after: Mapping[str, int], rows: int) -> dict[str, float]:
    return {name: (after[name] - before[name]) / rows for name in after}


def _line(small_seconds: float, large_seconds: float) -> Duration:
    """Return the straight line through a chunk of one row and one of `CHUNK_ROWS`."""
    row_seconds = max(0.0, large_seconds - small_seconds) / (CHUNK_ROWS - 1)
    return Duration(max(0.0, small_seconds - row_seconds), row_seconds)


def _log_position(database: Database) -> int:
    """Return the bytes of log made so far, also those that an asynchronous commit has not written yet."""
    if database.is_sqlite:
        return 0
    with database.read() as connection:
        return int(connection.execute(text("select pg_current_wal_insert_lsn() - '0/0'")).scalar_one())


def measure_round(number: int, *, rows: int) -> tuple[DatabaseCosts, DatabaseCosts]:
    """Return the costs of a new SQLite file and of a new PostgreSQL."""
    with scratch_folder() as folder, safe_postgres() as postgres:
        sqlite = _measured(f"sqlite:///{folder / 'costs.db'}", rows=rows)
        postgresql = _measured(postgres.new_database(), rows=rows)
    seconds = (writing_seconds(costs) for costs in (sqlite, postgresql))
    say(f"round {number + 1}: writing a chunk takes {' and '.join(f'{1000 * each:.1f} ms' for each in seconds)}")
    return sqlite, postgresql


def writing_seconds(costs: DatabaseCosts) -> float:
    """Return what a full chunk takes in all its transactions that write."""
    return costs.writing.of(CHUNK_ROWS)


def _measured(url: str, *, rows: int) -> DatabaseCosts:
    database = Database(url)
    try:
        migrate(database)
        return measure(database, rows=rows)
    finally:
        database.close()
