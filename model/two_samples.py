"""Are two sets of texts samples of one kind? What a linear classifier that tells them apart would say.

A classifier two-sample test (Lopez-Paz and Oquab 2017, arXiv 1610.06545) fits a classifier to part of the texts and
counts how well it tells the rest apart. With Fisher's linear classifier no text has to be set aside for that: it tells
the sets apart as far as Hotelling's statistic (1931) is large, and that test finds more than the classifier's accuracy
does (Kim, Ramdas, Singh and Wasserman 2021, arXiv 1602.02210). It needs sums alone, so chunks can be added up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from newsgate.model.chi_square import survival
from newsgate.model.familiarity import UNFAMILIAR

FEATURES: Final = 7
# The number of texts, a sum for each feature, and one for each product of two.
MOMENTS: Final = 1 + FEATURES + FEATURES * (FEATURES + 1) // 2
# Features are integers, so that sums of parts are the sum of the whole.
_LARGEST_FEATURE: Final = 1000
_UPPER: Final = np.triu_indices(FEATURES)
# Fewer texts have no covariances worth the name.
LEAST_TEXTS: Final = 20
# Of the largest eigenvalue; what is smaller is rounding.
_LEAST_EIGENVALUE: Final = 1e-9
# Of a mean of features.
_ROUNDING: Final = 0.5

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TwoSamples:
    """What the test says.

    p_value: how often chance alone separates samples of one kind so well. separation: the probability that the
    classifier puts a text of one set and a text of the other in the right order, from 0.5 (alike) to 1 (AUROC).
    """

    p_value: float
    separation: float


def moments_of(
    *,
    p_fake: Float64,
    familiarity: Float64,
    token_counts: npt.NDArray[np.integer],
    unknown_counts: npt.NDArray[np.integer],
) -> tuple[int, ...]:
    """Return what the test needs of some texts, each array [texts]; empty where no text has both numbers."""
    known = np.isfinite(p_fake) & np.isfinite(familiarity)
    if not known.any():
        return ()
    p_fake, familiarity = p_fake[known], familiarity[known]
    tokens = np.maximum(token_counts[known], 1).astype(np.float64)
    logs = np.log(tokens) / math.log(20_000)
    shares = (
        p_fake,
        np.abs(2 * p_fake - 1),
        familiarity,
        (familiarity < UNFAMILIAR).astype(np.float64),
        logs,
        logs**2,
        np.minimum(unknown_counts[known] / tokens, 1),
    )
    features = np.round(_LARGEST_FEATURE * np.column_stack(shares)).astype(np.int64)
    products = (features.T @ features)[_UPPER]
    return (len(features), *map(int, features.sum(axis=0)), *map(int, products))


def check_moments(moments: Sequence[int]) -> None:
    """Raise ValueError where these cannot be the sums of any texts."""
    if len(moments) not in (0, MOMENTS):
        raise ValueError(f"a summary has {MOMENTS} moments, not {len(moments)}")
    if len(moments) and not all(0 <= each <= moments[0] * _LARGEST_FEATURE**2 for each in moments):
        raise ValueError("a summary's moments contradict each other")


def compare_moments(reference: Sequence[int], observed: Sequence[int]) -> TwoSamples | None:
    """Test whether the texts of both sums are of one kind; None where they are too few to tell."""
    if not reference or not observed or min(reference[0], observed[0]) < LEAST_TEXTS:
        return None
    n, m = reference[0], observed[0]
    mean, scatter = _mean_and_scatter(reference)
    other_mean, other_scatter = _mean_and_scatter(observed)
    pooled = (scatter + other_scatter) / (n + m - 2)
    apart, dimensions = _squared_distance(pooled, mean - other_mean)
    if math.isinf(apart):
        return TwoSamples(0.0, 1.0)
    if not dimensions:
        return TwoSamples(1.0, 0.5)
    statistic = apart * n * m / (n + m)
    # As an F statistic would be scaled; from here on the chi-square distribution is close, and errs little.
    scaled = statistic * max(n + m - dimensions - 1, 1) / (n + m - 2)
    # By chance alone means differ too: what that adds to the distance is taken off.
    unbiased = max(apart * max(n + m - dimensions - 3, 1) / (n + m - 2) - dimensions * (1 / n + 1 / m), 0.0)
    # Of two normal distributions this far apart (Fisher's classifier orders them by one number).
    separation = 0.5 * (1 + math.erf(math.sqrt(unbiased) / 2))
    return TwoSamples(survival(scaled, freedom=dimensions), separation)


def _mean_and_scatter(moments: Sequence[int]) -> tuple[Float64, Float64]:
    """Return the mean of the features [features] and their scatter about it [features, features]."""
    count = moments[0]
    mean = np.array(moments[1 : 1 + FEATURES], np.float64) / count
    products = np.zeros((FEATURES, FEATURES))
    products[_UPPER] = moments[1 + FEATURES :]
    products += np.triu(products, 1).T
    return mean, products - count * np.outer(mean, mean)


def _squared_distance(pooled: Float64, difference: Float64) -> tuple[float, int]:
    """Return Mahalanobis' squared distance, and in how many dimensions the texts differ at all.

    It is infinite where the samples are apart in a direction in which neither varies.
    """
    values, vectors = np.linalg.eigh(pooled)
    varies = values > max(_LEAST_EIGENVALUE * float(values.max()), 1e-6)
    along = vectors.T @ difference
    if np.any(np.abs(along[~varies]) > _ROUNDING):
        return math.inf, int(varies.sum())
    along = along[varies]
    return float((along**2 / values[varies]).sum()), int(varies.sum())
