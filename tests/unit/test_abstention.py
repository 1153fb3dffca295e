"""When a model says nothing: the threshold for a wanted error, against rules worked out by hand and by brute force."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsgate.model.abstention import (
    NOTHING_IS_SURE,
    RiskCoverage,
    Step,
    confidence_of,
    record_risk_coverage,
    threshold_for,
)
from newsgate.model.bundle import read_bundle
from newsgate.model.metadata import BundleMetadata
from newsgate.model.starter import starter_bundle
from newsgate.training.evaluate import Coverage, coverage_at

# Few different values, so that many rows are equally sure, and some that differ by less than a threshold is written.
PROBABILITIES = st.sampled_from([0.0, 0.02, 0.3, 0.3000000001, 0.5, 0.57, 0.97, 0.98, 0.9999999, 1.0]) | st.floats(0, 1)
ROWS = st.lists(st.tuples(PROBABILITIES, st.sampled_from(["fake", "real"])), min_size=1, max_size=60)
ERRORS = st.floats(0.01, 0.99)


def record_of(rows: list[tuple[float, str]], *, most_steps: int = 64) -> RiskCoverage:
    p_fake, labels = zip(*rows, strict=True)
    return record_risk_coverage(np.array(p_fake), labels, most_steps=most_steps)


def labelled_at(rows: list[tuple[float, str]], threshold: float) -> tuple[int, int]:
    """How many rows are sure, and how many of those are wrong, counted one by one."""
    sure = [(p, label) for p, label in rows if max(p, 1 - p) >= threshold]
    return len(sure), sum((p >= 0.5) != (label == "fake") for p, label in sure)


def test_thresholds_worked_out_by_hand() -> None:
    # By confidence: 30 right at 0.99, 10 right at 0.9, one wrong at 0.8, 10 right at 0.7, 4 wrong at 0.6.
    rows = [(0.99, "fake")] * 30 + [(0.1, "real")] * 10 + [(0.8, "real")] + [(0.3, "real")] * 10 + [(0.6, "real")] * 4
    record = record_of(rows)
    assert record == RiskCoverage(55, (Step(0.5, 55, 5), Step(0.7, 51, 1), Step(0.9, 40, 0)))
    # The exact upper 95 % limits of 5 in 55, 1 in 51 and 0 in 40 are 0.1817, 0.0897 and 1 - 0.05 ** (1 / 40) = 0.0722.
    assert threshold_for(record, max_error=0.1818) == 0.5
    assert threshold_for(record, max_error=0.1816) == 0.7
    assert threshold_for(record, max_error=0.0898) == 0.7
    assert threshold_for(record, max_error=0.0896) == 0.9
    assert threshold_for(record, max_error=0.0722) == 0.9
    assert threshold_for(record, max_error=0.0721) == NOTHING_IS_SURE


@given(st.integers(1, 60).flatmap(lambda rows: st.tuples(st.just(rows), st.integers(0, rows))), ERRORS)
def test_the_chance_of_so_few_mistakes_is_the_binomial_one(counts: tuple[int, int], error: float) -> None:
    rows, mistakes = counts
    by_hand = sum(math.comb(rows, k) * error**k * (1 - error) ** (rows - k) for k in range(mistakes + 1))
    assert Step(0.5, rows, mistakes).luck_at(error) == pytest.approx(by_hand, rel=1e-9)


def test_the_chance_of_so_few_mistakes_among_very_many_rows() -> None:
    # The normal approximation has its middle there; every single term is far below the smallest float.
    assert Step(0.5, 1_000_000, 20_000).luck_at(0.02) == pytest.approx(0.5, abs=0.005)
    assert Step(0.5, 1_000_000, 10_000).luck_at(0.02) == 0.0


def test_rows_equally_sure_are_labelled_together_or_not_at_all() -> None:
    record = record_of([(0.9, "fake")] * 60 + [(0.9, "real")])
    assert [step.rows for step in record.steps] == [61]
    assert threshold_for(record, max_error=0.07) == NOTHING_IS_SURE


def test_a_model_without_mistakes_needs_enough_rows_to_prove_it() -> None:
    assert threshold_for(record_of([(0.9, "fake")] * 149), max_error=0.02) == 0.5
    assert threshold_for(record_of([(0.9, "fake")] * 148), max_error=0.02) == NOTHING_IS_SURE


def test_a_score_that_is_no_number_is_never_sure() -> None:
    record = record_of([(float("nan"), "fake")] * 5 + [(0.9, "fake")] * 9)
    assert record == RiskCoverage(14, (Step(0.5, 9, 0),))


@settings(max_examples=200)
@given(ROWS, ERRORS)
def test_no_threshold_that_keeps_the_error_labels_more_texts(rows: list[tuple[float, str]], max_error: float) -> None:
    possible = [0.5, *(math.floor(max(p, 1 - p) * 1e6) / 1e6 for p, _ in rows)]
    counted = [labelled_at(rows, threshold) for threshold in possible]
    best = max(
        (sure for sure, wrong in counted if sure and Step(0.5, sure, wrong).luck_at(max_error) <= 0.05), default=0
    )
    sure, wrong = labelled_at(rows, threshold_for(record_of(rows), max_error=max_error))
    assert sure == best
    assert wrong <= max_error * sure


@settings(max_examples=100)
@given(ROWS, ERRORS, ERRORS)
def test_a_larger_error_never_labels_fewer_texts(rows: list[tuple[float, str]], one: float, other: float) -> None:
    record = record_of(rows)
    assert threshold_for(record, max_error=max(one, other)) <= threshold_for(record, max_error=min(one, other))


@settings(max_examples=100)
@given(ROWS.flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(rows))))
def test_the_order_of_the_rows_says_nothing(both: tuple[list[tuple[float, str]], list[tuple[float, str]]]) -> None:
    rows, shuffled = both
    assert record_of(shuffled) == record_of(rows)


@settings(max_examples=100)
@given(ROWS, ERRORS, st.integers(2, 5))
def test_a_thinned_record_is_small_and_still_keeps_the_error(
    rows: list[tuple[float, str]], max_error: float, most_steps: int
) -> None:
    whole, thin = record_of(rows), record_of(rows, most_steps=most_steps)
    assert len(thin.steps) <= most_steps
    assert set(thin.steps) <= set(whole.steps)
    assert (thin.steps[0], thin.steps[-1]) == (whole.steps[0], whole.steps[-1])
    sure, wrong = labelled_at(rows, threshold_for(thin, max_error=max_error))
    assert wrong <= max_error * sure


def test_many_mistakes_leave_a_small_record_with_close_errors() -> None:
    random = np.random.default_rng(0)
    p_fake = 1 / (1 + np.exp(-random.normal(0, 4, 50_000)))
    labels = np.where(random.random(50_000) < p_fake, "fake", "real").tolist()
    thin, whole = (record_risk_coverage(p_fake, labels, most_steps=most) for most in (64, 10**6))
    assert len(thin.steps) <= 64 < len(whole.steps)
    for max_error in (0.005, 0.01, 0.02, 0.05, 0.1):
        kept, best = (
            coverage_at(p_fake, labels, threshold=threshold_for(record, max_error=max_error))
            for record in (thin, whole)
        )
        assert best.coverage - 0.05 < kept.coverage <= best.coverage
        assert kept.error is not None
        assert kept.error <= max_error


def test_texts_of_the_same_kind_keep_the_error_in_nearly_every_training() -> None:
    # 100 trainings' held-back texts, each judged on new texts drawn as they were.
    random = np.random.default_rng(1)
    errors = []
    for _ in range(100):
        p_fake = 1 / (1 + np.exp(-random.normal(0, 4, 11_000)))
        labels = np.where(random.random(11_000) < p_fake, "fake", "real").tolist()
        threshold = threshold_for(record_risk_coverage(p_fake[:1000], labels[:1000]), max_error=0.05)
        errors.append(coverage_at(p_fake[1000:], labels[1000:], threshold=threshold).error or 0.0)
    assert np.mean(np.array(errors) > 0.05) <= 0.2
    assert max(errors) < 0.07


def test_coverage_and_error_worked_out_by_hand() -> None:
    p_fake, labels = np.array([0.99, 0.9, 0.1, 0.4]), ("fake", "real", "real", "real")
    assert coverage_at(p_fake, labels, threshold=0.5) == Coverage(1.0, 0.25)
    assert coverage_at(p_fake, labels, threshold=0.9) == Coverage(0.75, 1 / 3)
    assert coverage_at(p_fake, labels, threshold=0.95) == Coverage(0.25, 0.0)
    assert coverage_at(p_fake, labels, threshold=NOTHING_IS_SURE) == Coverage(0.0, None)


def test_half_is_the_least_confidence_and_nan_stays_nan() -> None:
    np.testing.assert_array_equal(confidence_of(np.array([0.5, 0.0, 1.0, np.nan])), [0.5, 1.0, 1.0, np.nan])


@given(ROWS)
def test_a_record_is_json_and_back_with_steps_in_order(rows: list[tuple[float, str]]) -> None:
    record = record_of(rows)
    assert RiskCoverage.from_json(record.as_json()) == record
    assert all(a.threshold < b.threshold and a.mistakes > b.mistakes for a, b in pairwise(record.steps))


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [{"threshold": 0.4, "rows": 5, "mistakes": 0}],
        [{"threshold": float("nan"), "rows": 5, "mistakes": 0}],
        [{"threshold": 0.5, "rows": 11, "mistakes": 0}],
        [{"threshold": 0.5, "rows": 5, "mistakes": 6}],
        [{"threshold": 0.9, "rows": 9, "mistakes": 5}, {"threshold": 0.5, "rows": 8, "mistakes": 0}],
        [{"threshold": 0.5, "rows": 9, "mistakes": 0}, {"threshold": 0.9, "rows": 8, "mistakes": 5}],
        [{"threshold": 0.5, "rows": 9}],
        [0.5],
    ],
)
def test_what_is_no_record_is_refused(steps: object) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        RiskCoverage.from_json({"rows": 10, "steps": steps})


@pytest.mark.parametrize("max_error", [0.0, 1.0, -0.1, float("nan")])
def test_an_error_that_is_no_share_is_refused(max_error: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        threshold_for(record_of([(0.9, "fake")]), max_error=max_error)


def test_metadata_carries_the_record_and_is_read_without_one() -> None:
    metadata = replace(read_bundle(starter_bundle()).metadata, abstention=None)
    old = metadata.as_dict()
    assert "abstention" not in old
    assert BundleMetadata.from_dict(old) == metadata
    recorded = replace(metadata, abstention=record_of([(0.9, "fake")] * 9).as_json())
    assert BundleMetadata.from_dict(recorded.as_dict()) == recorded
