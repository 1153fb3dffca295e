"""A model that is retrained night by night: `python -m benchmarks.retraining.nights DIR [--write docs/retraining.md]`.

DIR is the folder of the constraint set, which is no part of newsgate. Its validation texts are an imported test set:
they judge, together with the judging share of the labels given so far, and what is close to one of them never trains.

First question: does a model grow with 1 000 labels a night, and which nights' models are promoted? Second: are labels
that the review queue chooses worth more than as many random ones? About a quarter of an hour on two cores.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.shared.report import circumstances, markdown_table, write_between_markers
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
        print(f"trained on {len(split.train)}: macro-F1 {macro_f1:.4f}, {seconds:.0f} s", file=sys.stderr, flush=True)
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


# The picture

_WIDTH, _HEIGHT, _MARGIN = 380, 260, 46
_COLOURS: Final = {
    "each night's model": "#1f77b4",
    "champion": "#2ca02c",
    "review queue": "#d62728",
    "random": "#7f7f7f",
}


def picture(nights: Sequence[Night], choices: Sequence[Choices]) -> str:
    """Return both questions' curves side by side, as SVG."""
    growing = {
        "each night's model": [night.challenger_f1 for night in nights],
        "champion": [night.champion_f1 for night in nights],
    }
    choosing = {
        "review queue": _mean([each.queue for each in choices]),
        "random": _mean([each.chance for each in choices]),
    }
    seeds = "one seed" if len(choices) == 1 else f"mean of {len(choices)} seeds"
    panels = [
        _panel(growing, title="1 000 random labels a night", hollow=[not night.promoted for night in nights]),
        _panel(choosing, title=f"{CHOOSING} labels a night, {seeds}", hollow=[False] * (CHOOSING_NIGHTS + 1)),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * _WIDTH} {_HEIGHT}" font-family="sans-serif" '
        f'font-size="11"><rect width="100%" height="100%" fill="white"/>{panels[0]}'
        f'<g transform="translate({_WIDTH} 0)">{panels[1]}</g></svg>\n'
    )


def _mean(curves: Sequence[Sequence[float]]) -> list[float]:
    return [float(value) for value in np.mean(curves, axis=0)]


def _panel(curves: dict[str, list[float]], *, title: str, hollow: Sequence[bool]) -> str:
    """Return one diagram: macro-F1 in per cent over the nights; hollow marks are nights without a promotion."""
    nights = len(hollow) - 1
    values = [100 * value for curve in curves.values() for value in curve]
    low, high = int(min(values)), int(max(values)) + 1

    def place(night: int, value: float) -> tuple[float, float]:
        across = _MARGIN + night * (_WIDTH - 2 * _MARGIN) / nights
        up = (100 * value - low) / (high - low)
        return round(across, 1), round(_HEIGHT - _MARGIN - up * (_HEIGHT - 2 * _MARGIN), 1)

    parts = [f'<text x="{_WIDTH / 2}" y="18" text-anchor="middle" font-size="13">{title}</text>']
    for tick in range(low, high + 1):
        left, y = place(0, tick / 100)
        parts.append(f'<path d="M{left} {y}H{_WIDTH - _MARGIN}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 6}" y="{y + 4}" text-anchor="end">{tick}</text>')
    for night in range(nights + 1):
        x, y = place(night, low / 100)
        parts.append(f'<text x="{x}" y="{y + 16}" text-anchor="middle">{night}</text>')
    parts.append(f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 10}" text-anchor="middle">night</text>')
    parts.append('<text x="8" y="32">macro-F1, %</text>')
    for line, (name, curve) in enumerate(curves.items()):
        colour = _COLOURS[name]
        points = [place(night, value) for night, value in enumerate(curve)]
        dashes = ' stroke-dasharray="5 4"' if name == "champion" else ""
        line_through = " ".join(f"{x},{y}" for x, y in points)
        parts.append(f'<polyline points="{line_through}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>')
        if name != "champion":
            parts += [
                f'<circle cx="{x}" cy="{y}" r="4" fill="{"white" if empty else colour}" stroke="{colour}"/>'
                for (x, y), empty in zip(points, hollow, strict=True)
            ]
        parts.append(
            f'<text x="{_WIDTH - _MARGIN}" y="{_HEIGHT - _MARGIN - 24 + 14 * line}" text-anchor="end" '
            f'fill="{colour}">{name}</text>'
        )
    return "".join(parts)


def _main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.retraining.nights", description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder of constraint")
    parser.add_argument("--write", type=Path, help="put the tables into this page, and the picture beside it")
    parser.add_argument("--seeds", type=int, default=2, help="how often the two ways to choose are compared")
    options = parser.parse_args(arguments)
    train, validation = (read_labelled_csv(options.folder / name) for name in ("train.csv.gz", "val.csv.gz"))

    nights = grow(shuffled(train, seed=0), Trainer(validation, RECIPE))
    choices: list[Choices] = []
    for seed in range(options.seeds):
        choices.append(compare_choices(train, validation, seed=seed))
        content = f"{growing_table(nights)}\n\n{choosing_table(choices)}\n\n{circumstances()}"
        print(content, flush=True)
        # After every seed, so that a run that is cut short has something to show.
        if options.write is not None:
            path = options.write.parent / PICTURE
            path.parent.mkdir(exist_ok=True)
            path.write_text(picture(nights, choices), encoding="utf-8")
            write_between_markers(options.write, name=MARKER, content=content)


if __name__ == "__main__":
    _main()
