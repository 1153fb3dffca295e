"""Does a model know texts of its own kind, and does `--max-error` hold or say that it does not?

Trains two small models on every set: one on a random part, one without the texts of one topic. Each is then given its
own test texts, and those of every other set.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmarks.accuracy.labelled_sets import split_by_seed
from benchmarks.accuracy.topics import leave_topic_out
from benchmarks.shared.page import Table
from benchmarks.shared.processes import ROOT, BenchmarkError
from benchmarks.shared.progress import say
from benchmarks.shared.report import circumstances, markdown_table
from newsgate.model.abstention import RiskCoverage, confidence_of, threshold_for
from newsgate.model.classifier import Classifier, Scores
from newsgate.model.labels import FAKE, FAKE_THRESHOLD
from newsgate.model.score_summary import Summary, summarise
from newsgate.tasks.inspecting.likeness import compare_summaries
from newsgate.tasks.inspecting.promise import widened_error
from newsgate.training.corpus import LabelledTexts
from newsgate.training.recipe import DEFAULT_RECIPE, Recipe
from newsgate.training.starter import read_labelled_csv
from newsgate.training.train import train_bundle

FAMILIARITY: Final = "familiarity"
PROMISES: Final = "promises"
MODELS: Final = ROOT / "build" / "promises"
# Set -> the files of its training and its test texts; one file is parted by seed.
SETS: Final[Mapping[str, Sequence[str]]] = {
    "constraint": ("train", "val"),
    "covid_rumor": ("train", "test"),
    "gossipcop": ("train", "test"),
    "onion": ("train", "test"),
    "pheme": ("all",),
    "ott": ("all",),
    "celebrity": ("all",),
    "fakes": ("all",),
    "horne2017": ("all",),
}
# Without teachers and half as wide: what is measured is what the model says of itself, not how good it is.
SMALL: Final = replace(
    DEFAULT_RECIPE,
    teacher="none",
    variants=0,
    max_epochs=6,
    batch_rows=32,
    dropout=0.4,
    word_dropout=0.3,
    embedding_width=64,
    lstm_units=32,
)
MAX_ERROR: Final = 0.05
# The models are small, so a few thousand texts train and test them.
MOST_TRAINED: Final = 8_000
MOST_TESTED: Final = 2_000
DRAWS: Final = 100
# A set that nobody parted is parted so many times to count false alarms: all draws from the test texts of one split
# are alarms together where these few happen to differ from those held back.
SPLITS: Final = 6
DRAWN_ROWS: Final = (50, 100, 200, 500)


@dataclass(frozen=True)
class Model:
    """A trained model, its own test texts and what it says of them."""

    classifier: Classifier
    test: LabelledTexts
    scores: Scores

    @property
    def reference(self) -> Summary:
        """How its scores of held-back texts are distributed."""
        return Summary.from_json(self.classifier.metadata.reference or {})

    @property
    def record(self) -> RiskCoverage:
        """How often it was wrong on them at which confidence."""
        return RiskCoverage.from_json(self.classifier.metadata.abstention or {})


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", type=Path, help="the folder that holds a folder for each set")


def run(options: argparse.Namespace) -> Iterator[Table]:
    corpora = {name: _parts(name, options.data) for name in SETS}
    models = {}
    for name, (train, test) in corpora.items():
        models[name] = _model(f"{name}-split", train, test)
        say(f"{name}: trained on {len(train)} texts")
    yield Table(FAMILIARITY, f"{familiarity_table(models)}\n\n{circumstances()}")
    rows = []
    for name, (train, test) in corpora.items():
        alarms = [false_alarms(models[name]), *_alarms_of_other_splits(name, options.data)]
        rest, topic = leave_topic_out(LabelledTexts(train.texts + test.texts, train.labels + test.labels))
        without = _model(f"{name}-topic", rest, topic)
        rows.append(promise_row(name, models, without, alarms=alarms))
        say(f"{rows[-1]}")
    yield Table(PROMISES, f"{markdown_table(PROMISE_HEADERS, rows)}\n\n{circumstances()}")


def familiarity_table(models: Mapping[str, Model]) -> str:
    """The AUROC of the familiarity: the test texts of the row's set against those of the column's."""
    rows, every = [], []
    for name, model in models.items():
        cells = []
        for other, theirs in models.items():
            if other == name:
                cells.append("")
                continue
            seen = model.classifier.classify(theirs.test.texts[:MOST_TESTED]).familiarity
            every.append(auroc(model.scores.familiarity, seen))
            cells.append(f"{every[-1]:.3f}")
        rows.append((name, *cells, f"{np.mean(model.scores.familiarity < 0.1):.0%}"))
    table = markdown_table(("learned from", *models, "own unfamiliar"), rows)
    return f"{table}\n\nMean over the {len(every)} pairs: {statistics.fmean(every):.3f}; smallest {min(every):.3f}."


def auroc(own: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    """How often a text of its own kind is more familiar than one of the other; ties count half."""
    ordered = np.sort(other)
    below = np.searchsorted(ordered, own, side="left")
    upto = np.searchsorted(ordered, own, side="right")
    return float(np.mean((below + upto) / 2) / len(other))


PROMISE_HEADERS: Final = (
    "set",
    "alike: false alarms (each split)",
    "alike: labelled, wrong",
    "other sets: told",
    "topic left out: labelled, wrong",
    "said",
    "in the widened band",
)


def promise_row(name: str, models: Mapping[str, Model], without: Model, *, alarms: Sequence[float]) -> tuple[str, ...]:
    """What was said of batches alike, of those of every other set, and of a topic that the model has not seen.

    alarms: the share of false alarms in each split of the set.
    """
    model = models[name]
    others = [other for other in models if other != name]
    told = sum(_is_told(model, models[other].test) for other in others)
    likeness = compare_summaries(without.reference, summarise(without.scores))
    said = "not compared" if likeness.alike is None else "promised" if likeness.alike else "no promise"
    widened = widened_error(MAX_ERROR, separation=likeness.separation or 1.0)
    return (
        name,
        _alarm_cell(alarms),
        _labelled(model, MAX_ERROR),
        f"{told} of {len(others)}",
        _labelled(without, MAX_ERROR),
        f"{said} ({likeness.separation or 0:.2f})",
        _labelled(without, widened) if likeness.alike is False else "",
    )


def false_alarms(model: Model) -> float:
    """Of batches that are drawn from the model's own test texts, the share that is called unlike."""
    random = np.random.default_rng(0)
    rows, alarms = len(model.test), []
    for size in (size for size in DRAWN_ROWS if size <= 0.8 * rows):
        for _ in range(DRAWS):
            drawn = random.choice(rows, size, replace=False)
            alarms.append(compare_summaries(model.reference, summarise(_pick(model.scores, drawn))).alike is False)
    return float(np.mean(alarms)) if alarms else 0.0


def _alarms_of_other_splits(name: str, data: Path) -> Iterator[float]:
    if len(SETS[name]) > 1:
        return
    for seed in range(1, SPLITS):
        train, test = _parts(name, data, seed=seed)
        yield false_alarms(_model(f"{name}-split-{seed}", train, test))


def _alarm_cell(alarms: Sequence[float]) -> str:
    mean = f"{statistics.fmean(alarms):.1%}"
    return mean if len(alarms) == 1 else f"{mean} ({', '.join(f'{each:.1%}' for each in alarms)})"


def _is_told(model: Model, test: LabelledTexts) -> bool:
    scores = model.classifier.classify(test.texts[:MOST_TESTED])
    return compare_summaries(model.reference, summarise(scores)).alike is False


def _labelled(model: Model, max_error: float) -> str:
    """The share of texts that get a label, and how many of these labels are wrong, as a cell."""
    if max_error <= 0:
        return "0%"
    sure = confidence_of(model.scores.p_fake) >= threshold_for(model.record, max_error=max_error)
    if not sure.any():
        return "0%"
    wrong = (model.scores.p_fake >= FAKE_THRESHOLD) != (np.asarray(model.test.labels) == FAKE)
    return f"{sure.mean():.0%}, {wrong[sure].mean():.1%}"


def _pick(scores: Scores, rows: npt.NDArray[np.int64]) -> Scores:
    return Scores(
        scores.p_fake[rows],
        token_counts=scores.token_counts[rows],
        truncated=scores.truncated[rows],
        unknown_counts=scores.unknown_counts[rows],
        familiarity=scores.familiarity[rows],
    )


def _parts(name: str, data: Path, *, seed: int = 0) -> tuple[LabelledTexts, LabelledTexts]:
    files = [data / name / f"{part}.csv.gz" for part in SETS[name]]
    missing = [file for file in files if not file.is_file()]
    if missing:
        raise BenchmarkError(f"{missing[0]} is missing: give the folder that holds the sets")
    corpora = [read_labelled_csv(file) for file in files]
    return split_by_seed(corpora[0], seed=seed) if len(corpora) == 1 else (corpora[0], corpora[1])


def _model(name: str, train: LabelledTexts, test: LabelledTexts, *, recipe: Recipe = SMALL) -> Model:
    """Train a model, or read the one that an earlier run of the benchmark left."""
    order = np.random.default_rng(0).permutation(len(train))[:MOST_TRAINED]
    some = train.pick(sorted(order.tolist()))
    path = MODELS / f"{name}.newsgate"
    if not path.exists():
        MODELS.mkdir(parents=True, exist_ok=True)
        path.write_bytes(train_bundle(some, recipe=recipe).data)
    classifier = Classifier.from_bundle_bytes(path.read_bytes())
    if classifier.metadata.training_data.sha256 != some.fingerprint():
        raise BenchmarkError(f"{path} was trained on other texts: delete it")
    return Model(classifier, test, classifier.classify(test.texts))
