"""Labels of the batch itself: what they prove, what they refute, and how seldom they are wrong about it."""

from __future__ import annotations

import numpy as np
import pytest

from newsgate.model.risk_control import GRID, JudgedRows, is_refuted, proven_threshold

MAX_ERROR = 0.1


def proven_in(
    batch: np.ndarray[tuple[int], np.dtype[np.float64]], judged: JudgedRows, *, max_error: float = MAX_ERROR
) -> float | None:
    at_least = [int(np.sum(batch >= threshold)) for threshold in GRID]
    return proven_threshold(judged, rows=len(batch), at_least=at_least, max_error=max_error)


def test_the_mildest_threshold_that_the_labels_prove() -> None:
    # 100 rows at 0.97, none wrong; 100 at 0.7, half of them wrong. A share of 0 in 100 proves 3 %, 50 in 200 nothing.
    confidences = np.array([0.97] * 100 + [0.7] * 100)
    judged = JudgedRows(confidences, np.array([False] * 100 + [True, False] * 50))
    assert proven_in(confidences, judged) == 0.75
    assert proven_in(confidences, judged, max_error=0.03) is None
    assert is_refuted(judged, threshold=0.6, at_least=200, max_error=MAX_ERROR)
    assert not is_refuted(judged, threshold=0.9, at_least=100, max_error=MAX_ERROR)


def test_too_few_labels_prove_nothing_even_without_mistakes() -> None:
    confidences = np.full(57, 0.97)
    judged = JudgedRows(confidences, np.zeros(57, np.bool_))
    # log(0.05) / log(0.9) = 28.4 labels without a mistake, and twice as many are waited for.
    assert proven_in(confidences, judged) == 0.5
    fewer = JudgedRows(confidences[:56], judged.wrong[:56])
    assert proven_in(confidences, fewer) is None


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
        threshold = proven_in(confidences, judged)
        if threshold is not None:
            proven += 1
            broken += bool(np.mean(wrong[confidences >= threshold]) > MAX_ERROR)
    assert proven > 0
    assert broken <= 0.07 * batches


def review_in_the_usual_mix(
    confidences: np.ndarray[tuple[int], np.dtype[np.float64]], labels: int, random: np.random.Generator
) -> tuple[list[int], list[int]]:
    """The rows that three in ten places draw at random, and those that are picked because the model is unsure."""
    free = dict.fromkeys(np.argsort(confidences).tolist())
    drawn: list[int] = []
    picked: list[int] = []
    for place in range(labels):
        row = int(random.choice(list(free))) if place % 10 < 3 else next(iter(free))
        (drawn if place % 10 < 3 else picked).append(row)
        del free[row]
    return drawn, picked


def test_what_is_drawn_after_the_doubtful_rows_are_labelled_says_nothing_about_those() -> None:
    random = np.random.default_rng(5)
    batches, rows = 100, 300
    broken = proven = 0
    for _ in range(batches):
        is_sure = random.random(rows) < 0.72
        confidences = np.where(is_sure, 0.99 - 0.04 * random.random(rows), 0.5 + 0.2 * random.random(rows))
        wrong = random.random(rows) < np.where(is_sure, 0.005, 0.42)
        drawn, picked = review_in_the_usual_mix(confidences, 200, random)
        judged = JudgedRows(confidences[drawn], wrong[drawn], confidences[picked], wrong[picked])
        threshold = proven_in(confidences, judged)
        if threshold is not None:
            proven += 1
            broken += bool(np.mean(wrong[confidences >= threshold]) > MAX_ERROR)
    assert proven > 0
    assert broken <= 0.05 * batches


def test_rows_whose_labels_are_known_count_as_what_they_are() -> None:
    drawn = np.full(40, 0.9), np.zeros(40, np.bool_)
    # Of 100 rows 50 are known. If 10 of those are wrong, none of the others may be; if none is, two in ten may.
    nothing, everything = np.zeros(50, np.bool_), np.array([True] * 11 + [False] * 39)
    batch = np.full(100, 0.9)
    assert proven_in(batch, JudgedRows(*drawn, batch[:50], nothing)) == 0.5
    assert proven_in(batch, JudgedRows(*drawn, batch[:50], everything)) is None
    assert is_refuted(JudgedRows(*drawn, batch[:50], everything), threshold=0.5, at_least=100, max_error=MAX_ERROR)
    assert not is_refuted(JudgedRows(*drawn, batch[:50], nothing), threshold=0.5, at_least=100, max_error=MAX_ERROR)
    # Where everything is known, nothing is left to be proven.
    assert proven_in(batch[:50], JudgedRows(*drawn, batch[:50], nothing)) is None
