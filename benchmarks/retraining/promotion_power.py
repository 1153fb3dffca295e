"""How often does the promotion test err?

Simulated: rows on which two models are right or wrong as two trainings of one recipe were seen to be. With FOLDER, that
of the constraint set, that is measured anew: six small models are trained on the same texts with other seeds, and rows
of their answers are drawn. No timing here, so any machine gives the same figures.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmarks.shared.page import Table
from benchmarks.shared.progress import say
from benchmarks.shared.report import markdown_table
from newsgate.model.classifier import Classifier
from newsgate.training.promotion import LEVEL, PairedScores, judge
from newsgate.training.recipe import Recipe

DECISIONS: Final = 200
ROWS: Final = 1_000
SEEDS: Final = 6
TRAIN_ROWS: Final = 1_500
LIFE_LOOKS: Final = 10
MARKER: Final = "promotion power"
RECIPE: Final = Recipe(vocabulary_size=6_000, max_tokens=96, max_epochs=8)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, nargs="?", help="the folder of constraint, to train real pairs")


def run(options: argparse.Namespace) -> Iterator[Table]:
    yield Table(MARKER, report(None if options.folder is None else train_models(options.folder)))


@dataclass(frozen=True)
class Pair:
    """What two models are to each other, as shares of the rows.

    accuracy: of the champion. apart: rows that one alone gets right, where both are equally good. gain: by how much
    the challenger's accuracy is higher; such rows come on top.
    """

    accuracy: float
    apart: float
    gain: float = 0.0


# Measured with FOLDER: two seeds, one recipe, 1 500 posts of constraint.
TWO_SEEDS: Final = Pair(accuracy=0.915, apart=0.051)


@dataclass(frozen=True)
class JudgingRows:
    """The judging rows: their labels and what each of two models says; whether the challenger is in truth better."""

    labels: tuple[str, ...]
    champion: PairedScores
    challenger: PairedScores
    truly_better: bool = False


def simulate(pair: Pair, *, rows: int, random: np.random.Generator) -> JudgingRows:
    """Return judging rows on which the two models are right as `pair` says, each row independent of the others."""
    actual_fake = random.random(rows) < 0.5
    both, only_champion, only_challenger = (
        pair.accuracy - pair.apart / 2,
        pair.apart / 2,
        pair.apart / 2 + pair.gain,
    )
    shares = [both, only_champion, only_challenger, 1.0 - both - only_champion - only_challenger]
    kind = random.choice(4, size=rows, p=shares)
    return JudgingRows(
        labels=names(actual_fake),
        champion=answers(actual_fake, right=(kind == 0) | (kind == 1), confidence=pair.accuracy),
        challenger=answers(actual_fake, right=(kind == 0) | (kind == 2), confidence=pair.accuracy + pair.gain),
    )


def names(actual_fake: npt.NDArray[np.bool_]) -> tuple[str, ...]:
    """Return the labels of bool [rows]."""
    return tuple("fake" if fake else "real" for fake in actual_fake)


def answers(actual_fake: npt.NDArray[np.bool_], *, right: npt.NDArray[np.bool_], confidence: float) -> PairedScores:
    """Return the scores of a model that is right on these rows and always as sure of itself."""
    return PairedScores(np.where(actual_fake == right, confidence, 1.0 - confidence), texts_per_second=10_000.0)


def count_promotions(rows_of_decisions: Iterator[JudgingRows], *, looks: int = 1) -> int:
    """Return how many of the decisions promote."""
    return sum(judge(rows.champion, rows.challenger, rows.labels, looks=looks).promote for rows in rows_of_decisions)


def simulated(pair: Pair, *, rows: int, decisions: int, seed: int) -> Iterator[JudgingRows]:
    """Yield the rows of as many independent decisions."""
    random = np.random.default_rng(seed)
    return (simulate(pair, rows=rows, random=random) for _ in range(decisions))


def lives_with_a_false_promotion(pair: Pair, *, rows: int, lives: int, looks: int, seed: int) -> int:
    """Return in how many lives any of `looks` challengers is promoted, none of which is better.

    In each life the judging rows and the champion's answers stay the same from look to look.
    """
    random = np.random.default_rng(seed)
    return sum(_errs(pair, rows=rows, looks=looks, random=random) for _ in range(lives))


def _errs(pair: Pair, *, rows: int, looks: int, random: np.random.Generator) -> bool:
    actual_fake = random.random(rows) < 0.5
    champion_right = random.random(rows) < pair.accuracy
    champion = answers(actual_fake, right=champion_right, confidence=pair.accuracy)
    # Given what the champion did: of its right rows this share is lost, of its wrong ones that share is gained.
    lost, gained = pair.apart / 2 / pair.accuracy, pair.apart / 2 / (1.0 - pair.accuracy)
    for look in range(1, looks + 1):
        turned = random.random(rows) < np.where(champion_right, lost, gained)
        challenger = answers(actual_fake, right=champion_right ^ turned, confidence=pair.accuracy)
        if judge(champion, challenger, names(actual_fake), looks=look).promote:
            return True
    return False


@dataclass(frozen=True)
class TrainedModels:
    """The probabilities of fake [models, rows] that really trained models give texts that none was trained on."""

    p_fake: npt.NDArray[np.float64]
    actual_fake: npt.NDArray[np.bool_]

    def measured(self) -> Pair:
        """Return how two of the models are to each other, on average."""
        right = (self.p_fake >= 0.5) == self.actual_fake
        apart = [float(np.mean(right[one] != right[other])) for one, other in combinations(range(len(right)), 2)]
        return Pair(accuracy=float(np.mean(right)), apart=float(np.mean(apart)))

    def drawn(self, *, rows: int, decisions: int, seed: int, exchange: bool) -> Iterator[JudgingRows]:
        """Yield decisions between two random models on rows drawn with replacement.

        exchange: whose answer is whose is tossed anew for every row, so that neither is better whatever the seeds did.
        """
        random = np.random.default_rng(seed)
        for _ in range(decisions):
            picked = random.integers(len(self.actual_fake), size=rows)
            one, other = random.choice(len(self.p_fake), 2, replace=False)
            pair = self.p_fake[[one, other]][:, picked]
            if exchange:
                pair = np.where(random.random(rows) < 0.5, pair, pair[::-1])
            champion, challenger = (PairedScores(p_fake, texts_per_second=10_000.0) for p_fake in pair)
            truly_better = not exchange and self.accuracy(other) > self.accuracy(one)
            yield JudgingRows(names(self.actual_fake[picked]), champion, challenger, truly_better=truly_better)

    def accuracy(self, model: int) -> float:
        """Return the share of all rows that a model is right on: the truth, where rows are drawn from these."""
        return float(np.mean((self.p_fake[model] >= 0.5) == self.actual_fake))


def train_models(folder: Path) -> TrainedModels:
    """Train the same texts with several seeds and score the validation texts."""
    from newsgate.training.starter import read_labelled_csv
    from newsgate.training.train import train_bundle

    train, validation = (read_labelled_csv(folder / name) for name in ("train.csv.gz", "val.csv.gz"))
    scores = []
    for seed in range(SEEDS):
        say(f"training with seed {seed}")
        recipe = Recipe(**{**vars(RECIPE), "seed": seed})
        bundle = train_bundle(train.pick(range(TRAIN_ROWS)), recipe=recipe)
        scores.append(Classifier.from_bundle_bytes(bundle.data).classify(validation.texts).p_fake)
    return TrainedModels(np.stack(scores), np.array([label == "fake" for label in validation.labels]))


def report(models: TrainedModels | None) -> str:
    """Return all figures as Markdown."""
    pair = TWO_SEEDS if models is None else models.measured()
    better = Pair(accuracy=pair.accuracy - 0.05, apart=pair.apart, gain=0.05)
    null = count_promotions(simulated(pair, rows=ROWS, decisions=DECISIONS, seed=1))
    life = lives_with_a_false_promotion(pair, rows=ROWS, lives=DECISIONS, looks=LIFE_LOOKS, seed=2)
    lines = [
        ("no better: another seed, simulated", "1", null, f"at most {LEVEL:.0%}"),
        (f"no better: any of {LIFE_LOOKS} challengers in a row", f"1 to {LIFE_LOOKS}", life, f"at most {LEVEL:.0%}"),
    ]
    if models is not None:
        exchanged = models.drawn(rows=ROWS, decisions=DECISIONS, seed=3, exchange=True)
        as_they_are = list(models.drawn(rows=ROWS, decisions=DECISIONS, seed=3, exchange=False))
        no_better = count_promotions(rows for rows in as_they_are if not rows.truly_better)
        trained = f"really trained, {SEEDS} seeds"
        lines += [
            (f"{trained}, answers exchanged row by row", "1", count_promotions(exchanged), f"at most {LEVEL:.0%}"),
            (f"{trained}, as they are", "1", count_promotions(iter(as_they_are)), ""),
            ("of these, no better on all validation rows", "1", no_better, f"at most {LEVEL:.0%}"),
        ]
    for looks, rows in ((1, ROWS), (LIFE_LOOKS, ROWS), (1, 200), (1, 400)):
        count = count_promotions(simulated(better, rows=rows, decisions=DECISIONS, seed=4), looks=looks)
        wanted = "at least 90%" if (looks, rows) == (1, ROWS) else ""
        lines.append((f"5 points better, {rows} rows", str(looks), count, wanted))
    table = markdown_table(
        ["challenger", "look", f"promoted of {DECISIONS}", "wanted"],
        [(name, looks, str(count), wanted) for name, looks, count, wanted in lines],
    )
    return (
        f"{table}\n\nSimulated pairs: the champion is right on {pair.accuracy:.1%} of the rows, 5 points less where "
        f"the challenger is better, and one model alone is right on {pair.apart:.1%} of them"
        + ("." if models is None else f", as measured between {SEEDS} seeds on {TRAIN_ROWS} posts of constraint.")
    )
