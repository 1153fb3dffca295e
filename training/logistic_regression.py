"""Logistic regression around what is expected beforehand: the weights of a few logits, from few texts or many.

Where texts are few, they say little and the expectation holds; where they are many, they decide. That is the maximum a
posteriori under a normal prior (Bishop 2006, section 4.5).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

# Fewer texts do not tell how far logits are apart.
FEW_TEXTS: Final = 20
_STEPS: Final = 50
_HALVINGS: Final = 40
# Logits that differ by less are all the same.
_SAME: Final = 1e-6
_ROUNDING: Final = 1e-9

Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Unit:
    """What logits are measured in, so that a prior means the same for all: from `middle`, in steps of `size`."""

    middle: float
    size: float

    @classmethod
    def of(cls, logits: npt.NDArray[np.floating], *, of_fitted: npt.NDArray[np.floating] | None = None) -> Unit:
        """Return their mean and standard deviation; logits that are all the same have no size to be measured in.

        of_fitted: the logits of the fitted texts, where few others are given. Two texts may have nearly the same logit
        by chance; measured in the distance between them, any other would be gigantic.
        """
        deviation = float(np.std(logits, dtype=np.float64))
        if of_fitted is not None:
            deviation = max(deviation, float(np.std(of_fitted, dtype=np.float64)) / len(logits))
        return cls(float(np.mean(logits, dtype=np.float64)), deviation if deviation > _SAME else np.inf)

    def measured(self, logits: npt.NDArray[np.floating]) -> Float64:
        """Return the logits in this unit."""
        measured: Float64 = (np.asarray(logits, np.float64) - self.middle) / self.size
        return measured


def most_likely(logits: Float64, are_fake: Bool, *, mean: Float64, precision: Float64) -> tuple[Float64, Float64]:
    """Return the weights [columns] and the bias of the maximum a posteriori, by Newton's method, and its curvature.

    The curvature [columns + 1, columns + 1] is the inverse of the covariance, as far as the posterior is normal.

    logits: [texts, columns]. are_fake: [texts]. mean, precision: of the normal prior of the weights and the bias,
    [columns + 1].
    """
    design = np.column_stack([logits, np.ones(len(logits))])
    sides = np.where(are_fake, 1.0, -1.0)[:, np.newaxis] * design

    def loss(weights: Float64) -> float:
        prior = 0.5 * float(np.sum(precision * (weights - mean) ** 2))
        return float(np.logaddexp(0.0, -(sides @ weights)).sum()) + prior

    weights = mean.copy()
    for _ in range(_STEPS):
        p = 0.5 * (1.0 + np.tanh(0.5 * (design @ weights)))
        gradient = design.T @ (p - are_fake) + precision * (weights - mean)
        curvature = (design * (p * (1 - p))[:, np.newaxis]).T @ design + np.diag(precision)
        weights = _downhill(weights, np.asarray(np.linalg.solve(curvature, gradient), np.float64), loss=loss)
    return weights, curvature


def _downhill(weights: Float64, step: Float64, *, loss: Callable[[Float64], float]) -> Float64:
    """Return the weights after a step of Newton's, halved until it does not lead up.

    Where the curve is flat, a whole step goes far beyond the minimum, and the next ones further still.
    """
    most = loss(weights)
    # Near the minimum both are the same but for rounding.
    most += _ROUNDING * (1.0 + abs(most))
    for _ in range(_HALVINGS):
        if loss(weights - step) <= most:
            return weights - step
        step = step / 2
    return weights
