"""What does a model gain that is retrained night by night?

FOLDER is that of the constraint set, which is no part of newsgate. Its validation texts are an imported test set: they
judge, together with the judging share of the labels given so far, and what is close to one of them never trains.

First question: does a model grow with 1 000 labels a night, and which nights' models are promoted? Second: are labels
that the review queue chooses worth more than as many random ones?
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.shared.line_chart import Axis, Curve, LineChart, side_by_side
from benchmarks.shared.options import add_counts
from benchmarks.shared.page import Found, Picture, Table
from benchmarks.shared.progress import say
from benchmarks.shared.report import circumstances, markdown_table
from newsgate.model.classifier import Classifier
from newsgate.training.corpus import LabelledTexts
from newsgate.training.evaluate import evaluate_probabilities
from newsgate.training.judging_split import CorpusSplit, Judgement, split_labels
from newsgate.training.promotion import Decision, PairedScores, judge
from newsgate.training.recipe import Recipe
from newsgate.training.starter import read_labelled_csv
from newsgate.training.train import train_bundle

FIRST_LABELS: Final = 1_000
NIGHTS: Final = 5
GROWING_BY: Final = 1_000
# Few enough that most of the pool is left to choose from on the last night.
CHOOSING: Final = 250
CHOOSING_NIGHTS: Final = 4
RANDOM_SHARE: Final = 0.3
MARKER: Final = "nights"
PICTURE: Final = "images/nights.svg"
RECIPE: Final = Recipe(vocabulary_size=6_000, embedding_width=48, lstm_units=32, max_tokens=80)

Pair = tuple[str, str]


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="the folder of constraint")
    add_counts(parser, seeds=(2, "how often the two ways to choose are compared"))


def run(options: argparse.Namespace) -> Iterator[Found]:
    train, validation = (read_labelled_csv(options.folder / name) for name in ("train.csv.gz", "val.csv.gz"))
    nights = grow(shuffled(train, seed=0), Trainer(validation, RECIPE))
    choices: list[Choices] = []
    for seed in range(options.seeds):
        choices.append(compare_choices(train, validation, seed=seed))
        # After every seed, so that a run that is cut short has something to show.
        yield Table(MARKER, f"{growing_table(nights)}\n\n{choosing_table(choices)}\n\n{circumstances()}")
        yield Picture(PICTURE, picture(nights, choices))


@dataclass(frozen=True)
class Night:
    """One night of growing. macro_f1: of that night's challenger on the validation texts, beside the champion's."""

    labels: int
    trained_on: int
    challenger_f1: float
    champion_f1: float
    decision: Decision | None

    @property
    def promoted(self) -> bool:
        """Whether the challenger became champion; the first model has no rival."""
        return self.decision is None or self.decision.promote


@dataclass(frozen=True)
class Trained:
    """A model and its scores of the validation texts."""

    classifier: Classifier
    macro_f1: float


@dataclass(frozen=True)
class Choices:
    """The macro-F1 after each night, of labels the queue chose and of as many random ones."""

    seed: int
    queue: tuple[float, ...]
    chance: tuple[float, ...]


class Trainer:
    """Trains on labels in the order they were given, the validation texts being a test set imported before."""

    def __init__(self, validation: LabelledTexts, recipe: Recipe) -> None:
        self._validation = validation
        self._recipe = recipe

    def split(self, labels: Sequence[Pair], *, random: Sequence[bool], judging_share: float) -> CorpusSplit:
        """Part the labels; `random` says which of them were chosen at random."""
        tests = zip(self._validation.texts, self._validation.labels, strict=True)
        judgements = [Judgement(number, *pair, judges=True, is_test=True) for number, pair in enumerate(tests)]
        judgements += [
            Judgement(number, *pair, judges=by_chance)
            for number, (pair, by_chance) in enumerate(zip(labels, random, strict=True), start=len(judgements))
        ]
        return split_labels(judgements, judging_share=judging_share)

    def train(self, split: CorpusSplit) -> Trained:
        """Train a model on the training side."""
        began = time.monotonic()
        bundle = train_bundle(split.train, recipe=self._recipe, corpus=split.as_json())
        classifier = Classifier.from_bundle_bytes(bundle.data)
        scores = classifier.classify(self._validation.texts)
        macro_f1 = evaluate_probabilities(scores.p_fake, self._validation.labels).macro_f1
        seconds = time.monotonic() - began
        say(f"trained on {len(split.train)}: macro-F1 {macro_f1:.4f}, {seconds:.0f} s")
        return Trained(classifier, macro_f1)


def grow(pool: Sequence[Pair], trainer: Trainer) -> list[Night]:
    """Retrain every night on all random labels so far, and let the promotion test decide."""
    champion: Trained | None = None
    looks = 0
    nights = []
    for night in range(NIGHTS + 1):
        labels = pool[: FIRST_LABELS + night * GROWING_BY]
        split = trainer.split(labels, random=[True] * len(labels), judging_share=0.2)
        challenger = trainer.train(split)
        decision = None
        if champion is not None:
            looks += 1
            decision = decide(champion, challenger, split.judging, looks=looks)
        if decision is None or decision.promote:
            champion, looks = challenger, 0
        assert champion is not None
        nights.append(Night(len(labels), len(split.train), challenger.macro_f1, champion.macro_f1, decision))
    return nights


def decide(champion: Trained, challenger: Trained, judging: LabelledTexts | None, *, looks: int) -> Decision:
    """Score both models on the judging texts and decide."""
    assert judging is not None
    return judge(score(champion, judging), score(challenger, judging), judging.labels, looks=looks)


def score(trained: Trained, judging: LabelledTexts) -> PairedScores:
    """Return a model's scores, and its speed as the best of three rounds of processor time."""
    seconds = []
    for _ in range(3):
        began = time.process_time()
        scores = trained.classifier.classify(judging.texts)
        seconds.append(time.process_time() - began)
    return PairedScores(scores.p_fake, texts_per_second=len(judging) / min(seconds))


def choose(pool: Sequence[Pair], trainer: Trainer, *, first: Trained, by_queue: bool, seed: int) -> list[float]:
    """Return the macro-F1 after each night of labels that the queue chooses, or chance; night 0 is `first`.

    All labels train, so that the two ways differ in nothing but the choice. The queue takes the posts whose P(fake) by
    the last model is nearest to a half, and `RANDOM_SHARE` at random, as `newsgate review` does.
    """
    random = np.random.default_rng(seed)
    labels, rest = list(pool[:FIRST_LABELS]), list(pool[FIRST_LABELS:])
    trained = first
    curve = [first.macro_f1]
    for _ in range(CHOOSING_NIGHTS):
        order = random.permutation(len(rest))
        if by_queue:
            by_chance = order[: round(RANDOM_SHARE * CHOOSING)]
            p_fake = trained.classifier.classify([text for text, _ in rest]).p_fake
            uncertain = [row for row in np.argsort(np.abs(p_fake - 0.5), kind="stable") if row not in by_chance]
            order = np.array([*by_chance, *uncertain])
        picked = set(order[:CHOOSING].tolist())
        labels += [rest[row] for row in sorted(picked)]
        rest = [pair for row, pair in enumerate(rest) if row not in picked]
        trained = trainer.train(trainer.split(labels, random=[False] * len(labels), judging_share=0.0))
        curve.append(trained.macro_f1)
    return curve


def compare_choices(labelled: LabelledTexts, validation: LabelledTexts, *, seed: int) -> Choices:
    """Return both curves of one seed, from one first model on."""
    pool = shuffled(labelled, seed=seed)
    trainer = Trainer(validation, replace(RECIPE, seed=seed))
    start = pool[:FIRST_LABELS]
    first = trainer.train(trainer.split(start, random=[False] * len(start), judging_share=0.0))
    queue, chance = (choose(pool, trainer, first=first, by_queue=by_queue, seed=seed) for by_queue in (True, False))
    return Choices(seed, tuple(queue), tuple(chance))


def shuffled(labelled: LabelledTexts, *, seed: int) -> list[Pair]:
    """Return the (text, label) pairs in a random order."""
    order = np.random.default_rng(seed).permutation(len(labelled))
    return [(labelled.texts[row], labelled.labels[row]) for row in order]


def growing_table(nights: Sequence[Night]) -> str:
    """Return the nights of growing as Markdown."""
    return markdown_table(
        ["night", "labels", "train", "judge", "macro-F1", "champion after", "p", "level", "promoted"],
        [
            [
                str(number),
                str(night.labels),
                str(night.trained_on),
                *(["", f"{night.challenger_f1:.2%}", f"{night.champion_f1:.2%}", "", "", "the first"]),
            ]
            if night.decision is None
            else [
                str(number),
                str(night.labels),
                str(night.trained_on),
                str(night.decision.figures["rows"]),
                f"{night.challenger_f1:.2%}",
                f"{night.champion_f1:.2%}",
                f"{night.decision.figures['mcnemar']['p_better']:.2g}",
                f"{night.decision.figures['level_of_this_look']:.2g}",
                "yes" if night.decision.promote else "no",
            ]
            for number, night in enumerate(nights)
        ],
    )


def choosing_table(choices: Sequence[Choices]) -> str:
    """Return the two ways to choose as Markdown, seed by seed."""
    headers = [f"{name}, seed {each.seed}" for each in choices for name in ("queue", "random")]
    rows = []
    for night in range(CHOOSING_NIGHTS + 1):
        cells = [f"{curve[night]:.2%}" for each in choices for curve in (each.queue, each.chance)]
        rows.append([str(night), str(FIRST_LABELS + night * CHOOSING), *cells])
    return markdown_table(["night", "labels", *headers], rows)


def picture(nights: Sequence[Night], choices: Sequence[Choices]) -> str:
    """Return both questions' curves side by side, as SVG; hollow marks are nights without a promotion."""
    turned_down = [not night.promoted for night in nights]
    growing = [
        _curve("each night's model", [night.challenger_f1 for night in nights], "#1f77b4", hollow=turned_down),
        Curve("champion", _points([night.champion_f1 for night in nights]), "#2ca02c", dashed=True),
    ]
    choosing = [
        _curve("review queue", _mean([each.queue for each in choices]), "#d62728"),
        _curve("random", _mean([each.chance for each in choices]), "#7f7f7f"),
    ]
    seeds = "one seed" if len(choices) == 1 else f"mean of {len(choices)} seeds"
    return side_by_side(
        [_panel("1 000 random labels a night", growing), _panel(f"{CHOOSING} labels a night, {seeds}", choosing)]
    )


def _mean(curves: Sequence[Sequence[float]]) -> list[float]:
    return [float(value) for value in np.mean(curves, axis=0)]


def _curve(name: str, shares: Sequence[float], colour: str, *, hollow: Sequence[bool] = ()) -> Curve:
    return Curve(name, _points(shares), colour, marks=True, hollow=hollow)


def _points(shares: Sequence[float]) -> list[tuple[float, float]]:
    return [(night, 100 * share) for night, share in enumerate(shares)]


def _panel(title: str, curves: Sequence[Curve]) -> LineChart:
    """Return one diagram: macro-F1 in per cent over the nights."""
    nights = len(curves[0].points)
    values = [percent for curve in curves for _, percent in curve.points]
    low, high = int(min(values)), int(max(values)) + 1
    across = Axis("night", 0, nights - 1, [(night, str(night)) for night in range(nights)])
    up = Axis("macro-F1, %", low, high, [(percent, str(percent)) for percent in range(low, high + 1)])
    return LineChart(title, across, up, curves, legend=(240, 195))
