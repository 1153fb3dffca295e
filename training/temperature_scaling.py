"""Temperature scaling: one number that makes probabilities mean what they say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from newsgate.model.labels import FAKE

MIN_TEMPERATURE: Final = 0.05
MAX_TEMPERATURE: Final = 20.0

_GOLDEN: Final = (5**0.5 - 1) / 2
_STEPS: Final = 60
# So many say how sure to be, even where few of them are wrong.
_MANY_TEXTS: Final = 100


def fit_temperature(logits: npt.NDArray[np.floating], labels: Sequence[str]) -> float:
    """Return the temperature T > 0 that makes `sigmoid(logits / T)` likeliest for `labels`.

    logits: [texts], of P(fake), from texts that no weight was fitted to. Guo et al. 2017, "On Calibration of Modern
    Neural Networks" (arXiv 1706.04599), section 4.2; T changes no label. The loss has one minimum in log T within
    the bounds, found by golden-section search.

    Where every text is on the right side, as a few texts may be, there is no likeliest T: a smaller one is always
    likelier, down to scores of exactly 0 and 1. Then the targets are not 1 and 0 but (N+ + 1) / (N+ + 2) for the N+
    fakes and 1 / (N- + 2) for the N- reals, what Bayes' rule expects of the next text after so many without a mistake
    (Platt 1999, "Probabilistic Outputs for Support Vector Machines and Comparisons to Regularized Likelihood Methods").

    Of fewer than 100 texts, a mistake near the boundary says the same: the likeliest T may then be smaller than that of
    a model without a mistake, and is not taken. Nobody is surer for having been wrong.
    """
    is_fake = np.asarray(labels) == FAKE
    signed = np.asarray(logits, np.float64) * np.where(is_fake, 1.0, -1.0)
    if np.all(signed >= 0):
        return _likeliest(signed, _doubt(is_fake))
    likeliest = _likeliest(signed, None)
    if len(signed) >= _MANY_TEXTS:
        return likeliest
    return max(likeliest, _likeliest(np.abs(signed), _doubt(is_fake)))


def _likeliest(signed: npt.NDArray[np.float64], doubt: npt.NDArray[np.float64] | None) -> float:
    """Return the temperature of the least loss."""
    low, high = np.log(MIN_TEMPERATURE), np.log(MAX_TEMPERATURE)
    for _ in range(_STEPS):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        if _loss(signed, doubt, temperature=np.exp(left)) < _loss(signed, doubt, temperature=np.exp(right)):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))


def _doubt(is_fake: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Return how much of each text's target goes to the other label, [texts]: 1 / (N + 2) of a label with N texts."""
    fakes = np.count_nonzero(is_fake)
    return 1.0 / (np.where(is_fake, fakes, len(is_fake) - fakes) + 2.0)


def _loss(
    signed_logits: npt.NDArray[np.float64], doubt: npt.NDArray[np.float64] | None, *, temperature: float
) -> float:
    """Return the mean negative log likelihood; `logaddexp` keeps it finite for every logit."""
    own = np.logaddexp(0.0, -signed_logits / temperature)
    if doubt is None:
        return float(np.mean(own))
    return float(np.mean((1.0 - doubt) * own + doubt * np.logaddexp(0.0, signed_logits / temperature)))
