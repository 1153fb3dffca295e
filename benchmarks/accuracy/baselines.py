"""What a recipe has to beat: a linear classifier on word pairs, and rules that know nothing of language."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.accuracy.classifying_speed import Stopwatch, texts_per_second
from benchmarks.accuracy.labelled_sets import SetFiles
from benchmarks.accuracy.results import Circumstances, Figures, Result, settings_hash
from newsgate.model.labels import FAKE, REAL
from newsgate.training.corpus import LabelledTexts
from newsgate.training.evaluate import evaluate_probabilities
from newsgate.training.starter import read_labelled_csv

LabelTexts = Callable[[Sequence[str]], list[str]]
MANY_WORDS: Final = 24


@dataclass(frozen=True)
class Baseline:
    """A way to label texts. sets: where it is measured, everywhere if empty. crosses: also on the other sets' tests."""

    settings: Mapping[str, Any]
    fit: Callable[[LabelledTexts, int], LabelTexts]
    sets: tuple[str, ...] = ()
    crosses: bool = False
    timed: bool = False


def measure_baseline(name: str, files: SetFiles, *, seed: int, others: Mapping[str, Path], texts_sha256: str) -> Result:
    """Fit a baseline on a set and test it; `others` are the other sets' tests, by name."""
    baseline = BASELINES[name]
    train = read_labelled_csv(files.train)
    made = Circumstances.now()
    with Stopwatch() as training:
        label_texts = baseline.fit(train, seed)
    tested = {**files.tests, **others} if baseline.crosses else files.tests
    tests = {test: read_labelled_csv(path) for test, path in tested.items()}
    rates = {}
    if baseline.timed:
        rates["1"] = texts_per_second(lambda: label_texts, warm_up=train.texts, texts=tests[files.name].texts)
    return Result(
        set=files.name,
        method=name,
        seed=seed,
        made=made,
        settings=baseline.settings,
        settings_sha256=settings_hash(baseline.settings),
        texts_sha256=texts_sha256,
        train_rows=len(train),
        training_seconds=training.seconds,
        tests={test: figures_of_labels(label_texts(corpus.texts), corpus) for test, corpus in tests.items()},
        texts_per_second=rates,
    )


def figures_of_labels(labels: Sequence[str], corpus: LabelledTexts) -> Figures:
    """Return the figures of labels without probabilities, so without a calibration error."""
    figures = evaluate_probabilities(np.array([float(label == FAKE) for label in labels]), corpus.labels)
    return Figures(
        rows=figures.rows,
        accuracy=figures.accuracy,
        weighted_f1=figures.weighted_f1,
        macro_f1=figures.macro_f1,
    )


def fit_svc(train: LabelledTexts, seed: int) -> LabelTexts:
    """Return a linear support vector classifier on TF-IDF weights of words and word pairs."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    pipeline = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True), LinearSVC(C=1.0, random_state=seed)
    )
    pipeline.fit(train.texts, train.labels)
    return lambda texts: [str(label) for label in pipeline.predict(texts)]


def fit_majority(train: LabelledTexts, _seed: int) -> LabelTexts:
    """Return the label that is more common in training, whatever the text."""
    commoner = max(train.counts, key=lambda label: train.counts[label])
    return lambda texts: [commoner] * len(texts)


def many_words_are_real(_train: LabelledTexts, _seed: int) -> LabelTexts:
    """Return `real` for at least `MANY_WORDS` words."""
    return lambda texts: [REAL if len(text.split()) >= MANY_WORDS else FAKE for text in texts]


def short_links_are_real(_train: LabelledTexts, _seed: int) -> LabelTexts:
    """Return `real` for a text with a link as Twitter shortens them."""
    return lambda texts: [REAL if "t.co/" in text else FAKE for text in texts]


BASELINES: Final[Mapping[str, Baseline]] = {
    "svc": Baseline(
        {"features": "TF-IDF, words and word pairs, min_df 2, sublinear", "classifier": "LinearSVC, C 1"},
        fit_svc,
        crosses=True,
        timed=True,
    ),
    "majority": Baseline({"rule": "the commoner label"}, fit_majority, crosses=True),
    "words": Baseline({"rule": f"at least {MANY_WORDS} words: real"}, many_words_are_real, sets=("constraint",)),
    "link": Baseline({"rule": "a t.co link: real"}, short_links_are_real, sets=("constraint",)),
}
