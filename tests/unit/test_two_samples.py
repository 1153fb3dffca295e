"""Two samples of one kind are seldom told apart, and two kinds are; sums of parts say what the whole says."""

from __future__ import annotations

import numpy as np
import pytest

from newsgate.model.classifier import Scores
from newsgate.model.score_summary import Summary, summarise
from newsgate.model.two_samples import LEAST_TEXTS, MOMENTS, check_moments, compare_moments
from newsgate.tasks.inspecting.likeness import compare_summaries
from newsgate.tasks.inspecting.promise import widened_error


def drawn(random: np.random.Generator, texts: int, *, familiar: float = 1.0, fake: float = 1.0) -> Scores:
    """Scores as a model gives them; familiar, fake: below 1 the texts are less so."""
    return Scores(
        random.beta(0.4 * fake, 0.4, texts),
        token_counts=random.integers(5, 60, texts).astype(np.int32),
        truncated=np.zeros(texts, np.bool_),
        unknown_counts=random.integers(0, 2, texts).astype(np.int32),
        familiarity=random.random(texts) ** (1 / familiar),
    )


def test_samples_of_one_kind_are_told_apart_no_more_often_than_promised() -> None:
    random = np.random.default_rng(0)
    found = []
    for _ in range(400):
        reference, seen = summarise(drawn(random, 400)), summarise(drawn(random, 150))
        test = compare_moments(reference.moments, seen.moments)
        assert test is not None
        found.append((test.p_value, test.separation, compare_summaries(reference, seen).alike))
    p_values = np.array([each[0] for each in found])
    assert 0.02 < float(np.mean(p_values < 0.05)) < 0.09
    assert float(np.median([each[1] for each in found])) < 0.55
    assert sum(alike is False for _, _, alike in found) <= 0.05 * len(found)


@pytest.mark.parametrize(("familiar", "fake"), [(0.3, 1.0), (1.0, 0.3)])
def test_other_texts_are_told_apart_by_their_familiarity_or_by_their_scores(familiar: float, fake: float) -> None:
    random = np.random.default_rng(1)
    reference = summarise(drawn(random, 400))
    seen = compare_summaries(reference, summarise(drawn(random, 150, familiar=familiar, fake=fake)))
    assert seen.alike is False
    assert seen.separation is not None
    assert seen.separation > 0.6
    assert seen.p_value is not None
    assert seen.p_value < 0.01


def test_the_separation_is_that_of_the_best_line_between_two_normal_distributions() -> None:
    random = np.random.default_rng(2)
    moved = [np.clip(random.normal(mean, 0.1, 50_000), 0, 1) for mean in (0.4, 0.55)]
    same = (np.full(50_000, 0.3), np.full(50_000, 9, np.int32), np.zeros(50_000, np.bool_))
    both = [summarise(Scores(*same, familiarity=each)) for each in moved]
    test = compare_moments(both[0].moments, both[1].moments)
    assert test is not None
    order = float(np.mean(moved[0][:, np.newaxis][:2000] < moved[1][np.newaxis, :2000]))
    assert test.separation == pytest.approx(order, abs=0.02)


def test_a_large_batch_that_differs_by_nothing_that_matters_is_alike() -> None:
    random = np.random.default_rng(3)
    reference, seen = summarise(drawn(random, 20_000)), summarise(drawn(random, 200_000, familiar=0.95))
    likeness = compare_summaries(reference, seen)
    assert likeness.p_value is not None
    assert likeness.p_value < 1e-3
    assert likeness.alike is True


def test_parts_add_up_to_the_whole_exactly() -> None:
    scores = drawn(np.random.default_rng(4), 50)
    names = ("p_fake", "token_counts", "truncated", "unknown_counts", "familiarity")
    parts = [Scores(*(getattr(scores, name)[rows] for name in names)) for rows in (slice(0, 13), slice(13, 50))]
    assert summarise(parts[0]) + summarise(parts[1]) == summarise(scores)
    assert Summary.from_json(summarise(scores).as_json()) == summarise(scores)
    assert summarise(scores) + Summary() == summarise(scores)


def test_too_few_texts_and_a_reference_from_before_cannot_be_compared() -> None:
    random = np.random.default_rng(5)
    many, few = summarise(drawn(random, 400)), summarise(drawn(random, LEAST_TEXTS - 1))
    assert compare_moments(many.moments, few.moments) is None
    assert compare_summaries(many, few).alike is None
    assert compare_summaries(None, many).alike is None
    old = Summary.from_json({key: many.as_json()[key] for key in ("histogram", "tokens", "unknown", "items")})
    assert compare_moments(old.moments, many.moments) is None
    assert compare_summaries(old, many).alike is True


@pytest.mark.parametrize("moments", [[1], [5] + [6_000_000] * (MOMENTS - 1), [-1] * MOMENTS])
def test_what_are_no_moments_is_refused(moments: list[int]) -> None:
    with pytest.raises(ValueError, match="moments"):
        check_moments(moments)


def test_the_band_is_widened_by_what_the_two_kinds_do_not_share() -> None:
    assert widened_error(0.1, separation=0.5) == pytest.approx(0.1)
    assert widened_error(0.1, separation=0.75) == pytest.approx(0.05)
    assert widened_error(0.1, separation=1.0) == 0
