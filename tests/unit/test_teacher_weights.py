"""What teachers count: many held-back texts decide, and few never turn a teacher's word into its opposite."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from newsgate.training.teacher_weights import weigh_teachers

Float32 = npt.NDArray[np.float32]


def labels_of(actual: npt.NDArray[np.bool_]) -> list[str]:
    return ["fake" if each else "real" for each in actual]


def opinions(actual: npt.NDArray[np.bool_], *, worth: float, seed: int, unit: float = 1.0) -> Float32:
    """Logits that are right as often as `worth`, in standard deviations, says; in steps of `unit`."""
    noise = np.random.default_rng(seed).normal(size=len(actual))
    return (unit * (worth * np.where(actual, 1.0, -1.0) + noise)).astype(np.float32)


def test_many_held_back_texts_decide_as_a_regression_on_them_would() -> None:
    actual = np.random.default_rng(1).random(5000) < 0.4
    logits = np.column_stack([opinions(actual, worth=1.0, seed=3), opinions(actual, worth=0.5, seed=4, unit=0.1)])
    weights, bias = weigh_teachers(logits, labels_of(actual))
    regression = LogisticRegression(C=1e6).fit(logits, actual)
    assert weights == pytest.approx(regression.coef_[0], rel=0.03)
    assert bias == pytest.approx(regression.intercept_[0], abs=0.02)


@given(seed=st.integers(0, 10_000), held_back=st.integers(2, 20), unit=st.sampled_from([0.05, 0.2, 1.0]))
def test_few_held_back_texts_never_turn_a_word_into_its_opposite(seed: int, held_back: int, unit: float) -> None:
    actual = np.random.default_rng(seed).random(held_back) < 0.3
    logits = np.column_stack(
        [opinions(actual, worth=-1.0, seed=seed + 1, unit=unit), opinions(actual, worth=1, seed=7)]
    )
    weights, bias = weigh_teachers(logits, labels_of(actual))
    assert (weights >= 0).all()
    assert np.isfinite([*weights, bias]).all()


@pytest.mark.parametrize("unit", [0.05, 0.2, 1.0])
def test_a_teacher_whose_logits_are_small_is_no_less_sure(unit: float) -> None:
    actual = np.random.default_rng(1).random(12) < 0.5
    (weight,), _ = weigh_teachers(opinions(actual, worth=1.0, seed=3, unit=unit)[:, np.newaxis], labels_of(actual))
    (of_large,), _ = weigh_teachers(opinions(actual, worth=1.0, seed=3)[:, np.newaxis], labels_of(actual))
    assert weight * unit == pytest.approx(of_large, rel=1e-3)


def test_one_who_says_the_same_of_every_text_counts_nothing() -> None:
    logits = np.column_stack([np.full(40, 0.3, np.float32), opinions(np.arange(40) % 2 == 0, worth=1.0, seed=3)])
    weights, _ = weigh_teachers(logits, ["fake", "real"] * 20)
    assert weights[0] == 0
    assert weights[1] > 0


def test_texts_of_one_label_alone_give_a_finite_bias() -> None:
    weights, bias = weigh_teachers(np.array([[0.1], [0.2], [-0.1]], np.float32), ["real"] * 3)
    assert np.isfinite([*weights, bias]).all()
    assert bias < 0
