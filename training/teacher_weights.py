"""How much each teacher's word counts, by texts that it was not fitted to."""

from __future__ import annotations

from collections.abc import Sequence
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


def weigh_teachers(
    logits: Float32, labels: Sequence[str], *, of_fitted: Float32 | None = None
) -> tuple[Float32, float]:
    """Return the weights, float32 [teachers], and the bias that make the weighted sum the most likely logit.

    logits: float32 [held-back texts, teachers]. A teacher that is right less often than chance on few texts is no
    evidence for the opposite of what it says: it counts nothing, and the others are weighed without it.
    of_fitted: float32 [fitted texts, teachers], where few are held back (`Unit.of`).
    """
    are_fake = np.array([label == FAKE for label in labels], np.bool_)
    teachers = logits.shape[1]
    usual = [None] * teachers if of_fitted is None else list(of_fitted.T)
    units = [Unit.of(each, of_fitted=fitted) for each, fitted in zip(logits.T, usual, strict=True)]
    measured = np.column_stack([unit.measured(each) for unit, each in zip(units, logits.T, strict=True)])
    counted, bias = list(range(len(units))), 0.0
    weights = np.zeros(len(units))
    while True:
        (*found, bias), _ = most_likely(
            measured[:, counted],
            are_fake,
            mean=np.array([_WEIGHT_OF_ALL / teachers] * len(counted) + [0.0]),
            precision=np.array([_PRIOR] * len(counted) + [_WEAK_PRIOR]),
        )
        if min(found, default=0.0) >= 0.0:
            break
        del counted[int(np.argmin(found))]
    weights[counted] = found
    by_size = weights / [unit.size for unit in units]
    return by_size.astype(np.float32), float(bias - by_size @ [unit.middle for unit in units])
