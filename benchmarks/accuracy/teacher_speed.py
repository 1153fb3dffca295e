"""How much slower than the LSTM would its teacher be? Both on the same texts, in turns, with all cores.

The teacher is not fine-tuned for this: that changes its weights and not what they cost.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.accuracy.classifying_speed import Stopwatch
from benchmarks.shared.page import Table
from benchmarks.shared.processes import cores
from benchmarks.shared.progress import say
from benchmarks.shared.report import circumstances, markdown_table, spread
from newsgate.model.classifier import Classifier
from newsgate.training.minilm import find_minilm
from newsgate.training.starter import read_labelled_csv

MARKER: Final = "teacher speed"
ROUNDS: Final = 5
# Of these the teacher labels a hundred in a second.
TEACHER_TEXTS: Final = 400


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="labelled texts")
    parser.add_argument("bundle", type=Path, help="a model that newsgate trained")


def run(options: argparse.Namespace) -> Iterator[Table]:
    # It imports Keras, which reading the options need not wait for.
    from newsgate.training.minilm_teacher import untaught

    texts = list(dict.fromkeys(read_labelled_csv(options.file).texts))
    bundle = options.bundle.read_bytes()
    teacher = untaught(find_minilm())
    teacher.logits(texts[:TEACHER_TEXTS])
    newsgate_rates, teacher_rates = [], []
    for turn in range(ROUNDS):
        # A new one each time: its tokenizer remembers words.
        classifier = Classifier.from_bundle_bytes(bundle, threads=cores())
        classifier.warm_up()
        newsgate_rates.append(_rate(classifier.classify, texts))
        teacher_rates.append(_rate(teacher.logits, _every(texts, TEACHER_TEXTS)))
        say(f"{turn + 1} of {ROUNDS}: newsgate {newsgate_rates[-1]:,.0f} texts/s, teacher {teacher_rates[-1]:,.0f}")
    ratios = [fast / slow for fast, slow in zip(newsgate_rates, teacher_rates, strict=True)]
    yield Table(MARKER, f"{_table(newsgate_rates, teacher_rates, ratios)}\n\n{circumstances()}")


def _rate(classify: Callable[[Sequence[str]], Any], texts: Sequence[str]) -> float:
    with Stopwatch() as stopwatch:
        classify(texts)
    return len(texts) / stopwatch.seconds


def _every(texts: Sequence[str], count: int) -> Sequence[str]:
    """Return `count` texts, taken evenly from all."""
    return texts[:: max(1, len(texts) // count)][:count]


def _table(newsgate_rates: Sequence[float], teacher_rates: Sequence[float], ratios: Sequence[float]) -> str:
    rows = [
        ("newsgate, texts/s", *spread(newsgate_rates)),
        ("MiniLM, texts/s", *spread(teacher_rates)),
        ("ratio", *spread(ratios)),
    ]
    return markdown_table(("all cores", "median", "smallest", "largest"), rows)
