"""How much each teacher's word counts, by texts that it was not fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from newsgate.model.labels import FAKE
from newsgate.training.logistic_regression import Unit, most_likely

# What the teachers count together where nothing tells, for logits whose root mean square is one, and how firmly that
# holds, in texts that say clearly otherwise: ten held-back texts know little of how sure a teacher may be.
_WEIGHT_OF_ALL: Final = 1.0
_PRIOR: Final = 3.0
# Only so much that texts of one label give a finite bias.
_WEAK_PRIOR: Final = 0.1

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Expected:
    """What a teacher counts, as far as is known before the held-back texts say it.

    weight: of its logit in units of its root mean square. precision: how firmly that holds, 1 / variance.
    """

    weight: float
    precision: float = _PRIOR


def expected_alone(cross_fitted: Float32, labels: Sequence[str]) -> Expected:
    """Return what a teacher counts by what such teachers say of texts that they were not fitted to.

    cross_fitted: float32 [texts]. Where the texts cannot tell whether it knows anything, it counts a little: one
    standard error.
    """
    (weight, _), curvature = most_likely(
        Unit.of(cross_fitted).measured(cross_fitted)[:, np.newaxis],
        _are_fake(labels),
        mean=np.array([_WEIGHT_OF_ALL, 0.0]),
        precision=np.array([_PRIOR, _WEAK_PRIOR]),
    )
    precision = 1.0 / float(np.linalg.inv(curvature)[0, 0])
    return Expected(weight=max(float(weight), precision**-0.5), precision=precision)


def weigh_teachers(
    logits: Float32,
    labels: Sequence[str],
    *,
    expected: Sequence[Expected] | None = None,
    of_fitted: Float32 | None = None,
) -> tuple[Float32, float]:
    """Return the weights, float32 [teachers], and the bias that make the weighted sum the most likely logit.

    logits: float32 [held-back texts, teachers]. expected: of each teacher; else that together they are moderately sure.
    A teacher that is right less often than chance on few texts is no evidence for the opposite of what it says: it
    counts nothing, and the others are weighed without it.
    of_fitted: float32 [fitted texts, teachers], where few are held back (`Unit.of`).
    """
    are_fake = _are_fake(labels)
    teachers = logits.shape[1]
    before = expected or [Expected(_WEIGHT_OF_ALL / teachers)] * teachers
    usual = [None] * teachers if of_fitted is None else list(of_fitted.T)
    units = [Unit.of(each, of_fitted=fitted) for each, fitted in zip(logits.T, usual, strict=True)]
    measured = np.column_stack([unit.measured(each) for unit, each in zip(units, logits.T, strict=True)])
    counted, bias = list(range(len(units))), 0.0
    weights = np.zeros(len(units))
    while True:
        (*found, bias), _ = most_likely(
            measured[:, counted],
            are_fake,
            mean=np.array([*(before[each].weight for each in counted), 0.0]),
            precision=np.array([*(before[each].precision for each in counted), _WEAK_PRIOR]),
        )
        if min(found, default=0.0) >= 0.0:
            break
        del counted[int(np.argmin(found))]
    weights[counted] = found
    by_size = weights / [unit.size for unit in units]
    return by_size.astype(np.float32), float(bias - by_size @ [unit.middle for unit in units])


def _are_fake(labels: Sequence[str]) -> npt.NDArray[np.bool_]:
    return np.array([label == FAKE for label in labels], np.bool_)
