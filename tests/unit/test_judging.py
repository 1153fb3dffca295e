"""From scores to verdicts."""

from __future__ import annotations

import numpy as np
import pytest

from newsgate.model.classifier import Scores
from newsgate.model.labels import NOT_FINITE
from newsgate.tasks.classifying.classify_chunk import judge


def test_fake_starts_at_one_half() -> None:
    scores = Scores(np.array([0.0, 0.499, 0.5, 1.0]), np.array([1, 2, 3, 4], np.int32), np.array([False] * 3 + [True]))
    verdicts = judge([10, 11, 12, 13], scores)
    assert [each.label for each in verdicts] == ["real", "real", "fake", "fake"]
    assert [each.item for each in verdicts] == [10, 11, 12, 13]
    assert [each.truncated for each in verdicts] == [False, False, False, True]
    assert all(each.error is None for each in verdicts)


@pytest.mark.parametrize("broken", [float("nan"), float("inf"), float("-inf")])
def test_a_score_that_is_no_number_is_an_error_of_its_row_alone(broken: float) -> None:
    scores = Scores(np.array([0.9, broken]), np.array([1, 1], np.int32), np.array([False, False]))
    good, bad = judge([1, 2], scores)
    assert (good.label, good.error) == ("fake", None)
    assert (bad.label, bad.p_fake, bad.error) == (None, None, NOT_FINITE)
