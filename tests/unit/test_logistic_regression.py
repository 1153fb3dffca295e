"""The regression that weighs a few logits finds its minimum, whatever the texts are."""

from __future__ import annotations

import numpy as np
import pytest

from newsgate.training.logistic_regression import most_likely


@pytest.mark.parametrize("seed", range(200))
def test_the_minimum_is_found_where_whole_steps_lead_away_from_it(seed: int) -> None:
    random = np.random.default_rng(seed)
    texts = int(random.integers(2, 60))
    # A few logits far from the others, and few texts of one label.
    logits = random.standard_t(2, size=(texts, 2)) * np.exp(random.normal(size=2))
    are_fake = random.random(texts) < random.choice([0.02, 0.5, 0.9])
    mean, precision = random.choice([0.0, 0.5, 3.0], size=3), random.choice([0.1, 3.0, 30.0], size=3)
    weights, _ = most_likely(logits, are_fake, mean=mean, precision=precision)
    design = np.column_stack([logits, np.ones(texts)])
    p = 0.5 * (1.0 + np.tanh(0.5 * (design @ weights)))
    slope = design.T @ (p - are_fake) + precision * (weights - mean)
    assert np.abs(slope).max() < 1e-4
