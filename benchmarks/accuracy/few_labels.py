"""How good is it with few labels, beside a linear SVC and a regression on MiniLM's embeddings?

A retraining is mostly given few. Of each set's training texts some are drawn with their labels, and the model is tested
on the set's own test texts. It may be stopped and started again: benchmarks/results/few_labels has what was measured.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.accuracy.baselines import figures_of_labels, fit_svc
from benchmarks.accuracy.kept_results import Trained, hashes
from benchmarks.accuracy.labelled_sets import read_set, split_by_seed
from benchmarks.accuracy.results import Circumstances
from benchmarks.shared.options import names_among, whole_numbers
from benchmarks.shared.page import Table
from benchmarks.shared.processes import ROOT
from benchmarks.shared.progress import say
from benchmarks.shared.report import markdown_table, over_seeds
from newsgate.model.classifier import Classifier
from newsgate.model.labels import FAKE, LABELS
from newsgate.training.corpus import LabelledTexts
from newsgate.training.evaluate import evaluate_probabilities
from newsgate.training.minilm import PretrainedUnavailableError, find_minilm
from newsgate.training.recipe import DEFAULT_RECIPE, Recipe
from newsgate.training.train import train_bundle

MARKER: Final = "few labels"
RESULTS: Final = ROOT / "benchmarks" / "results" / "few_labels"
SETS: Final = ("constraint", "gossipcop", "onion", "celebrity")
AMOUNTS: Final = (50, 100, 300, 1000)
_MOST_TESTED: Final = 2500


@dataclass(frozen=True, kw_only=True)
class Measured(Trained):
    """One drawing of labels. newsgate, svc, minilm: macro F1, from 0 to 1; minilm is None without its files."""

    set: str
    labels: int
    seed: int
    newsgate: float
    svc: float
    minilm: float | None


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", type=Path, help="the folder that holds a folder for each set")
    parser.add_argument("--only", type=names_among(SETS), default=[*SETS], metavar="SET,SET")
    parser.add_argument("--seeds", type=whole_numbers, default=[0, 1, 2], metavar="N,N")
    parser.add_argument("--amounts", type=whole_numbers, default=[*AMOUNTS], metavar="N,N")


def run(options: argparse.Namespace) -> Iterator[Table]:
    for seed in options.seeds:
        for labels in options.amounts:
            for name in options.only:
                _measure_once(name, labels=labels, recipe=replace(DEFAULT_RECIPE, seed=seed), data=options.data)
    yield Table(MARKER, table(Measured.load_all(RESULTS)))


def table(measured: Sequence[Measured]) -> str:
    """A row for each set and number of labels: the means over the drawings, in percent."""
    rows = []
    for name in SETS:
        for labels in sorted({each.labels for each in measured if each.set == name}):
            found = [each for each in measured if (each.set, each.labels) == (name, labels)]
            minilm = [each.minilm for each in found if each.minilm is not None]
            means = [over_seeds([each.newsgate for each in found]), over_seeds([each.svc for each in found])]
            rows.append((name, str(labels), str(len(found)), *means, over_seeds(minilm) if minilm else ""))
    if not rows:
        return "Not measured yet."
    headers = ("macro F1", "labels", "runs", "newsgate, plain", "TF-IDF + linear SVC", "MiniLM's mean, regression")
    return "\n\n".join([markdown_table(headers, rows), "\n".join(sorted({each.made_where for each in measured}))])


def _measure_once(name: str, *, labels: int, recipe: Recipe, data: Path) -> None:
    train, test = _drawn(name, labels=labels, seed=recipe.seed, data=data)
    if len(train) < labels:
        return
    made_of = hashes(recipe, train, test)
    path = RESULTS / f"{name}-{labels}-{recipe.seed}.json"
    if Measured.is_kept(path, made_of):
        return
    made = asdict(Circumstances.now())
    scores = Classifier.from_bundle_bytes(train_bundle(train, recipe=recipe).data).classify(test.texts)
    result = Measured(
        set=name,
        labels=labels,
        seed=recipe.seed,
        **made_of,
        newsgate=evaluate_probabilities(scores.p_fake, test.labels).macro_f1,
        svc=figures_of_labels(fit_svc(train, recipe.seed)(test.texts), test).macro_f1,
        minilm=_by_minilm(train, test),
        made=made,
    )
    result.keep(path)
    say(f"{name}, {labels} labels, seed {recipe.seed}: {result.newsgate:.3f}, SVC {result.svc:.3f}, {result.minilm}")


def _drawn(name: str, *, labels: int, seed: int, data: Path) -> tuple[LabelledTexts, LabelledTexts]:
    """Return so many training texts, both labels as often as in the set, and the test texts."""
    corpora = read_set(name, data=data)
    train, test = corpora if len(corpora) > 1 else split_by_seed(corpora[0], seed=0)
    random = np.random.default_rng(seed)
    rows: list[int] = []
    for label in LABELS:
        own = np.flatnonzero(np.asarray(train.labels) == label)
        rows += random.permutation(own)[: round(labels * len(own) / len(train))].tolist()
    # A rounding may leave one too few.
    rest = [row for row in random.permutation(len(train)).tolist() if row not in set(rows)]
    rows += rest[: labels - len(rows)]
    return train.pick(sorted(rows)), test.pick(range(min(len(test), _MOST_TESTED)))


def _by_minilm(train: LabelledTexts, test: LabelledTexts) -> float | None:
    try:
        files = find_minilm()
    except PretrainedUnavailableError:
        return None
    from sklearn.linear_model import LogisticRegression

    from newsgate.training.minilm_teacher import untaught

    teacher = untaught(files)
    actual = np.asarray(train.labels) == FAKE
    fitted = LogisticRegression(max_iter=2000).fit(teacher.embeddings(train.texts), actual)
    return evaluate_probabilities(fitted.predict_proba(teacher.embeddings(test.texts))[:, 1], test.labels).macro_f1
