"""Where does the time of a row go? What the workers tell of their stages, and the classifier's taken apart.

Posts go through the whole pipeline on each database; then the log of `newsgate up` is read. Microseconds by the clock,
of one worker: with two on two cores they pass twice as fast, and waiting for each other and for the disk is in them.
"""

from __future__ import annotations

import argparse
import itertools
import re
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from benchmarks.pipeline.loaded_classifier import chunks_of
from benchmarks.pipeline.side import Work
from benchmarks.scale.sizes import WORLDS
from benchmarks.shared.options import add_rows_and_repeats
from benchmarks.shared.page import Table
from benchmarks.shared.processes import BenchmarkError, scratch_folder
from benchmarks.shared.report import circumstances, figure, markdown_table
from benchmarks.shared.synthetic_texts import make_posts, write_posts
from newsgate.model.bundle import read_bundle
from newsgate.model.runtime import open_runtime
from newsgate.model.starter import starter_bundle
from newsgate.model.text_encoder import open_encoder
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


def report(worlds: dict[str, dict[str, float]], parts: dict[str, float]) -> str:
    """The figures as Markdown."""
    table = markdown_table(
        ("microseconds a text", *STAGES, "together"),
        [
            (world, *(figure(stages[stage]) for stage in STAGES), figure(sum(stages.values())))
            for world, stages in worlds.items()
        ],
    )
    told = ", ".join(f"{part} {figure(value)}" for part, value in parts.items())
    return f"{table}\n\nOf classifying, in a process that does nothing else: {told}.\n\n{circumstances()}"


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
    return report(worlds, _parts_of_classifying(texts))


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


def _seconds(work: Callable[[], object]) -> float:
    def once() -> float:
        began = time.perf_counter()
        work()
        return time.perf_counter() - began

    return statistics.median(once() for _ in range(_ROUNDS))
