"""How much the LSTM and the wide part each count: three numbers, from texts that neither was fitted to.

The wide part is quick to fit, so all fitting texts can tell how sure it may be: each is judged by a part that was
fitted without it (stacking; Wolpert 1992, section 3). The LSTM is judged by the held-back texts alone. Where these are
few, they say little, and the LSTM then adds as little; where they are many, they decide. That is the most likely
logistic regression under a normal prior, whose mean is the wide part alone (Bishop 2006, section 4.5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from newsgate.model.labels import FAKE

# How firmly the prior of each weight and of the bias holds, in texts that say clearly otherwise.
_PRIOR: Final = 3.0
# Of the wide part alone, which many texts judge: only so much that texts all on the right side give a finite weight.
_WEAK_PRIOR: Final = 0.1
_STEPS: Final = 50

Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Blend:
    """logit = deep * (the LSTM's) + wide * (the wide part's) + bias."""

    deep: float
    wide: float
    bias: float


def fit_blend(
    deep: npt.NDArray[np.floating],
    wide: npt.NDArray[np.floating],
    labels: Sequence[str],
    *,
    cross_fitted: npt.NDArray[np.floating],
    cross_labels: Sequence[str],
) -> Blend:
    """Return the weights of both logits.

    deep, wide: [held-back texts], with their `labels`. cross_fitted: [fitting texts], the wide part's logits of texts
    that the one asked was not fitted to, with their `cross_labels`.
    """
    unit = _unit(cross_fitted)
    weight, bias = _most_likely(
        np.asarray(cross_fitted, np.float64)[:, np.newaxis] / unit,
        _are_fake(cross_labels),
        mean=np.zeros(2),
        precision=_WEAK_PRIOR,
    )
    units = np.array([_unit(deep), unit])
    logits = np.column_stack([deep, wide]).astype(np.float64) / units
    found = _most_likely(logits, _are_fake(labels), mean=np.array([0.0, weight, bias]), precision=_PRIOR)
    found[:-1] /= units
    # A network that is right less often than chance on few texts is no evidence for the opposite of what it says.
    return Blend(deep=max(float(found[0]), 0.0), wide=max(float(found[1]), 0.0), bias=float(found[2]))


def _most_likely(logits: Float64, are_fake: Bool, *, mean: Float64, precision: float) -> Float64:
    """Return the weights [columns] and the bias of the maximum a posteriori, by Newton's method.

    logits: [texts, columns]. are_fake: [texts]. mean, precision: of the normal prior of the
    weights and the bias, [columns + 1].
    """
    design = np.column_stack([logits, np.ones(len(logits))])
    weights = mean.copy()
    for _ in range(_STEPS):
        p = 0.5 * (1.0 + np.tanh(0.5 * (design @ weights)))
        gradient = design.T @ (p - are_fake) + precision * (weights - mean)
        curvature = (design * (p * (1 - p))[:, np.newaxis]).T @ design + precision * np.eye(len(mean))
        weights = weights - np.linalg.solve(curvature, gradient)
    return weights


def _unit(logits: npt.NDArray[np.floating]) -> float:
    """Return the root mean square, which is the same for a logit and its opposite."""
    return max(float(np.sqrt(np.mean(np.square(logits, dtype=np.float64)))), 1e-9)


def _are_fake(labels: Sequence[str]) -> Bool:
    return np.array([label == FAKE for label in labels], np.bool_)
