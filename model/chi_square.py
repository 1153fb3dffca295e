"""Pearson's chi-square test of homogeneity: are two rows of counts samples of the same distribution?

Without SciPy, which a base installation does not have. The p-value is exact for the chi-square distribution; that the
statistic follows it holds for large counts, so bins that expect few are joined with their neighbours.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

# The usual rule (Cochran 1954): from five expected per cell up the distribution holds.
LEAST_EXPECTED: Final = 5.0


@dataclass(frozen=True, slots=True)
class ChiSquare:
    """The test's outcome. freedom: degrees of freedom. p_value: how often chance alone gives such a statistic."""

    statistic: float
    freedom: int
    p_value: float


def compare_counts(reference: Sequence[float], observed: Sequence[float]) -> ChiSquare | None:
    """Test whether both rows of counts come from one distribution; None where they are too few to tell."""
    columns = _joined(reference, observed)
    if len(columns) < 2:
        return None
    totals = [sum(row) for row in zip(*columns, strict=True)]
    statistic = 0.0
    for column in columns:
        for count, total in zip(column, totals, strict=True):
            expected = total * sum(column) / sum(totals)
            statistic += (count - expected) ** 2 / expected
    freedom = len(columns) - 1
    return ChiSquare(statistic, freedom, survival(statistic, freedom=freedom))


def survival(statistic: float, *, freedom: int) -> float:
    """Return the probability that a chi-square variable of `freedom` degrees exceeds `statistic`."""
    if statistic <= 0:
        return 1.0
    # Abramowitz and Stegun 26.4.4 and 26.4.5, each term by its logarithm, so that none overflows.
    half = statistic / 2
    odd = freedom % 2
    powers = [place + 0.5 * odd for place in range(freedom // 2)]
    tail = sum(math.exp(power * math.log(half) - half - math.lgamma(power + 1)) for power in powers)
    return min(1.0, tail + (math.erfc(math.sqrt(half)) if odd else 0.0))


def _joined(reference: Sequence[float], observed: Sequence[float]) -> list[tuple[float, float]]:
    """Return the two rows' counts bin by bin, neighbours joined until each cell expects enough."""
    everything = sum(reference) + sum(observed)
    smaller = min(sum(reference), sum(observed))
    if not smaller:
        return []
    least = LEAST_EXPECTED * everything / smaller
    columns: list[tuple[float, float]] = []
    left, right = 0.0, 0.0
    for mine, theirs in zip(reference, observed, strict=True):
        left, right = left + mine, right + theirs
        if left + right >= least:
            columns.append((left, right))
            left, right = 0.0, 0.0
    if (left or right) and columns:
        last = columns.pop()
        columns.append((last[0] + left, last[1] + right))
    return columns
