"""The figures of an evaluation, against numbers worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsgate.model.classifier import Scores, calibrated
from newsgate.training.corpus import LabelledTexts
from newsgate.training.evaluate import EvaluationError, evaluate, evaluate_probabilities, expected_calibration_error
from newsgate.training.temperature_scaling import MAX_TEMPERATURE, MIN_TEMPERATURE, fit_temperature

LABELS = ("fake", "fake", "fake", "real")
P_FAKE = np.array([0.9, 0.8, 0.4, 0.2])


class Fixed:
    """A classifier that always gives the same scores."""

    def __init__(self, p_fake: Sequence[float]) -> None:
        self.p_fake = np.array(p_fake)

    def classify(self, texts: Sequence[str]) -> Scores:
        rows = len(texts)
        return Scores(self.p_fake, token_counts=np.ones(rows, np.int32), truncated=np.zeros(rows, np.bool_))


def test_figures_worked_out_by_hand() -> None:
    evaluation = evaluate_probabilities(P_FAKE, LABELS)
    # fake: TP 2, FP 0, FN 1 -> F1 4/5. real: TP 1, FP 1, FN 0 -> F1 2/3.
    assert evaluation.rows == 4
    assert evaluation.accuracy == pytest.approx(0.75)
    assert evaluation.weighted_f1 == pytest.approx(0.75 * 4 / 5 + 0.25 * 2 / 3)
    assert evaluation.macro_f1 == pytest.approx((4 / 5 + 2 / 3) / 2)
    assert evaluation.coverage == 1.0
    assert evaluation.confusion == {"fake": {"fake": 2, "real": 1}, "real": {"fake": 0, "real": 1}}
    # Bins of 1/15: 0.9 and right; 0.8, 0.8, both right, in one bin; 0.6 and wrong.
    assert evaluation.ece == pytest.approx((0.1 + 0.4 + 0.6) / 4)


def test_calibration_error_weighs_a_bin_as_a_whole() -> None:
    confidences = np.array([0.70, 0.72, 1.0])
    correct = np.array([True, False, True])
    assert expected_calibration_error(confidences, correct) == pytest.approx(abs(1 - 1.42) / 3)


def test_one_label_never_given_has_an_f1_of_zero() -> None:
    evaluation = evaluate_probabilities(np.array([0.1, 0.1]), ("fake", "real"))
    assert evaluation.macro_f1 == pytest.approx((0 + 2 / 3) / 2)


def test_half_is_fake() -> None:
    assert evaluate_probabilities(np.array([0.5, 0.49]), ("fake", "real")).accuracy == 1.0


def test_as_dict_has_the_keys_people_read() -> None:
    keys = {"rows", "accuracy", "weighted_f1", "macro_f1", "ece", "coverage", "confusion"}
    assert set(evaluate_probabilities(P_FAKE, LABELS).as_dict()) == keys


def test_evaluate_asks_the_classifier() -> None:
    labelled = LabelledTexts(texts=("a", "b", "c", "d"), labels=LABELS)
    assert evaluate(Fixed(P_FAKE.tolist()), labelled) == evaluate_probabilities(P_FAKE, LABELS)


def test_scores_that_are_no_numbers_are_refused() -> None:
    labelled = LabelledTexts(texts=("a", "b"), labels=("fake", "real"))
    with pytest.raises(EvaluationError, match="1 of 2"):
        evaluate(Fixed([float("nan"), 0.5]), labelled)


def test_temperature_of_overconfident_logits_is_above_one() -> None:
    # Always sure at logit 4, right three times of four: sigmoid(4 / T) = 3/4 at T = 4 / ln 3.
    logits = np.array([4.0, 4.0, 4.0, 4.0])
    assert fit_temperature(logits, LABELS) == pytest.approx(4 / np.log(3), rel=1e-6)


def test_temperature_where_the_model_is_always_right_is_fitted_to_smoothed_targets() -> None:
    # Platt's targets are (N + 1) / (N + 2) for each text's own label: sigmoid(c / T) is that at T = c / ln(N + 1).
    assert fit_temperature(np.array([5.0, -5.0]), ("fake", "real")) == pytest.approx(5 / np.log(2), rel=1e-6)
    nine_each = np.repeat([4.0, -4.0], 9)
    assert fit_temperature(nine_each, ["fake"] * 9 + ["real"] * 9) == pytest.approx(4 / np.log(10), rel=1e-6)
    # Of 3 fakes and 1 real at equal logits the targets' mean counts: (3 * 4/5 + 2/3) / 4 = 23/30.
    logits = np.array([2.0, 2.0, 2.0, -2.0])
    assert fit_temperature(logits, LABELS) == pytest.approx(2 / np.log(23 / 7), rel=1e-6)


def test_a_mistake_of_each_label_is_enough_for_the_labels_themselves() -> None:
    # Right 9 times of 10 of each label at logit 3, so 3 / T = ln 9; with smoothed targets it would be less.
    logits = np.repeat([3.0, -3.0, -3.0, 3.0], [9, 1, 9, 1])
    labels = ["fake"] * 10 + ["real"] * 10
    assert fit_temperature(logits, labels) == pytest.approx(3 / np.log(9), rel=1e-6)


@given(st.lists(st.tuples(st.floats(1.0, 8.0), st.booleans()), min_size=1, max_size=50))
def test_where_the_model_is_always_right_no_score_is_certain(texts: list[tuple[float, bool]]) -> None:
    logits = np.array([logit if is_fake else -logit for logit, is_fake in texts])
    temperature = fit_temperature(logits, ["fake" if is_fake else "real" for _, is_fake in texts])
    assert 1.001 * MIN_TEMPERATURE < temperature < MAX_TEMPERATURE / 1.001
    p_fake = calibrated(logits.astype(np.float32), temperature=temperature)
    assert ((p_fake > 0) & (p_fake < 1)).all()
    assert ((p_fake >= 0.5) == [is_fake for _, is_fake in texts]).all()
