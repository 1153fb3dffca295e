"""How much the LSTM and the wide part count: few held-back texts leave it to the wide part, many decide."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.linear_model import LogisticRegression

from newsgate.training.blending import Blend, fit_blend

Float64 = npt.NDArray[np.float64]


def labels_of(actual: npt.NDArray[np.bool_]) -> list[str]:
    return ["fake" if each else "real" for each in actual]


def opinions(actual: npt.NDArray[np.bool_], *, worth: float, seed: int) -> Float64:
    """Logits that are right as often as `worth`, in standard deviations, says."""
    noise = np.random.default_rng(seed).normal(size=len(actual))
    return np.asarray(worth * np.where(actual, 1.0, -1.0) + noise)


def blend(*, held_back: int, deep: float, wide: float, deep_unit: float = 1.0, wide_unit: float = 1.0) -> Blend:
    actual = np.random.default_rng(1).random(held_back) < 0.5
    fitted = np.random.default_rng(2).random(400) < 0.5
    return fit_blend(
        deep_unit * opinions(actual, worth=deep, seed=3),
        wide_unit * opinions(actual, worth=wide, seed=4),
        labels_of(actual),
        cross_fitted=wide_unit * opinions(fitted, worth=wide, seed=5),
        cross_labels=labels_of(fitted),
    )


def test_many_held_back_texts_decide_as_a_regression_on_them_would() -> None:
    actual = np.random.default_rng(1).random(5000) < 0.5
    deep, wide = opinions(actual, worth=1.0, seed=3), opinions(actual, worth=0.5, seed=4)
    found = fit_blend(deep, wide, labels_of(actual), cross_fitted=wide, cross_labels=labels_of(actual))
    regression = LogisticRegression(C=1e6).fit(np.column_stack([deep, wide]), actual)
    assert (found.deep, found.wide) == pytest.approx(tuple(regression.coef_[0]), rel=0.03)
    assert found.bias == pytest.approx(regression.intercept_[0], abs=0.02)


def test_a_few_held_back_texts_leave_it_to_the_wide_part() -> None:
    found = blend(held_back=10, deep=0.3, wide=1.0)
    alone = blend(held_back=10, deep=0.0, wide=1.0)
    assert found.wide > 3 * found.deep
    assert alone.wide == pytest.approx(2.0, rel=0.4)  # of logits that are d apart with a deviation of one: 2 d


def test_where_the_words_hardly_tell_a_few_held_back_texts_do_not_speak_for_the_lstm() -> None:
    rows = 650
    actual = np.random.default_rng(1).random(rows) < 0.5
    wide = opinions(actual, worth=0.06, seed=4)
    shares = []
    for seed in range(20):
        held_back = np.random.default_rng(seed + 10).random(72) < 0.5
        deep = np.random.default_rng(seed + 50).normal(size=72)
        beside = opinions(held_back, worth=0.06, seed=seed + 90)
        found = fit_blend(deep, beside, labels_of(held_back), cross_fitted=wide, cross_labels=labels_of(actual))
        shares.append(found.deep / found.wide)
    assert np.mean(np.array(shares) > 1.0) <= 0.05, shares


def test_where_the_words_tell_nothing_and_the_lstm_does_it_counts_as_in_a_regression() -> None:
    actual = np.random.default_rng(1).random(1000) < 0.5
    deep, wide = opinions(actual, worth=0.5, seed=3), opinions(actual, worth=0.0, seed=4)
    found = fit_blend(deep, wide, labels_of(actual), cross_fitted=wide, cross_labels=labels_of(actual))
    regression = LogisticRegression(C=1e6).fit(np.column_stack([deep, wide]), actual)
    assert found.deep == pytest.approx(regression.coef_[0][0], rel=0.05)


def test_it_is_the_same_whatever_the_logits_are_measured_in() -> None:
    found, scaled = (
        blend(held_back=60, deep=1.0, wide=0.7),
        blend(held_back=60, deep=1.0, wide=0.7, deep_unit=100, wide_unit=0.01),
    )
    assert (scaled.deep * 100, scaled.wide * 0.01, scaled.bias) == pytest.approx(
        (found.deep, found.wide, found.bias), rel=1e-6
    )


def test_nothing_that_is_worse_than_chance_is_turned_round() -> None:
    found = blend(held_back=300, deep=-1.0, wide=-1.0)
    assert (found.deep, found.wide) == (0.0, 0.0)


def test_texts_that_are_all_told_apart_give_finite_weights() -> None:
    actual = np.arange(40) < 20
    sure = np.where(actual, 50.0, -50.0)
    found = fit_blend(sure, sure, labels_of(actual), cross_fitted=sure, cross_labels=labels_of(actual))
    assert np.isfinite([found.deep, found.wide, found.bias]).all()
    assert found.deep >= 0 < found.wide


def test_where_the_words_hardly_tell_both_labels_are_given_in_about_their_shares() -> None:
    rows = 600
    actual = np.random.default_rng(1).random(rows) < 0.46
    faint = np.random.default_rng(2).normal(scale=0.1, size=rows)
    silent = np.zeros(60)
    found = fit_blend(silent, faint[:60], labels_of(actual[:60]), cross_fitted=faint, cross_labels=labels_of(actual))
    assert 0.2 < np.mean(found.wide * faint + found.bias > 0) < 0.6


def test_where_the_words_tell_the_bias_stays_within_its_error() -> None:
    actual = np.random.default_rng(1).random(4000) < 0.2
    wide = opinions(actual, worth=1.0, seed=4)
    found = fit_blend(np.zeros(4000), wide, labels_of(actual), cross_fitted=wide, cross_labels=labels_of(actual))
    regression = LogisticRegression(C=1e6).fit(wide[:, np.newaxis], actual)
    assert found.wide == pytest.approx(regression.coef_[0][0], rel=0.03)
    assert found.bias == pytest.approx(regression.intercept_[0], abs=0.2)
