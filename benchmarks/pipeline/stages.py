"""Where does the time of a row go? What the workers tell of their stages, and the classifier's taken apart.

Posts go through the whole pipeline on each database; then the log of `newsgate up` is read. Microseconds by the clock,
of one worker: with two on two cores they pass twice as fast, and waiting for each other and for the disk is in them.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import re
import statistics
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from benchmarks.pipeline.loaded_classifier import chunks_of
from benchmarks.pipeline.side import Work
from benchmarks.scale.sizes import WORLDS
from benchmarks.shared.home import Home
from benchmarks.shared.options import add_rows_and_repeats
from benchmarks.shared.page import Table
from benchmarks.shared.processes import BenchmarkError, scratch_folder
from benchmarks.shared.report import circumstances, figure, markdown_table
from benchmarks.shared.synthetic_texts import make_posts, write_posts
from newsgate.model.bundle import read_bundle
from newsgate.model.runtime import open_runtime
from newsgate.model.starter import starter_bundle
from newsgate.model.text_encoder import open_encoder
from newsgate.tasks.enqueueing.enqueue import enqueue
from newsgate.tasks.enqueueing.request import Request
from newsgate.tasks.reading import ReadOptions, labelled_layout, open_source
from newsgate.tasks.running.open_database import open_database
from newsgate.worker.stage_times import STAGES

MARKER: Final = "stages"
_TOLD: Final = re.compile(r"chunks with (\d+) texts in .*; microseconds a text: (.*)")
_ROUNDS: Final = 5


def add_options(parser: argparse.ArgumentParser) -> None:
    add_rows_and_repeats(parser)


def run(options: argparse.Namespace) -> Iterator[Table]:
    yield Table(MARKER, measure(rows=options.rows, repeats=options.repeats))


def stages_of(log: str) -> dict[str, float]:
    """Return what a text took in each stage, in microseconds: the mean over all workers' texts. BenchmarkError."""
    told = [(int(texts), dict(pair.split(" ") for pair in each.split(", "))) for texts, each in _TOLD.findall(log)]
    texts = sum(count for count, _ in told)
    if not texts:
        raise BenchmarkError("the workers have told nothing about their stages")
    return {stage: sum(count * float(each[stage]) for count, each in told) / texts for stage in STAGES}


def report(
    worlds: dict[str, dict[str, float]], parts: dict[str, float], enqueueing: dict[str, float] | None = None
) -> str:
    """The figures as Markdown. enqueueing: what its parts take in processor time."""
    table = markdown_table(
        ("microseconds a text", *STAGES, "together"),
        [
            (world, *(figure(stages[stage]) for stage in STAGES), figure(sum(stages.values())))
            for world, stages in worlds.items()
        ],
    )
    told = f"Of classifying, in a process that does nothing else: {_listed(parts)}."
    if enqueueing:
        told += f" Of `enqueue`, in processor time: {_listed(enqueueing)}."
    return f"{table}\n\n{told}\n\n{circumstances()}"


def _listed(parts: dict[str, float]) -> str:
    return ", ".join(f"{part} {figure(value)}" for part, value in parts.items())


def measure(*, rows: int, repeats: int) -> str:
    """Classify `repeats` files of `rows` posts on each database, and return the tables."""
    posts = make_posts(seed=6)
    texts = list(itertools.islice(posts, rows))
    worlds = {}
    for world, opened in WORLDS.items():
        with scratch_folder() as folder:
            place = folder / "newsgate"
            place.mkdir()
            files = [write_posts(folder / f"{number}.csv", posts, rows=rows) for number in range(repeats + 1)]
            with opened(place, Work(files[0], texts)) as newsgate:
                for file in files[1:]:
                    newsgate.classify_file(file, rows=rows)
            worlds[world] = stages_of(newsgate.server.up.log.read_text(encoding="utf-8"))
    with scratch_folder() as folder:
        files = [write_posts(folder / f"{number}.csv", posts, rows=rows) for number in range(repeats)]
        enqueueing = _parts_of_enqueueing(folder, files, rows=rows)
    return report(worlds, _parts_of_classifying(texts), enqueueing)


def _parts_of_classifying(texts: Sequence[str]) -> dict[str, float]:
    bundle = read_bundle(starter_bundle())
    encoder = open_encoder(bundle.tokenizer, compiled=True)
    runtime = open_runtime(bundle, runtime="auto")
    chunks = list(chunks_of(texts))
    tokens = [encoder.encode(chunk, max_tokens=bundle.metadata.max_tokens) for chunk in chunks]
    parts = {
        "tokens": lambda: [encoder.encode(chunk, max_tokens=bundle.metadata.max_tokens) for chunk in chunks],
        "the LSTM": lambda: [runtime.logits(each) for each in tokens],
    }
    return {name: 1e6 * _seconds(part) / len(texts) for name, part in parts.items()}


def _parts_of_enqueueing(folder: Path, files: Sequence[Path], *, rows: int) -> dict[str, float]:
    """Each beginning with the one before it; nobody classifies meanwhile."""
    settings = Home(folder).settings

    def layout(file: Path) -> None:
        with open_source(file, spool_folder=folder) as source:
            labelled_layout(source, ReadOptions())

    def read(file: Path) -> None:
        with open_source(file, spool_folder=folder) as source:
            deque(source.rows(labelled_layout(source, ReadOptions())), maxlen=0)

    with contextlib.closing(open_database(settings)) as database:

        def whole(file: Path) -> None:
            enqueue(Request(str(file)), settings=settings, database=database)

        parts = {"the layout": layout, "that and reading": read, "all of it": whole}
        return {name: 1e6 * _processor_seconds(part, files) / rows for name, part in parts.items()}


def _processor_seconds(work: Callable[[Path], None], files: Sequence[Path]) -> float:
    def once(file: Path) -> float:
        began = time.thread_time()
        work(file)
        return time.thread_time() - began

    return statistics.median(map(once, files))


def _seconds(work: Callable[[], object]) -> float:
    def once() -> float:
        began = time.perf_counter()
        work()
        return time.perf_counter() - began

    return statistics.median(once() for _ in range(_ROUNDS))
