"""What are texts without a label worth? Models taught with few labels, with and without the other texts of the set.

Of a set's training texts some keep their labels, and the others are texts without one. Both models are tested on the
set's test texts. The seed draws which labels are kept, too.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.accuracy.labelled_sets import SOURCES
from benchmarks.shared.page import Table
from benchmarks.shared.processes import BenchmarkError
from benchmarks.shared.progress import say
from benchmarks.shared.report import circumstances, markdown_table, over_seeds
from newsgate.training.corpus import LabelledTexts
from newsgate.training.recipe import DEFAULT_RECIPE
from newsgate.training.starter import read_labelled_csv
from newsgate.training.train import train_bundle

MARKER: Final = "unlabelled"
SETS: Final = ("constraint", "covid_rumor", "gossipcop")
LABELS: Final = 500
SEEDS: Final = (0, 1, 2)


@dataclass(frozen=True)
class Compared:
    """One seed of one set: macro F1 from labels alone, and with the set's other texts, which have none."""

    set_name: str
    unlabelled: int
    alone: float
    taught: float


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", type=Path, help="the folder that holds a folder for each set")


def run(options: argparse.Namespace) -> Iterator[Table]:
    compared = []
    for set_name in SETS:
        for seed in SEEDS:
            compared.append(compare(set_name, data=options.data, seed=seed))
            say(f"{compared[-1]}")
    yield Table(MARKER, f"{_table(compared)}\n\n{circumstances()}")


def compare(set_name: str, *, data: Path, seed: int) -> Compared:
    """Train both models of a seed and test them. Raises BenchmarkError where the set has no test texts of its own."""
    source = SOURCES[set_name]
    if source.test is None:
        raise BenchmarkError(f"{set_name} has no test texts")
    train = read_labelled_csv(data / set_name / source.train)
    test = read_labelled_csv(data / set_name / source.test)
    order = np.random.default_rng(seed).permutation(len(train)).tolist()
    labelled, others = train.pick(order[:LABELS]), train.pick(order[LABELS:]).texts
    alone = _macro_f1(labelled, (), test=test, seed=seed)
    taught = _macro_f1(labelled, others, test=test, seed=seed)
    return Compared(set_name, len(others), alone, taught)


def _macro_f1(labelled: LabelledTexts, unlabelled: Sequence[str], *, test: LabelledTexts, seed: int) -> float:
    # As validation the test texts decide nothing, and none of the texts without a label is one of them.
    bundle = train_bundle(labelled, validation=test, unlabelled=unlabelled, recipe=replace(DEFAULT_RECIPE, seed=seed))
    if bundle.validation is None:
        raise BenchmarkError("a training did not report on its validation texts")
    return bundle.validation.macro_f1


def _table(compared: Sequence[Compared]) -> str:
    rows = []
    for set_name in SETS:
        mine = [each for each in compared if each.set_name == set_name]
        rows.append(
            (
                set_name,
                f"{LABELS}",
                f"{mine[0].unlabelled}",
                over_seeds([each.alone for each in mine]),
                over_seeds([each.taught for each in mine]),
            )
        )
    headers = ("macro F1, percent", "labels", "texts without", "labels alone", "with the other texts")
    return markdown_table(headers, rows)
