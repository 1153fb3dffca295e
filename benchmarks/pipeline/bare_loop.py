"""A loop that reads a CSV, has it classified on all cores, and stores; with newsgate's classifier the practical limit.

It has no broker, no leases, no workers, and after a crash it begins again: what it does is what has to be done. A
process a core classifies, and one more reads and stores meanwhile, as durably as newsgate does.
"""

from __future__ import annotations

import contextlib
import csv
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Column, Double, ForeignKey, Integer, MetaData, String, Table, Text, func, select

from benchmarks.pipeline.loaded_classifier import (
    CHUNK_ROWS,
    LoadedClassifier,
    chunks_of,
    cpu_seconds_with_pools,
    loaded_classifier,
)
from benchmarks.pipeline.side import Side, Work
from benchmarks.shared.processes import BenchmarkError, Cost, cores
from newsgate.db.bulk_insert import insert_columns
from newsgate.db.session import Database
from newsgate.model.classifier import Scores
from newsgate.model.labels import label_of
from newsgate.model.runtime_names import RuntimeName

_TRANSACTION_ROWS = 10_000
# Classified or in work: enough that no process waits while a transaction is written.
_CHUNKS_AHEAD = _TRANSACTION_ROWS // CHUNK_ROWS + cores()

_metadata = MetaData()
_items = Table(
    "items",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("external_id", Text, nullable=False),
    Column("text", Text, nullable=False),
)
_verdicts = Table(
    "verdicts",
    _metadata,
    Column("item_id", Integer, ForeignKey("items.id"), primary_key=True),
    Column("label", String(8), nullable=False),
    Column("p_fake", Double, nullable=False),
)

CsvRow = Sequence[str]


@dataclass(slots=True)
class BareLoop:
    """The loop and its database. stored: the rows in it."""

    database: Database
    loaded: LoadedClassifier
    stored: int = 0

    def classify(self, work: Work) -> Cost:
        """Read the file, classify its texts and store both, to the last COMMIT."""
        before = self.stored
        started, cpu_before = time.monotonic(), cpu_seconds_with_pools()
        waiting: list[tuple[CsvRow, float]] = []
        for rows, scores in self._scored(work.file):
            waiting += zip(rows, scores.p_fake.tolist(), strict=True)
            if len(waiting) >= _TRANSACTION_ROWS:
                self._store(waiting)
                waiting = []
        if waiting:
            self._store(waiting)
        cost = Cost(self.stored - before, time.monotonic() - started, cpu_seconds_with_pools() - cpu_before)
        self._check(wanted=before + len(work.texts))
        return cost

    def _scored(self, file: Path) -> Iterator[tuple[Sequence[CsvRow], Scores]]:
        """Yield the file's chunks and their scores in order, while the next chunks are in work."""
        running: deque[tuple[Sequence[CsvRow], Future[Scores]]] = deque()
        with file.open(encoding="utf-8", newline="") as opened:
            lines = csv.reader(opened)
            next(lines)
            for rows in chunks_of(lines):
                texts = [text for _, text in rows]
                running.append((rows, self.loaded.submit(texts)))
                if len(running) > _CHUNKS_AHEAD:
                    yield _finished(running)
        while running:
            yield _finished(running)

    def _store(self, rows: Sequence[tuple[CsvRow, float]]) -> None:
        numbered = list(enumerate(rows, start=self.stored + 1))
        items = [(item, external_id, text) for item, ((external_id, text), _) in numbered]
        verdicts = [(item, label_of(p_fake), p_fake) for item, (_, p_fake) in numbered]
        with self.database.write() as connection:
            insert_columns(connection, _items, each=_by_columns(("id", "external_id", "text"), items))
            insert_columns(connection, _verdicts, each=_by_columns(("item_id", "label", "p_fake"), verdicts))
        self.stored += len(rows)

    def _check(self, *, wanted: int) -> None:
        with self.database.read() as connection:
            stored = connection.execute(select(func.count()).select_from(_verdicts)).scalar_one()
        if stored != wanted:
            raise BenchmarkError(f"the bare loop has stored {stored} verdicts, not {wanted}")


def _by_columns(names: Sequence[str], rows: Sequence[Sequence[object]]) -> dict[str, Sequence[object]]:
    return dict(zip(names, zip(*rows, strict=True), strict=True))


def open_bare_loop(folder: Path, warm_up: Work) -> AbstractContextManager[Side]:
    """The loop with newsgate's classifier and an empty database."""
    return _open(folder, warm_up, runtime="auto")


def open_onnx_loop(folder: Path, warm_up: Work) -> AbstractContextManager[Side]:
    """The loop with ONNX Runtime, newsgate's tokenizer and an empty database."""
    return _open(folder, warm_up, runtime="onnx")


@contextlib.contextmanager
def _open(folder: Path, warm_up: Work, *, runtime: RuntimeName) -> Iterator[Side]:
    database = Database(f"sqlite:///{folder / 'bare.db'}")
    try:
        with database.write() as connection:
            _metadata.create_all(connection)
        with loaded_classifier(runtime) as loaded:
            loop = BareLoop(database, loaded)
            loop.classify(warm_up)
            yield loop
    finally:
        database.close()


def _finished(running: deque[tuple[Sequence[CsvRow], Future[Scores]]]) -> tuple[Sequence[CsvRow], Scores]:
    rows, scores = running.popleft()
    return rows, scores.result()
