"""How good a classifier is on labelled texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from newsgate.foundation.errors import NewsgateError
from newsgate.model.abstention import confidence_of
from newsgate.model.classifier import Scores
from newsgate.model.labels import FAKE, FAKE_THRESHOLD, LABELS, REAL
from newsgate.training.corpus import LabelledTexts

ECE_BINS: Final = 15


class EvaluationError(NewsgateError):
    """The classifier gave no usable scores."""


class ScoresTexts(Protocol):
    """Anything that scores texts as `model.classifier.Classifier` does."""

    def classify(self, texts: Sequence[str]) -> Scores:
        """Return the scores of `texts`, in order."""
        ...


@dataclass(frozen=True)
class Evaluation:
    """A classifier against the truth.

    rows: texts. accuracy, weighted_f1, macro_f1, ece, coverage: shares from 0 to 1. coverage: of rows that got a
    label. confusion: actual label -> predicted label -> rows.
    """

    rows: int
    accuracy: float
    weighted_f1: float
    macro_f1: float
    ece: float
    coverage: float
    confusion: Mapping[str, Mapping[str, int]]

    def as_dict(self) -> dict[str, Any]:
        """Return this as JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Coverage:
    """What saying nothing below a confidence costs, and what it buys.

    coverage: share of the texts that get a label. error: share of wrong labels among those, None where none is given.
    """

    coverage: float
    error: float | None


def evaluate(classifier: ScoresTexts, labelled: LabelledTexts) -> Evaluation:
    """Return how `classifier` does on `labelled`; EvaluationError where it gives no finite probability."""
    return evaluate_probabilities(classifier.classify(labelled.texts).p_fake, labelled.labels)


def evaluate_probabilities(p_fake: npt.NDArray[np.floating], labels: Sequence[str]) -> Evaluation:
    """Return the figures of probabilities of `fake` [texts] against the true `labels`."""
    broken = int(np.count_nonzero(~np.isfinite(p_fake)))
    if broken:
        raise EvaluationError(f"the model gave no finite probability for {broken} of {len(labels)} texts")
    p_fake = np.asarray(p_fake, np.float64)
    actual = np.asarray(labels)
    predicted = np.where(p_fake >= FAKE_THRESHOLD, FAKE, REAL)
    f1 = {label: _f1(actual == label, predicted == label) for label in LABELS}
    return Evaluation(
        rows=len(labels),
        accuracy=float(np.mean(actual == predicted)),
        weighted_f1=float(sum(f1[label] * np.mean(actual == label) for label in LABELS)),
        macro_f1=float(np.mean(list(f1.values()))),
        ece=expected_calibration_error(confidence_of(p_fake), actual == predicted),
        coverage=1.0,
        confusion={
            label: {guess: int(np.sum((actual == label) & (predicted == guess))) for guess in LABELS}
            for label in LABELS
        },
    )


def coverage_at(p_fake: npt.NDArray[np.floating], labels: Sequence[str], *, threshold: float) -> Coverage:
    """Return what is left of labels, and of mistakes, where only a confidence from `threshold` on counts as sure.

    p_fake: [texts], probabilities of `fake`; labels: the true ones. threshold: of max(p_fake, 1 - p_fake).
    """
    p_fake = np.asarray(p_fake, np.float64)
    wrong = (p_fake >= FAKE_THRESHOLD) != (np.asarray(labels) == FAKE)
    sure = confidence_of(p_fake) >= threshold
    return Coverage(coverage=float(np.mean(sure)), error=float(np.mean(wrong[sure])) if sure.any() else None)


def expected_calibration_error(
    confidences: npt.NDArray[np.float64], correct: npt.NDArray[np.bool_], *, bins: int = ECE_BINS
) -> float:
    """Return the mean distance between confidence and accuracy, from 0 to 1.

    The sum over `bins` equal parts of (0, 1] of |B|/n * |accuracy(B) - confidence(B)|: Guo et al. 2017 (arXiv
    1706.04599), equations 2, 3 and 5, after Naeini et al. 2015. confidences: [texts], of the predicted label.
    """
    bin_of_text = np.clip(np.ceil(confidences * bins).astype(np.int64) - 1, 0, bins - 1)
    gaps = np.bincount(bin_of_text, weights=correct.astype(np.float64) - confidences, minlength=bins)
    return float(np.sum(np.abs(gaps)) / len(confidences))


def _f1(actual: npt.NDArray[np.bool_], predicted: npt.NDArray[np.bool_]) -> float:
    """Return 2 TP / (2 TP + FP + FN), and 0 where the label neither occurs nor is given."""
    both = int(np.sum(actual & predicted))
    total = int(np.sum(actual)) + int(np.sum(predicted))
    return 2.0 * both / total if total else 0.0
