"""What few held-back texts say of how sure to be, and of when to stop."""

from __future__ import annotations

import numpy as np

from newsgate.training.stop_when_worse import is_worse_beyond_luck
from newsgate.training.temperature_scaling import fit_temperature


def test_a_mistake_near_the_boundary_makes_nobody_surer() -> None:
    labels = ["fake"] * 5 + ["real"] * 5
    logits = np.array([1, 2, 3, 1, 2, -1, -2, -3, -1, -0.01])
    without_mistake = fit_temperature(logits, labels)
    logits[-1] = 0.01
    assert fit_temperature(logits, labels) >= without_mistake - 1e-9


def test_one_text_more_that_is_wrong_is_luck() -> None:
    assert not is_worse_beyond_luck(0.9, best=1.0, rows=10)
    assert not is_worse_beyond_luck(8 / 10, best=9 / 10, rows=10)
    assert is_worse_beyond_luck(0.7, best=1.0, rows=10)
    assert is_worse_beyond_luck(0.9, best=0.95, rows=1000)
