"""When a model should rather say nothing: the least confidence that keeps a wanted share of mistakes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from newsgate.model.labels import FAKE, FAKE_THRESHOLD

# How sure it is to be that a wanted error is kept.
ASSURANCE: Final = 0.95
# No confidence reaches it, so a comparison with it needs no case of its own, here or in SQL.
NOTHING_IS_SURE: Final = math.inf
MOST_STEPS: Final = 64
# More texts than anybody holds back; a record of more was made to be expensive.
MOST_ROWS: Final = 10**9
# Of a binomial distribution, what lies further from its mean is too little for a float to tell.
_DEVIATIONS_THAT_COUNT: Final = 12
_DECIMALS: Final = 6


@dataclass(frozen=True, slots=True)
class Step:
    """What one threshold did on held-back texts.

    threshold: of the confidence max(p_fake, 1 - p_fake), from 0.5 to 1. rows: texts at least that sure. mistakes: how
    many of them got the wrong label.
    """

    threshold: float
    rows: int
    mistakes: int

    def luck_at(self, error: float) -> float:
        """Return the probability of so few mistakes in so many rows, or fewer, if each were one with chance `error`.

        The lower tail of the binomial distribution, sum of C(rows, k) e^k (1 - e)^(rows - k) for k from 0 to mistakes.
        """
        first, last = self._terms_that_count(error)
        k = np.arange(first + 1, last + 1)
        ratios = np.log(self.rows - k + 1) - np.log(k) + math.log(error) - math.log1p(-error)
        # In logarithms: with many rows each term alone is too small for a float.
        chosen = math.lgamma(self.rows + 1) - math.lgamma(first + 1) - math.lgamma(self.rows - first + 1)
        begin = chosen + first * math.log(error) + (self.rows - first) * math.log1p(-error)
        terms = begin + np.concatenate([[0.0], np.cumsum(ratios)])
        largest = float(terms.max())
        return min(1.0, math.exp(largest) * float(np.exp(terms - largest).sum()))

    def _terms_that_count(self, error: float) -> tuple[int, int]:
        """Return the first and the last k whose terms are not too small to matter, so that few are computed."""
        mean = self.rows * error
        reach = math.ceil(_DEVIATIONS_THAT_COUNT * math.sqrt(mean * (1 - error))) + _DEVIATIONS_THAT_COUNT**2
        last = min(self.mistakes, math.ceil(mean) + reach)
        return max(0, min(last, math.floor(mean)) - reach), last


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """The thresholds that are the best ones for some wanted error; what a bundle keeps to choose from later.

    rows: different held-back texts in all. steps: thresholds rise, and rows and mistakes fall, from one to the next.
    The first labels every text.
    """

    rows: int
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        if self.rows > MOST_ROWS:
            raise ValueError(f"a risk-coverage record has more than {MOST_ROWS} rows")
        if not self.steps or any(
            not (FAKE_THRESHOLD <= each.threshold <= 1 and 0 <= each.mistakes <= each.rows <= self.rows)
            for each in self.steps
        ):
            raise ValueError("a risk-coverage record has steps of possible counts")
        if any(
            a.threshold >= b.threshold or a.rows < b.rows or a.mistakes <= b.mistakes for a, b in pairwise(self.steps)
        ):
            raise ValueError("a risk-coverage record's steps are not in order")

    def as_json(self) -> dict[str, Any]:
        """Return this as JSON values that `from_json` reads."""
        return {"rows": self.rows, "steps": [asdict(each) for each in self.steps]}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> RiskCoverage:
        """Return the record in `document`; ValueError, OverflowError, KeyError or TypeError where it is not one."""
        if len(document["steps"]) > MOST_STEPS:
            raise ValueError(f"a risk-coverage record has more than {MOST_STEPS} steps")
        steps = (Step(float(each["threshold"]), int(each["rows"]), int(each["mistakes"])) for each in document["steps"])
        return cls(rows=int(document["rows"]), steps=tuple(steps))


def record_risk_coverage(
    p_fake: npt.NDArray[np.floating], labels: Sequence[str], *, most_steps: int = MOST_STEPS
) -> RiskCoverage:
    """Return what each useful threshold does to texts whose true labels are known.

    p_fake: [texts], calibrated, of different texts that no weight was fitted to: a copy is no further evidence. One
    that is no number is never sure. Where more than `most_steps` thresholds are useful, some are left out; that costs a
    wanted error coverage and never mistakes.
    """
    p_fake = np.asarray(p_fake, np.float64)
    confidences = confidence_of(p_fake)
    wrong = (p_fake >= FAKE_THRESHOLD) != (np.asarray(labels) == FAKE)
    of_all = np.sort(confidences[np.isfinite(confidences)])
    of_wrong = np.sort(confidences[np.isfinite(confidences) & wrong])
    # Rounded for people to read and type; the counts are of the rounded thresholds, so they stay exact.
    rounded = np.floor(of_all * 10**_DECIMALS) / 10**_DECIMALS
    thresholds = np.unique([FAKE_THRESHOLD, *rounded])
    rows = len(of_all) - np.searchsorted(of_all, thresholds)
    mistakes = len(of_wrong) - np.searchsorted(of_wrong, thresholds)
    counted = (Step(float(t), int(n), int(m)) for t, n, m in zip(thresholds, rows, mistakes, strict=True))
    return RiskCoverage(rows=len(p_fake), steps=_thinned(_useful(counted), most_steps=most_steps))


def threshold_for(record: RiskCoverage, *, max_error: float) -> float:
    """Return the least confidence at which, with ASSURANCE, no more than `max_error` of the labels are wrong.

    Of the thresholds where so few mistakes had a chance of at most 1 - ASSURANCE if the error were `max_error`, it is
    the one that labels the most texts; NOTHING_IS_SURE where there is none, as always with fewer than
    log(1 - ASSURANCE) / log(1 - `max_error`) rows. That is to ask whether the exact upper limit for a share (Clopper
    and Pearson 1934) is within `max_error`, once for each threshold (Geifman and El-Yaniv 2017, arXiv 1705.08500).

    What this does not guarantee: the limit holds for one threshold named beforehand, and this one is the luckiest on
    the rows it is counted on. Over many trainings more than 1 - ASSURANCE of them may be above `max_error`;
    benchmarks/accuracy/abstention.py counts them. What it needs: new texts exchangeable with the held-back ones. Texts
    of another kind can have any error.

    Raises ValueError where `max_error` is not between 0 and 1.
    """
    if not 0 < max_error < 1:
        raise ValueError(f"a wanted error is between 0 and 1, not {max_error}")
    chance = 1 - ASSURANCE
    return next((each.threshold for each in record.steps if each.luck_at(max_error) <= chance), NOTHING_IS_SURE)


def confidence_of(p_fake: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return the calibrated probability of each text's own label, max(p, 1 - p); NaN stays NaN."""
    p_fake = np.asarray(p_fake, np.float64)
    confidences: npt.NDArray[np.float64] = np.maximum(p_fake, 1.0 - p_fake)
    return confidences


def _useful(steps: Iterable[Step]) -> list[Step]:
    """Leave out every step that labels no more texts than one before it without fewer mistakes."""
    kept: list[Step] = []
    for step in steps:
        if not kept or step.mistakes < kept[-1].mistakes:
            kept.append(step)
    return kept


def _thinned(steps: Sequence[Step], *, most_steps: int) -> tuple[Step, ...]:
    """Return at most `most_steps` of the steps, the first and the last among them, their mistakes in even ratios."""
    if len(steps) <= most_steps:
        return tuple(steps)
    first, last = steps[0], steps[-1]
    ratio = ((last.mistakes + 1) / (first.mistakes + 1)) ** (1 / (most_steps - 1))
    kept = [first]
    for step in steps[1:-1]:
        if len(kept) < most_steps - 1 and step.mistakes + 1 <= (kept[-1].mistakes + 1) * ratio:
            kept.append(step)
    return (*kept, last)
