"""When a model should rather say nothing: the least confidence that keeps a wanted share of mistakes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from model.labels import FAKE, FAKE_THRESHOLD

# No confidence reaches it, so a comparison with it needs no case of its own, here or in SQL.
NOTHING_IS_SURE: Final = math.inf
MOST_STEPS: Final = 64
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

    @property
    def corrected_error(self) -> float:
        """(mistakes + 1) / (rows + 1): the share of mistakes if the next text were one more of them."""
        return (self.mistakes + 1) / (self.rows + 1)


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """The thresholds that are the best ones for some wanted error; what a bundle keeps to choose from later.

    rows: held-back texts in all. steps: thresholds rise, and rows and corrected errors fall, from one to the next. The
    first labels every text.
    """

    rows: int
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        if not self.steps or any(
            not (FAKE_THRESHOLD <= each.threshold <= 1 and 0 <= each.mistakes <= each.rows <= self.rows)
            for each in self.steps
        ):
            raise ValueError("a risk-coverage record has steps of possible counts")
        if any(
            a.threshold >= b.threshold or a.rows < b.rows or a.corrected_error <= b.corrected_error
            for a, b in pairwise(self.steps)
        ):
            raise ValueError("a risk-coverage record's steps are not in order")

    def as_json(self) -> dict[str, Any]:
        """Return this as JSON values that `from_json` reads."""
        return {"rows": self.rows, "steps": [asdict(each) for each in self.steps]}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> RiskCoverage:
        """Return the record in `document`; ValueError, KeyError or TypeError where it is not one."""
        steps = (Step(float(each["threshold"]), int(each["rows"]), int(each["mistakes"])) for each in document["steps"])
        return cls(rows=int(document["rows"]), steps=tuple(steps))


def record_risk_coverage(
    p_fake: npt.NDArray[np.floating], labels: Sequence[str], *, most_steps: int = MOST_STEPS
) -> RiskCoverage:
    """Return what each useful threshold does to texts whose true labels are known.

    p_fake: [texts], calibrated, of texts that no weight was fitted to; one that is no number is never sure. Where more
    than `most_steps` thresholds are useful, some are left out; that costs a wanted error coverage and never mistakes.
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
    """Return the least confidence at which no more than about `max_error` of the labels are wrong.

    Of the thresholds with (mistakes + 1) / (rows + 1) <= `max_error` it is the one that labels the most texts;
    NOTHING_IS_SURE where there is none, as always below 1 / (rows + 1). The correction is the one of conformal risk
    control (Angelopoulos et al. 2022, arXiv 2208.02814, theorem 1, with losses of at most 1), over the labelled texts.

    What this does not guarantee: theorem 1 is about a mean loss over all texts that can only fall as the threshold
    rises. The share of mistakes among the labelled texts is a ratio, need not fall, and the threshold is the best one
    on the very rows it is counted on, so an error somewhat above `max_error` is possible, most of all with few rows.
    What it needs: new texts exchangeable with the held-back ones. Texts of another kind can have any error.

    Raises ValueError where `max_error` is not between 0 and 1.
    """
    if not 0 < max_error < 1:
        raise ValueError(f"a wanted error is between 0 and 1, not {max_error}")
    return next((each.threshold for each in record.steps if each.corrected_error <= max_error), NOTHING_IS_SURE)


def confidence_of(p_fake: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return the calibrated probability of each text's own label, max(p, 1 - p); NaN stays NaN."""
    p_fake = np.asarray(p_fake, np.float64)
    confidences: npt.NDArray[np.float64] = np.maximum(p_fake, 1.0 - p_fake)
    return confidences


def _useful(steps: Iterable[Step]) -> list[Step]:
    """Leave out every step that labels no more texts than one before it without a smaller error."""
    kept: list[Step] = []
    for step in steps:
        if not kept or step.corrected_error < kept[-1].corrected_error:
            kept.append(step)
    return kept


def _thinned(steps: Sequence[Step], *, most_steps: int) -> tuple[Step, ...]:
    """Return at most `most_steps` of the steps, the first and the last among them, their errors in even ratios."""
    if len(steps) <= most_steps:
        return tuple(steps)
    first, last = steps[0], steps[-1]
    ratio = (last.corrected_error / first.corrected_error) ** (1 / (most_steps - 1))
    kept = [first]
    for step in steps[1:-1]:
        if len(kept) < most_steps - 1 and step.corrected_error <= kept[-1].corrected_error * ratio:
            kept.append(step)
    return (*kept, last)
