"""Temperature scaling: one number that makes probabilities mean what they say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from model.labels import FAKE

MIN_TEMPERATURE: Final = 0.05
MAX_TEMPERATURE: Final = 20.0

_GOLDEN: Final = (5**0.5 - 1) / 2
_STEPS: Final = 60


def fit_temperature(logits: npt.NDArray[np.floating], labels: Sequence[str]) -> float:
    """Return the temperature T > 0 that makes `sigmoid(logits / T)` likeliest for `labels`.

    logits: [texts], of P(fake), from texts that no weight was fitted to. Guo et al. 2017, "On Calibration of Modern
    Neural Networks" (arXiv 1706.04599), section 4.2; T changes no label. The loss has one minimum in log T within
    the bounds, found by golden-section search.
    """
    signed = np.asarray(logits, np.float64) * np.where(np.asarray(labels) == FAKE, 1.0, -1.0)
    low, high = np.log(MIN_TEMPERATURE), np.log(MAX_TEMPERATURE)
    for _ in range(_STEPS):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        if _loss(signed, temperature=np.exp(left)) < _loss(signed, temperature=np.exp(right)):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))


def _loss(signed_logits: npt.NDArray[np.float64], *, temperature: float) -> float:
    """Return the mean negative log likelihood; `logaddexp` keeps it finite for every logit."""
    return float(np.mean(np.logaddexp(0.0, -signed_logits / temperature)))
