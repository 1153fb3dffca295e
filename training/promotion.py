"""Champion against challenger: who is model tomorrow is decided by tests on rows whose labels neither has seen.

docs/retraining.md explains the choices to people.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from newsgate.model.labels import FAKE, FAKE_THRESHOLD, LABELS
from newsgate.training.evaluate import expected_calibration_error
from newsgate.training.paired_tests import Bootstrap, McNemar, Outcomes, bootstrap_macro_f1, mcnemar

LEVEL: Final = 0.05
MIN_ROWS: Final = 200
MAX_SLOWDOWN: Final = 1.5
MAX_ECE: Final = 0.1
ECE_MARGIN: Final = 0.02


@dataclass(frozen=True)
class PairedScores:
    """What one model says about the judging rows.

    p_fake: [rows], in the order of the true labels; NaN where it gave no number. texts_per_second: its speed, measured
    in the same way for both models. labels: the labels it knows.
    """

    p_fake: npt.NDArray[np.floating]
    texts_per_second: float
    labels: tuple[str, ...] = LABELS


@dataclass(frozen=True)
class Decision:
    """Whether the challenger becomes champion.

    reasons: why not, each in words; of a promoted challenger, the one reason why. figures: everything the decision
    rests on, as JSON values.
    """

    promote: bool
    reasons: tuple[str, ...]
    figures: Mapping[str, Any]


@dataclass(frozen=True)
class _Limits:
    """What a challenger must keep beside being better, as the arguments of `judge` of these names."""

    min_rows: int
    max_slowdown: float
    max_ece: float
    ece_margin: float


@dataclass(frozen=True)
class _Evidence:
    """What the judging rows show of both models.

    level: what this look may spend. champion_ece, challenger_ece: NaN of a model without any finite probability.
    """

    champion: PairedScores
    challenger: PairedScores
    labels: Sequence[str]
    level: float
    outcomes: Outcomes
    exact: McNemar
    bootstrap: Bootstrap
    champion_ece: float
    challenger_ece: float

    @property
    def slowdown(self) -> float:
        """How many times as long as the champion the challenger takes for a text."""
        return self.champion.texts_per_second / self.challenger.texts_per_second


def judge(
    champion: PairedScores,
    challenger: PairedScores,
    labels: Sequence[str],
    *,
    looks: int,
    level: float = LEVEL,
    max_slowdown: float = MAX_SLOWDOWN,
    min_rows: int = MIN_ROWS,
    max_ece: float = MAX_ECE,
    ece_margin: float = ECE_MARGIN,
    seed: int = 0,
) -> Decision:
    """Return whether the challenger is shown to be better than the champion, and good enough otherwise.

    labels: the true labels of the judging rows. looks: the how manyth decision on judging rows of this kind this is,
    from 1. level: the probability, over all looks together, that any challenger which is no better is promoted.
    max_slowdown: how many times as long as the champion it may take for a text. min_rows: fewer judging rows decide
    nothing. max_ece, ece_margin: the challenger's calibration error stays below the first, or above the champion's by
    at most the second. seed: of the bootstrap; the same arguments give the same decision.
    """
    _check(champion, challenger, labels, level=level)
    limits = _Limits(min_rows=min_rows, max_slowdown=max_slowdown, max_ece=max_ece, ece_margin=ece_margin)
    evidence = _weigh(champion, challenger, labels, level=level_of_look(level, look=looks), seed=seed)
    against = _objections(evidence, limits)
    outcomes = evidence.outcomes
    figures = {
        "rows": len(labels),
        "looks": looks,
        "level": level,
        "level_of_this_look": evidence.level,
        "seed": seed,
        "mcnemar": evidence.exact.as_json(),
        "bootstrap": evidence.bootstrap.as_json(),
        "champion": _figures(
            champion, right=outcomes.champion_right, macro_f1=outcomes.macro_f1_champion, ece=evidence.champion_ece
        ),
        "challenger": _figures(
            challenger,
            right=outcomes.challenger_right,
            macro_f1=outcomes.macro_f1_challenger,
            ece=evidence.challenger_ece,
        ),
        "slowdown": _number(evidence.slowdown),
        "limits": asdict(limits),
    }
    return Decision(promote=not against, reasons=against or (_why_better(evidence),), figures=figures)


def level_of_look(level: float, *, look: int) -> float:
    """Return what of `level` the look may spend, counted from 1: `level / (look * (look + 1))`.

    The shares of all looks, without end, sum to `level`, so by Bonferroni's inequality all of them together promote
    wrongly with at most that probability: alpha spending as in Lan and DeMets 1983 (Biometrika 70, 659-663), with a
    series that needs no planned number of looks.
    """
    if look < 1:
        raise ValueError(f"looks are counted from 1, not {look}")
    return level / (look * (look + 1))


def _check(champion: PairedScores, challenger: PairedScores, labels: Sequence[str], *, level: float) -> None:
    if not labels:
        raise ValueError("there are no judging rows")
    if not len(champion.p_fake) == len(challenger.p_fake) == len(labels):
        raise ValueError("the two models and the labels do not have the same number of rows")
    if not 0 < level < 1:
        raise ValueError(f"the level is {level}, not between 0 and 1")
    if not (champion.texts_per_second > 0 and challenger.texts_per_second > 0):
        raise ValueError("a speed is a positive number of texts a second")


def _weigh(
    champion: PairedScores, challenger: PairedScores, labels: Sequence[str], *, level: float, seed: int
) -> _Evidence:
    actual_fake = np.asarray(labels) == FAKE
    outcomes = Outcomes.of(
        actual_fake=actual_fake,
        champion_correct=_correct(champion, actual_fake),
        challenger_correct=_correct(challenger, actual_fake),
    )
    return _Evidence(
        champion=champion,
        challenger=challenger,
        labels=labels,
        level=level,
        outcomes=outcomes,
        exact=mcnemar(outcomes),
        bootstrap=bootstrap_macro_f1(outcomes, level=level, seed=seed),
        champion_ece=_ece(champion, actual_fake),
        challenger_ece=_ece(challenger, actual_fake),
    )


def _objections(evidence: _Evidence, limits: _Limits) -> tuple[str, ...]:
    """Return why the challenger is not promoted, each in words; none where it is."""
    rows, level, exact, bootstrap = len(evidence.labels), evidence.level, evidence.exact, evidence.bootstrap
    known, known_before = evidence.challenger.labels, evidence.champion.labels
    broken = _without_number(evidence.challenger)
    ece, ece_before, slowdown = evidence.challenger_ece, evidence.champion_ece, evidence.slowdown
    # Written so that a NaN is an objection.
    objections = {
        f"there are {rows} judging rows, fewer than {limits.min_rows}": rows < limits.min_rows,
        "the judging rows do not have both labels": len(set(evidence.labels)) < len(LABELS),
        f"the challenger knows the labels {', '.join(known)}, the champion {', '.join(known_before)}": (
            set(known) != set(known_before)
        ),
        f"the challenger gives no finite probability for {broken} of {rows} texts": broken > 0,
        f"not shown to be right more often: McNemar's exact test has p = {exact.p_better:.3g}, needed is {level:.3g}": (
            not exact.p_better <= level
        ),
        (
            f"not shown to have a higher macro-F1: the bootstrap interval of the difference begins at "
            f"{bootstrap.low:+.4f}"
        ): not bootstrap.low > 0,
        f"the challenger takes {slowdown:.2f} times as long, more than {limits.max_slowdown:g}": (
            not slowdown <= limits.max_slowdown
        ),
        f"the challenger's calibration error is {ece:.3f}, the champion's {ece_before:.3f}": (
            not (ece <= limits.max_ece or ece <= ece_before + limits.ece_margin)
        ),
    }
    return tuple(reason for reason, holds in objections.items() if holds)


def _why_better(evidence: _Evidence) -> str:
    outcomes = evidence.outcomes
    return (
        f"macro-F1 {outcomes.macro_f1_challenger:.4f} against {outcomes.macro_f1_champion:.4f} "
        f"on {len(evidence.labels)} rows, p = {evidence.exact.p_better:.2g} at level {evidence.level:.2g}"
    )


def _correct(scores: PairedScores, actual_fake: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return on which rows the model is right, bool [rows]; it is not where it gives no number."""
    finite = np.isfinite(scores.p_fake)
    return np.asarray(finite & ((scores.p_fake >= FAKE_THRESHOLD) == actual_fake), dtype=np.bool_)


def _ece(scores: PairedScores, actual_fake: npt.NDArray[np.bool_]) -> float:
    """Return the calibration error on the rows with a finite probability; NaN without any."""
    finite = np.isfinite(scores.p_fake)
    if not finite.any():
        return math.nan
    p_fake = np.asarray(scores.p_fake[finite], np.float64)
    correct = (p_fake >= FAKE_THRESHOLD) == actual_fake[finite]
    return expected_calibration_error(np.maximum(p_fake, 1.0 - p_fake), correct)


def _figures(scores: PairedScores, *, right: int, macro_f1: float, ece: float) -> dict[str, Any]:
    return {
        "accuracy": right / len(scores.p_fake),
        "macro_f1": macro_f1,
        "ece": _number(ece),
        "without_number": _without_number(scores),
        "texts_per_second": _number(scores.texts_per_second),
        "labels": list(scores.labels),
    }


def _without_number(scores: PairedScores) -> int:
    return int(np.count_nonzero(~np.isfinite(scores.p_fake)))


def _number(value: float) -> float | None:
    """Return `value`, or None where it is not a number that JSON knows."""
    return float(value) if math.isfinite(value) else None
