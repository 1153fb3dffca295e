"""Labels of the batch itself: what they prove, what they refute, and how seldom they are wrong about it."""

from __future__ import annotations

import numpy as np
import pytest

from newsgate.model.risk_control import GRID, JudgedRows, is_refuted, proven_threshold

MAX_ERROR = 0.1


def shares_of(confidences: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[float]:
    return [float(np.mean(confidences >= threshold)) for threshold in GRID]


def test_the_mildest_threshold_that_the_labels_prove() -> None:
    # 100 rows at 0.97, none wrong; 100 at 0.7, half of them wrong. A share of 0 in 100 proves 3 %, 50 in 200 nothing.
    confidences = np.array([0.97] * 100 + [0.7] * 100)
    judged = JudgedRows(confidences, np.array([False] * 100 + [True, False] * 50))
    assert proven_threshold(judged, shares=shares_of(confidences), max_error=MAX_ERROR) == 0.75
    assert proven_threshold(judged, shares=shares_of(confidences), max_error=0.03) is None
    assert is_refuted(judged, threshold=0.6, max_error=MAX_ERROR)
    assert not is_refuted(judged, threshold=0.9, max_error=MAX_ERROR)


def test_too_few_labels_prove_nothing_even_without_mistakes() -> None:
    confidences = np.full(57, 0.97)
    judged = JudgedRows(confidences, np.zeros(57, np.bool_))
    # log(0.05) / log(0.9) = 28.4 labels without a mistake, and twice as many are waited for.
    assert proven_threshold(judged, shares=shares_of(confidences), max_error=MAX_ERROR) == 0.5
    fewer = JudgedRows(confidences[:56], judged.wrong[:56])
    assert proven_threshold(fewer, shares=shares_of(confidences), max_error=MAX_ERROR) is None


@pytest.mark.parametrize("labels", [250, 600])
def test_of_many_batches_few_are_promised_an_error_that_they_do_not_keep(labels: int) -> None:
    random = np.random.default_rng(labels)
    broken = proven = 0
    batches = 400
    for _ in range(batches):
        # A model that is too sure of itself on these texts: the worst kind to be promised anything of.
        confidences = 0.5 + 0.5 * random.beta(2, 1, 5000)
        wrong = random.random(5000) < 1.6 * (1 - confidences)
        rows = random.choice(5000, labels, replace=False)
        judged = JudgedRows(confidences[rows], wrong[rows])
        threshold = proven_threshold(judged, shares=shares_of(confidences), max_error=MAX_ERROR)
        if threshold is not None:
            proven += 1
            broken += bool(np.mean(wrong[confidences >= threshold]) > MAX_ERROR)
    assert proven > 0
    assert broken <= 0.07 * batches
