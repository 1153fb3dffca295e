"""From labels that people gave on a batch: the least confidence that keeps a wanted error on that very batch.

Learn then Test (Angelopoulos, Bates, Candès, Jordan and Lei 2021, arXiv 2110.01052): each threshold is a hypothesis,
"more than the wanted share of its labels is wrong", and has a p-value that is exact for any number of labels. They are
tested from the strictest to the mildest, and the first that is not rejected ends it (fixed sequence testing, section
3). The order is fixed by the scores and by the rows that are known for another reason, so the chance to let any
threshold pass that is too mild is 1 - ASSURANCE.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from newsgate.model.abstention import ASSURANCE, Step

# Of the confidence, the strictest first.
GRID: Final = (
    0.999,
    0.995,
    0.99,
    0.98,
    0.97,
    0.96,
    0.95,
    0.925,
    0.9,
    0.875,
    0.85,
    0.8,
    0.75,
    0.7,
    0.65,
    0.6,
    0.55,
    0.5,
)
# A threshold is worth testing where twice as many labels are expected as a perfect model would need.
_ROOM: Final = 2


_NOBODY: Final = np.zeros(0)


@dataclass(frozen=True, slots=True)
class JudgedRows:
    """Rows of a batch that people labelled.

    confidences: float64 [rows], max(p_fake, 1 - p_fake) of those that were drawn at random. wrong: bool [rows], whether
    the model's label is another one. known_confidences, known_wrong: the same of the rows that have a label for any
    other reason. They say nothing about the others, and the random ones were drawn from what they leave.
    """

    confidences: npt.NDArray[np.float64]
    wrong: npt.NDArray[np.bool_]
    known_confidences: npt.NDArray[np.float64] = field(default_factory=lambda: _NOBODY)
    known_wrong: npt.NDArray[np.bool_] = field(default_factory=lambda: _NOBODY.astype(np.bool_))

    def __len__(self) -> int:
        return len(self.confidences)

    def step(self, threshold: float) -> Step:
        """Return how many of the rows that were drawn are at least that sure, and how many of them are wrong."""
        return _step(threshold, self.confidences, self.wrong)

    def known(self, threshold: float) -> Step:
        """Return the same of the rows that are known."""
        return _step(threshold, self.known_confidences, self.known_wrong)


def proven_threshold(judged: JudgedRows, *, rows: int, at_least: Sequence[int], max_error: float) -> float | None:
    """Return the mildest threshold that the labels prove to keep `max_error`, or None.

    rows: of the whole batch. at_least: for each threshold of `GRID`, how many of them are at least that sure. Needs
    rows that were drawn at random from those that are not known, each as likely as any other.
    """
    unknown = rows - len(judged.known_confidences)
    proven = None
    for threshold, sure in zip(GRID, at_least, strict=True):
        rest = sure - judged.known(threshold).rows
        error = _error_of_the_rest(judged, threshold=threshold, at_least=sure, max_error=max_error)
        # Where all are known, nothing is left to be shown of others.
        if rest <= 0 or len(judged) * rest / unknown < _labels_needed(error):
            continue
        if error < 1 and judged.step(threshold).luck_at(error) > 1 - ASSURANCE:
            break
        proven = threshold
    return proven


def is_refuted(judged: JudgedRows, *, threshold: float, at_least: int, max_error: float) -> bool:
    """Whether so many labels from `threshold` up are wrong that, with ASSURANCE, `max_error` is not kept there.

    at_least: how many rows of the batch are that sure.
    """
    error = _error_of_the_rest(judged, threshold=threshold, at_least=at_least, max_error=max_error)
    step = judged.step(threshold)
    if error <= 0:
        return error < 0 or step.mistakes > 0
    if error >= 1 or not step.mistakes:
        return False
    fewer = Step(threshold, step.rows, step.mistakes - 1)
    return 1 - fewer.luck_at(error) <= 1 - ASSURANCE


def _step(threshold: float, confidences: npt.NDArray[np.float64], wrong: npt.NDArray[np.bool_]) -> Step:
    sure = confidences >= threshold
    return Step(threshold, int(sure.sum()), int(wrong[sure].sum()))


def _error_of_the_rest(judged: JudgedRows, *, threshold: float, at_least: int, max_error: float) -> float:
    """Return which share of the rows that are not known may be wrong, so that of all no more than `max_error` are.

    Below 0 where those that are known are too many already, 1 and more where the others may all be wrong.
    """
    known = judged.known(threshold)
    allowed, rest = max_error * at_least - known.mistakes, at_least - known.rows
    return allowed / rest if rest > 0 else math.copysign(math.inf, allowed)


def _labels_needed(error: float) -> float:
    if error <= 0:
        return math.inf
    return 0.0 if error >= 1 else _ROOM * math.log(1 - ASSURANCE) / math.log1p(-error)
