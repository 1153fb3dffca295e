"""How well does a wanted error hold? Thresholds from simulated trainings, judged on all texts of the same kind.

The scores are made up and perfectly calibrated, so what is seen is the choice of the threshold alone: a real model on
texts of another kind does worse.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmarks.shared.page import Table
from benchmarks.shared.report import figure, markdown_table
from newsgate.model.abstention import confidence_of, record_risk_coverage, threshold_for

MARKER: Final = "abstention"
HELD_BACK: Final = (200, 500, 2_000, 10_000)
MAX_ERRORS: Final = (0.01, 0.02, 0.05, 0.1)
TRAININGS: Final = 500
# Logits as wide as this make 14 of 100 labels wrong when every text gets one.
LOGIT_SPREAD: Final = 3.6
ALL_TEXTS: Final = 1_000_000


def run(_options: argparse.Namespace) -> Iterator[Table]:
    random = np.random.default_rng(0)
    population = Population(random)
    _, wrong = population.beyond(0.5)
    found = [each for held_back in HELD_BACK for each in simulate(population, random, held_back=held_back)]
    note = f"{TRAININGS} trainings a line, seed 0; {wrong:.1%} of the labels are wrong where every text gets one."
    yield Table(MARKER, f"{kept_table(found)}\n\n{note}")


@dataclass(frozen=True)
class Kept:
    """One wanted error over many trainings.

    error: of all labels given, how many are wrong. above: of the trainings that give labels, how many do so with a
    larger error than wanted. coverage: texts that get a label. silent: trainings that label nothing.
    """

    held_back: int
    max_error: float
    error: float
    above: float
    coverage: float
    silent: float


class Population:
    """All texts of a kind; a text with confidence c is labelled wrongly with probability 1 - c."""

    def __init__(self, random: np.random.Generator) -> None:
        self._confidences = np.sort(confidence_of(draw(random, ALL_TEXTS)))
        self._doubts = np.append(np.cumsum(1 - self._confidences[::-1])[::-1], 0.0)

    def beyond(self, threshold: float) -> tuple[float, float]:
        """Return the share of texts labelled at `threshold`, and the share of all texts labelled wrongly."""
        first = int(np.searchsorted(self._confidences, threshold))
        return 1 - first / ALL_TEXTS, float(self._doubts[first]) / ALL_TEXTS


def draw(random: np.random.Generator, rows: int) -> npt.NDArray[np.float64]:
    """Return the calibrated scores of some texts."""
    scores: npt.NDArray[np.float64] = 1 / (1 + np.exp(-random.normal(0, LOGIT_SPREAD, rows)))
    return scores


def simulate(population: Population, random: np.random.Generator, *, held_back: int) -> list[Kept]:
    """Return what every wanted error comes to, over trainings that hold back `held_back` texts."""
    records = []
    for _ in range(TRAININGS):
        p_fake = draw(random, held_back)
        truth = np.where(random.random(held_back) < p_fake, "fake", "real").tolist()
        records.append(record_risk_coverage(p_fake, truth))
    found = []
    for max_error in MAX_ERRORS:
        seen = np.array([population.beyond(threshold_for(record, max_error=max_error)) for record in records])
        labelled, wrong = seen.T
        speaks = labelled > 0
        found.append(
            Kept(
                held_back=held_back,
                max_error=max_error,
                error=float(wrong.sum() / max(labelled.sum(), 1e-12)),
                above=float(np.mean(wrong[speaks] > max_error * labelled[speaks])) if speaks.any() else 0.0,
                coverage=float(labelled.mean()),
                silent=float(np.mean(~speaks)),
            )
        )
    return found


def kept_table(found: Sequence[Kept]) -> str:
    """Return the figures as Markdown."""
    headers = [
        "held-back texts",
        "wanted error",
        "error",
        "trainings above",
        "coverage",
        "trainings that label nothing",
    ]
    return markdown_table(
        headers,
        [
            [
                figure(each.held_back),
                f"{each.max_error:.0%}",
                f"{each.error:.1%}" if each.silent < 1 else "",
                f"{each.above:.0%}" if each.silent < 1 else "",
                f"{each.coverage:.0%}",
                f"{each.silent:.0%}",
            ]
            for each in found
        ],
    )
