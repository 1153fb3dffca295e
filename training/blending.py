"""How much the LSTM and the wide part each count: three numbers, from texts that neither was fitted to.

The wide part is quick to fit, so all fitting texts can tell how sure it may be: each is judged by a part that was
fitted without it (stacking; Wolpert 1992, section 3). The LSTM is judged by the held-back texts alone. Where these are
few, they say little, and the LSTM then adds a little; where they are many, they decide. That is the most likely
logistic regression under a normal prior, whose mean is the wide part and a little of the LSTM (Bishop 2006, section
4.5). Where the wide part tells next to nothing, the prior expects as little of the LSTM: seventy held-back texts soon
seem to say more than they know.

Where the words hardly tell the labels apart, the most likely bias gives every text the commoner label. The texts do not
know their bias that well: of those within two standard errors, the one is then taken that gives the labels in about the
shares that they have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from newsgate.model.labels import FAKE
from newsgate.training.logistic_regression import Unit, most_likely

# How firmly the prior of each weight holds, in texts that say clearly otherwise; that of the bias, which many more
# texts have told, holds more firmly.
_PRIOR: Final = 3.0
_BIAS_PRIOR: Final = 30.0
# What the LSTM counts where nothing is held back, for a logit whose root mean square is one: less than it is worth on
# most sets, so that a few texts seldom have to prove that it is worth anything.
_DEEP_MEAN: Final = 0.5
# Where the words tell less than this, their order seldom tells much: what the LSTM counts, and the prior's standard
# deviation, fall with what the wide part counts, at first in proportion to its square and in the end to these shares of
# it, unless the held-back texts say otherwise beyond doubt.
_TELLING: Final = 1.15
_DEEP_OF_LITTLE: Final = 0.1
_DEVIATION_OF_LITTLE: Final = 0.3
# Only so much that texts all on the right side give a finite weight.
_WEAK_PRIOR: Final = 0.1
# Within so many standard errors the texts cannot tell (95 in 100 times).
_ERRORS_OF_CHANCE: Final = 2.0
# Beyond so many it is no chance (1 in 700 times).
_ERRORS_BEYOND_CHANCE: Final = 3.0

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
    deep_of_fitted: npt.NDArray[np.floating] | None = None,
) -> Blend:
    """Return the weights of both logits.

    deep, wide: [held-back texts], with their `labels`. cross_fitted: [fitting texts], the wide part's logits of texts
    that the one asked was not fitted to, with their `cross_labels`.
    deep_of_fitted: the LSTM's logits of the fitting texts, where few are held back (`Unit.of`).
    """
    deep_unit, wide_unit = Unit.of(deep, of_fitted=deep_of_fitted), Unit.of(cross_fitted)
    alone = _wide_alone(wide_unit.measured(cross_fitted), cross_labels)
    design = np.column_stack([deep_unit.measured(deep), wide_unit.measured(wide)])
    found = _both(design, _are_fake(labels), alone)
    # A network that is right less often than chance on few texts is no evidence for the opposite of what it says.
    weights = np.maximum(found[:-1], [0.0, alone.least])
    bias = float(found[-1])
    if alone.tells_little:
        in_shares = _bias_in_shares(weights, [deep_unit.measured(deep), wide_unit.measured(cross_fitted)], cross_labels)
        most = _ERRORS_OF_CHANCE * alone.bias_error
        bias += float(np.clip(in_shares - bias, -most, most))
    deep_weight, wide_weight = float(weights[0]) / deep_unit.size, float(weights[1]) / wide_unit.size
    return Blend(
        deep=deep_weight,
        wide=wide_weight,
        bias=bias - deep_weight * deep_unit.middle - wide_weight * wide_unit.middle,
    )


def _bias_in_shares(weights: Float64, measured: Sequence[Float64], labels: Sequence[str]) -> float:
    """Return the bias with which about as many texts are called fake as are labelled so."""
    share_real = 1.0 - float(np.mean(_are_fake(labels)))
    at_share = [float(np.quantile(logits, share_real)) for logits in measured]
    return -float(np.dot(weights, at_share))


def _both(design: Float64, are_fake: Bool, alone: _Alone) -> Float64:
    """Return the weights of the LSTM and of the wide part, and the bias."""

    def fitted(*, mean: float, precision: float) -> tuple[Float64, Float64]:
        return most_likely(
            design,
            are_fake,
            mean=np.array([mean, alone.weight, alone.bias]),
            precision=np.array([precision, _PRIOR, _BIAS_PRIOR]),
        )

    usual = fitted(mean=_DEEP_MEAN, precision=_PRIOR)[0]
    if not alone.tells_little:
        return usual
    by_texts, curvature = fitted(mean=0.0, precision=_WEAK_PRIOR)
    error = float(np.sqrt(np.linalg.inv(curvature)[0, 0]))
    if by_texts[0] > _ERRORS_BEYOND_CHANCE * error:
        return usual
    deviation = _falling(_PRIOR**-0.5, alone.telling, share=_DEVIATION_OF_LITTLE)
    return fitted(mean=_falling(_DEEP_MEAN, alone.telling, share=_DEEP_OF_LITTLE), precision=deviation**-2)[0]


def _falling(value: float, telling: float, *, share: float) -> float:
    """Return `value` where the words tell `_TELLING`, and about `share` of what they tell where that is near 0."""
    return share * telling + (value - share * _TELLING) * (telling / _TELLING) ** 2


@dataclass(frozen=True)
class _Alone:
    """The wide part without the LSTM. weight: of its logit in its unit. least: what it counts at least.

    weight_error, bias_error: the standard errors.
    """

    weight: float
    weight_error: float
    least: float
    bias: float
    bias_error: float

    @property
    def telling(self) -> float:
        """How much the words tell as far as the texts can show it, above 0."""
        return max(self.weight, self.weight_error)

    @property
    def tells_little(self) -> bool:
        """Whether that is so little that the order of the words seldom tells much either."""
        return self.telling < _TELLING


def _wide_alone(measured: Float64, labels: Sequence[str]) -> _Alone:
    (weight, bias), curvature = most_likely(
        measured[:, np.newaxis], _are_fake(labels), mean=np.zeros(2), precision=np.full(2, _WEAK_PRIOR)
    )
    weight_error, bias_error = np.sqrt(np.diag(np.linalg.inv(curvature)))
    # Where the texts cannot tell whether it knows anything, it says a little, or nothing would tell two texts apart.
    least = weight_error if weight > -_ERRORS_OF_CHANCE * weight_error else 0.0
    return _Alone(weight=max(weight, least), weight_error=weight_error, least=least, bias=bias, bias_error=bias_error)


def _are_fake(labels: Sequence[str]) -> Bool:
    return np.array([label == FAKE for label in labels], np.bool_)
