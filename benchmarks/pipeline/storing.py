"""Does SQLite store rows and verdicts any sooner if it is set up in another way?

Chunks of a file and their verdicts are stored as `enqueue` and a worker store them, each set-up in a database of its
own, in turns. Only the processor time of the storing thread counts: commits wait for no disk here, and the machine may
do other work.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final
from unittest.mock import patch

from sqlalchemy import select

from benchmarks.shared.options import add_counts
from benchmarks.shared.page import Table
from benchmarks.shared.processes import scratch_folder
from benchmarks.shared.progress import say
from benchmarks.shared.report import circumstances, figure, markdown_table
from benchmarks.shared.synthetic_texts import make_posts
from newsgate.db.batches import AcceptedRow, NewBatch, add_rows, create_batch
from newsgate.db.labels import text_hash
from newsgate.db.model_registry import add_model
from newsgate.db.schema import migrate
from newsgate.db.session import Database, sqlite_driver
from newsgate.db.tables import items
from newsgate.db.verdicts import Verdicts, store_verdicts

MARKER: Final = "storing"
_CHUNK_ROWS: Final = 2000


@dataclass(frozen=True, slots=True)
class SetUp:
    """One way to set SQLite up. page_bytes: of a new file. pragmas: of each connection. rows: of a statement."""

    name: str
    page_bytes: int = 4096
    pragmas: Mapping[str, str] = field(default_factory=dict)
    rows: int = 50


SET_UPS: Final = (
    SetUp("as it is"),
    SetUp("pages of 8192 bytes", page_bytes=8192),
    SetUp("pages of 16384 bytes", page_bytes=16384),
    SetUp("a checkpoint every 4000 pages, not 1000", pragmas={"wal_autocheckpoint": "4000"}),
    SetUp("a cache of 64 MB, not 16", pragmas={"cache_size": "-64000"}),
    SetUp("the file mapped into memory", pragmas={"mmap_size": "1073741824"}),
    SetUp("no foreign keys", pragmas={"foreign_keys": "OFF"}),
    SetUp("20 rows a statement, not 50", rows=20),
    SetUp("100 rows a statement", rows=100),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    add_counts(parser, chunks=(15, "of each set-up in a repeat"), repeats=(5, "turns of each set-up"))


def run(options: argparse.Namespace) -> Iterator[Table]:
    yield Table(MARKER, measure(chunks=options.chunks, repeats=options.repeats))


def measure(*, chunks: int, repeats: int) -> str:
    """Store so many chunks with each set-up, `repeats` times, and return the table."""
    posts = make_posts(seed=8)
    found: dict[str, list[tuple[float, float]]] = {each.name: [] for each in SET_UPS}
    for number in range(1, repeats + 1):
        texts = [list(islice(posts, _CHUNK_ROWS)) for _ in range(chunks)]
        say(f"turn {number} of {repeats}")
        for each in SET_UPS:
            with scratch_folder() as folder:
                found[each.name].append(_store(each, folder, texts))
    rows = [(name, *_told(found[name], found[SET_UPS[0].name])) for name in found]
    table = markdown_table(("SQLite", "a row of a file, µs", "times as it is", "a verdict, µs", "times as it is"), rows)
    return f"{table}\n\n{repeats} repeats of {chunks * _CHUNK_ROWS} rows; processor time.\n\n{circumstances()}"


def _told(costs: Sequence[tuple[float, float]], usual: Sequence[tuple[float, float]]) -> list[str]:
    told = []
    for part in range(2):
        ratio = statistics.median(cost[part] / plain[part] for cost, plain in zip(costs, usual, strict=True))
        told += [figure(statistics.median(cost[part] for cost in costs)), f"{ratio:.2f}"]
    return told


def _store(set_up: SetUp, folder: Path, texts: Sequence[Sequence[str]]) -> tuple[float, float]:
    """Return the microseconds of processor time that a row and a verdict took, each the median of the chunks."""
    file = folder / "newsgate.db"
    with contextlib.closing(sqlite_driver().connect(str(file))) as connection:
        connection.execute(f"PRAGMA page_size={set_up.page_bytes}")
        connection.execute("VACUUM")
    with contextlib.closing(Database(f"sqlite:///{file}")) as database:
        migrate(database)
        with database.outside_transactions() as connection:
            for name, value in set_up.pragmas.items():
                connection.execute(f"PRAGMA {name}={value}")
        with patch("newsgate.db.bulk_insert._ROWS_A_STATEMENT", set_up.rows):
            return _store_chunks(database, texts)


def _store_chunks(database: Database, texts: Sequence[Sequence[str]]) -> tuple[float, float]:
    with database.write() as connection:
        model = add_model(connection, name="a model", bundle=b"1", metadata={})
        loading = create_batch(connection, NewBatch("a", "0" * 64, 0, "{}"), model=model)
    costs = []
    for number, chunk in enumerate(texts):
        first = number * len(chunk)
        accepted = [AcceptedRow(row, str(row), text, text_hash(text)) for row, text in enumerate(chunk, start=first)]
        began = time.thread_time()
        with database.write(synced=False) as connection:
            add_rows(connection, loading, accepted=accepted, refused=[], last_row=accepted[-1].row)
        stored = time.thread_time()
        with database.read() as connection:
            ids = list(connection.execute(select(items.c.id).where(items.c.row >= first)).scalars())
        said = _verdicts(ids)
        loaded = time.thread_time()
        with database.write() as connection:
            store_verdicts(connection, said, model=model, run=loading.run)
        costs.append((stored - began, time.thread_time() - loaded))
    rows, verdicts = (statistics.median(cost[part] for cost in costs) for part in range(2))
    return 1e6 * rows / _CHUNK_ROWS, 1e6 * verdicts / _CHUNK_ROWS


def _verdicts(ids: Sequence[int]) -> Verdicts:
    shares = [item / (ids[-1] + 1) for item in ids]
    labels = ["fake" if share >= 0.5 else "real" for share in shares]
    return Verdicts(ids, labels, shares, [40] * len(ids), [False] * len(ids), familiarity=shares)
