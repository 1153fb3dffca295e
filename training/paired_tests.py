"""Two classifiers on the same rows: the exact test of who is right more often, and an interval of the difference.

All a paired comparison needs of the rows is how many there are of each kind: true label, right or wrong by the one,
right or wrong by the other. A bootstrap sample of rows is then one multinomial draw of eight counts.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

RESAMPLES: Final = 2_000
# So many resamples should lie beyond the end of the interval, else the end itself is chance.
_RESAMPLES_BEYOND: Final = 20
_MAX_RESAMPLES: Final = 2_000_000
_DRAWN_AT_ONCE: Final = 100_000

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Outcomes:
    """How often what happened. counts: int64 [2, 2, 2], indexed by actual fake, champion right, challenger right."""

    counts: Counts

    @classmethod
    def of(
        cls,
        *,
        actual_fake: npt.NDArray[np.bool_],
        champion_correct: npt.NDArray[np.bool_],
        challenger_correct: npt.NDArray[np.bool_],
    ) -> Outcomes:
        """Return the counts of bool arrays of [rows]."""
        cell = actual_fake * 4 + champion_correct * 2 + challenger_correct * 1
        return cls(np.bincount(cell, minlength=8).reshape(2, 2, 2))

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return int(self.counts.sum())

    @property
    def champion_right(self) -> int:
        """On how many rows the champion is right."""
        return int(self.counts[:, 1, :].sum())

    @property
    def challenger_right(self) -> int:
        """On how many rows the challenger is right."""
        return int(self.counts[:, :, 1].sum())

    @property
    def macro_f1_champion(self) -> float:
        """The mean of the champion's F1 over the labels."""
        return float(_macro_f1(self.counts.sum(axis=2)[np.newaxis])[0])

    @property
    def macro_f1_challenger(self) -> float:
        """The mean of the challenger's F1 over the labels."""
        return float(_macro_f1(self.counts.sum(axis=1)[np.newaxis])[0])


@dataclass(frozen=True)
class McNemar:
    """McNemar's exact test.

    only_champion, only_challenger: rows that one alone gets right. p_two_sided: of a difference as large in either
    direction, where both are right equally often. p_better: of an advantage of the challenger as large.
    """

    only_champion: int
    only_challenger: int
    p_two_sided: float
    p_better: float

    def as_json(self) -> dict[str, Any]:
        """Return this as JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Bootstrap:
    """The percentile interval of challenger's macro-F1 minus champion's.

    low, high: its ends; each is passed with probability `level`. resamples: bootstrap samples it rests on.
    """

    difference: float
    low: float
    high: float
    level: float
    resamples: int

    def as_json(self) -> dict[str, Any]:
        """Return this as JSON values."""
        return asdict(self)


def mcnemar(outcomes: Outcomes) -> McNemar:
    """Return McNemar's test with the binomial distribution in place of its approximation.

    Of the rows that one model alone gets right, each is as likely the one's as the other's where both are equally good
    (McNemar 1947; Edwards 1948; recommended for two trained classifiers by Dietterich 1998, "Approximate Statistical
    Tests for Comparing Supervised Classification Learning Algorithms", section 3.1).
    """
    only_champion = int(outcomes.counts[:, 1, 0].sum())
    only_challenger = int(outcomes.counts[:, 0, 1].sum())
    apart = only_champion + only_challenger
    larger = max(only_champion, only_challenger)
    return McNemar(
        only_champion=only_champion,
        only_challenger=only_challenger,
        p_two_sided=min(1.0, 2.0 * _at_least(larger, trials=apart)),
        p_better=_at_least(only_challenger, trials=apart),
    )


def bootstrap_macro_f1(outcomes: Outcomes, *, level: float, seed: int) -> Bootstrap:
    """Return the interval that leaves `level` beyond each end, by resampling rows (Efron and Tibshirani 1993, ch. 13).

    The rows are resampled in pairs with both models' answers, 2 000 times, more where the level is so low that fewer
    than 20 of them would lie beyond an end.
    """
    resamples = min(max(RESAMPLES, math.ceil(_RESAMPLES_BEYOND / level)), _MAX_RESAMPLES)
    random = np.random.default_rng(seed)
    shares = outcomes.counts.reshape(8) / outcomes.rows
    differences = np.empty(resamples)
    for start in range(0, resamples, _DRAWN_AT_ONCE):
        drawn = random.multinomial(outcomes.rows, shares, size=min(_DRAWN_AT_ONCE, resamples - start))
        counts = drawn.reshape(-1, 2, 2, 2)
        differences[start : start + len(counts)] = _macro_f1(counts.sum(axis=2)) - _macro_f1(counts.sum(axis=3))
    low, high = np.quantile(differences, [level, 1.0 - level], method="inverted_cdf")
    return Bootstrap(
        difference=outcomes.macro_f1_challenger - outcomes.macro_f1_champion,
        low=float(low),
        high=float(high),
        level=level,
        resamples=resamples,
    )


def _macro_f1(right: Counts) -> npt.NDArray[np.float64]:
    """Return the macro-F1 [samples] of counts [samples, actual fake, right]."""
    wrong = right[:, :, 0].sum(axis=1)
    both = 2 * right[:, :, 1]
    # Either way round, an error is one missed and one false alarm, shared between the two labels: FP + FN = errors.
    possible = both + wrong[:, np.newaxis]
    f1 = np.divide(both, possible, out=np.zeros(both.shape), where=possible > 0)
    return np.asarray(f1.mean(axis=1), dtype=np.float64)


def _at_least(successes: int, *, trials: int) -> float:
    """Return the probability of `successes` or more in `trials` tosses of a fair coin, exactly rounded."""
    ways = term = math.comb(trials, successes)
    for count in range(successes, trials):
        term = term * (trials - count) // (count + 1)
        ways += term
    # Division of whole numbers is exact until it rounds, however large they are.
    return float(ways / (1 << trials))
