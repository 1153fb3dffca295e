"""newsgate's classifier without newsgate: texts in memory to probabilities, on all cores of one process."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from benchmarks.pipeline.side import Side, Work, cores
from benchmarks.processes import Cost, cpu_seconds_here
from model.classifier import Classifier
from model.starter import starter_bundle

# As many as a chunk of newsgate has.
CHUNK_ROWS = 1000

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class LoadedClassifier:
    """The classifier alone: no file, no database."""

    classifier: Classifier
    threads: ThreadPoolExecutor

    def classify(self, work: Work) -> Cost:
        """Score the texts, a chunk to a thread, as newsgate's worker does."""
        started, cpu_before = time.monotonic(), cpu_seconds_here()
        scored = sum(map(len, self.threads.map(self.classifier.classify, chunks_of(work.texts))))
        return Cost(scored, time.monotonic() - started, cpu_seconds_here() - cpu_before)


@contextlib.contextmanager
def open_classifier(_folder: Path, warm_up: Work) -> Iterator[Side]:
    """The classifier alone."""
    with loaded_classifier() as classifier:
        classifier.classify(warm_up)
        yield classifier


@contextlib.contextmanager
def loaded_classifier() -> Iterator[LoadedClassifier]:
    """The starter model, and a thread for each core."""
    with ThreadPoolExecutor(cores(), thread_name_prefix="classify") as threads:
        yield LoadedClassifier(Classifier.from_bundle_bytes(starter_bundle()), threads)


def chunks_of(rows: Iterable[Row]) -> Iterator[Sequence[Row]]:
    """Yield `rows` in chunks; the last may be shorter."""
    remaining = iter(rows)
    while chunk := list(itertools.islice(remaining, CHUNK_ROWS)):
        yield chunk
