"""From labels that people gave on a batch: the least confidence that keeps a wanted error on that very batch.

Learn then Test (Angelopoulos, Bates, Candès, Jordan and Lei 2021, arXiv 2110.01052): each threshold is a hypothesis,
"more than the wanted share of its labels is wrong", and has a p-value that is exact for any number of labels. They are
tested from the strictest to the mildest, and the first that is not rejected ends it (fixed sequence testing, section
3). The order is fixed by the scores alone, so the chance to let any threshold pass that is too mild is 1 - ASSURANCE.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class JudgedRows:
    """Rows that were drawn at random from a batch and labelled by people.

    confidences: float64 [rows], max(p_fake, 1 - p_fake). wrong: bool [rows], whether the model's label is another one.
    """

    confidences: npt.NDArray[np.float64]
    wrong: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.confidences)

    def step(self, threshold: float) -> Step:
        """Return how many of the rows are at least that sure, and how many of them are wrong."""
        sure = self.confidences >= threshold
        return Step(threshold, int(sure.sum()), int(self.wrong[sure].sum()))


def proven_threshold(judged: JudgedRows, *, shares: Sequence[float], max_error: float) -> float | None:
    """Return the mildest threshold that the labels prove to keep `max_error`, or None.

    shares: for each threshold of `GRID`, the share of all rows of the batch that are at least that sure. Needs rows
    that were drawn at random, each as likely as any other.
    """
    needed = _ROOM * math.log(1 - ASSURANCE) / math.log1p(-max_error)
    proven = None
    for threshold, share in zip(GRID, shares, strict=True):
        if len(judged) * share < needed:
            continue
        if judged.step(threshold).luck_at(max_error) > 1 - ASSURANCE:
            break
        proven = threshold
    return proven


def is_refuted(judged: JudgedRows, *, threshold: float, max_error: float) -> bool:
    """Whether so many labels from `threshold` up are wrong that, with ASSURANCE, `max_error` is not kept there."""
    step = judged.step(threshold)
    if not step.mistakes:
        return False
    fewer = Step(threshold, step.rows, step.mistakes - 1)
    return 1 - fewer.luck_at(max_error) <= 1 - ASSURANCE
