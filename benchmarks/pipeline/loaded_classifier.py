"""newsgate's classifier without newsgate: texts in memory to probabilities, in a process for each core."""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TypeVar

from benchmarks.pipeline.processor_time import tree_cpu_seconds
from benchmarks.pipeline.side import Side, Work
from benchmarks.shared.processes import Cost, cores, cpu_seconds_here
from newsgate.model.classifier import Classifier, Scores
from newsgate.model.runtime_names import RuntimeName
from newsgate.model.starter import starter_bundle

# As many as a chunk of newsgate has.
CHUNK_ROWS = 2000

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class LoadedClassifier:
    """The classifier alone, a process a core: no file, no database."""

    processes: ProcessPoolExecutor
    runtime: RuntimeName

    def classify(self, work: Work) -> Cost:
        """Score the texts, a chunk to a process, as newsgate's workers do."""
        started, cpu_before = time.monotonic(), cpu_seconds_with_pools()
        scored = sum(map(len, self.processes.map(self._score, chunks_of(work.texts))))
        return Cost(scored, time.monotonic() - started, cpu_seconds_with_pools() - cpu_before)

    def submit(self, texts: Sequence[str]) -> Future[Scores]:
        """Have a chunk scored while the caller does something else."""
        return self.processes.submit(self._score, texts)

    @property
    def _score(self) -> partial[Scores]:
        return partial(_score, runtime=self.runtime)


@contextlib.contextmanager
def open_classifier(_folder: Path, warm_up: Work) -> Iterator[Side]:
    """The classifier alone."""
    with loaded_classifier() as classifier:
        classifier.classify(warm_up)
        yield classifier


@contextlib.contextmanager
def loaded_classifier(runtime: RuntimeName = "auto") -> Iterator[LoadedClassifier]:
    """The starter model in a process for each core."""
    # Spawned: what is forked beside running threads may hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(cores(), mp_context=context) as processes:
        yield LoadedClassifier(processes, runtime)


def cpu_seconds_with_pools() -> float:
    """The processor time of this process and of its pools' processes so far."""
    pools = (child.pid for child in multiprocessing.active_children())
    return cpu_seconds_here() + sum(tree_cpu_seconds(pid) for pid in pools if pid is not None)


def _score(texts: Sequence[str], *, runtime: RuntimeName) -> Scores:
    return _classifier(runtime).classify(texts)


@cache
def _classifier(runtime: RuntimeName) -> Classifier:
    return Classifier.from_bundle_bytes(starter_bundle(), runtime=runtime)


def chunks_of(rows: Iterable[Row]) -> Iterator[Sequence[Row]]:
    """Yield `rows` in chunks; the last may be shorter."""
    remaining = iter(rows)
    while chunk := list(itertools.islice(remaining, CHUNK_ROWS)):
        yield chunk
