"""Champion against challenger: what promotes, what does not, and how often luck alone would."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.retraining.promotion_power import TWO_SEEDS, Pair, answers, count_promotions, names, simulated
from newsgate.training.paired_tests import Outcomes, bootstrap_macro_f1, mcnemar
from newsgate.training.promotion import PairedScores, judge, level_of_look

ROWS = 1000
ACTUAL_FAKE = np.arange(ROWS) % 2 == 0
LABELS = names(ACTUAL_FAKE)

cells = st.lists(st.integers(0, 40), min_size=8, max_size=8)


def right_but(*wrong: range) -> npt.NDArray[np.bool_]:
    right = np.ones(ROWS, dtype=np.bool_)
    for rows in wrong:
        right[rows] = False
    return right


def model(*wrong: range, confidence: float = 0.9) -> PairedScores:
    return answers(ACTUAL_FAKE, right=right_but(*wrong), confidence=confidence)


CHAMPION = model(range(100))
BETTER = model(range(10), range(100, 130), confidence=0.96)


def test_a_better_challenger_is_promoted_and_every_figure_told() -> None:
    decision = judge(CHAMPION, BETTER, LABELS, looks=1)
    assert decision.promote
    assert decision.reasons == ("macro-F1 0.9600 against 0.9000 on 1000 rows, p = 1.9e-08 at level 0.025",)
    figures = json.loads(json.dumps(decision.figures, allow_nan=False))
    assert figures["mcnemar"]["only_challenger"] == 90
    assert figures["mcnemar"]["only_champion"] == 30
    assert figures["bootstrap"]["low"] > 0
    assert figures["bootstrap"]["difference"] == pytest.approx(0.06, abs=1e-4)
    assert figures["challenger"]["accuracy"] == 0.96
    assert (figures["rows"], figures["looks"], figures["slowdown"]) == (1000, 1, 1.0)


def test_the_same_arguments_give_the_same_decision() -> None:
    assert judge(CHAMPION, BETTER, LABELS, looks=3) == judge(CHAMPION, BETTER, LABELS, looks=3)


@pytest.mark.parametrize(
    ("challenger", "reason"),
    [
        (CHAMPION, "McNemar's exact test has p = 1, needed is 0.025"),
        (model(range(200)), "not shown to be right more often"),
        (replace(BETTER, texts_per_second=5_000.0), "takes 2.00 times as long, more than 1.5"),
        (replace(BETTER, labels=("fake", "real", "satire")), "knows the labels fake, real, satire"),
        (model(range(40), confidence=0.7), "calibration error is 0.260, the champion's 0.000"),
        (replace(BETTER, p_fake=np.where(np.arange(ROWS) == 7, np.nan, BETTER.p_fake)), "no finite probability for 1 "),
        (replace(BETTER, p_fake=np.where(np.arange(ROWS) == 7, np.inf, BETTER.p_fake)), "no finite probability for 1 "),
    ],
)
def test_whatever_is_wrong_with_a_challenger_is_said(challenger: PairedScores, reason: str) -> None:
    decision = judge(CHAMPION, challenger, LABELS, looks=1)
    assert not decision.promote
    assert any(reason in each for each in decision.reasons), decision.reasons
    json.dumps(decision.figures, allow_nan=False)


def test_right_more_often_but_worse_by_macro_f1_is_not_better() -> None:
    few_fakes = np.arange(ROWS) < 100
    finds_some = answers(few_fakes, right=right_but(range(40), range(100, 200)), confidence=0.86)
    always_real = answers(few_fakes, right=~few_fakes, confidence=0.9)
    decision = judge(finds_some, always_real, names(few_fakes), looks=1)
    assert decision.figures["mcnemar"]["p_better"] < 0.001
    assert not decision.promote
    assert [reason[:37] for reason in decision.reasons] == ["not shown to have a higher macro-F1: "]


def test_too_few_rows_decide_nothing() -> None:
    champion, challenger = (PairedScores(scores.p_fake[:199], 1.0) for scores in (CHAMPION, model()))
    decision = judge(champion, challenger, LABELS[:199], looks=1)
    assert decision.reasons == ("there are 199 judging rows, fewer than 200",)
    assert judge(champion, challenger, LABELS[:199], looks=1, min_rows=199, max_ece=0.2).promote


def test_rows_of_one_label_decide_nothing() -> None:
    champion, challenger = (PairedScores(scores.p_fake[ACTUAL_FAKE], 1.0) for scores in (CHAMPION, BETTER))
    decision = judge(champion, challenger, ["fake"] * 500, looks=1)
    assert "the judging rows do not have both labels" in decision.reasons


def test_a_champion_without_numbers_is_wrong_there() -> None:
    broken = replace(CHAMPION, p_fake=np.full(ROWS, np.nan))
    decision = judge(broken, BETTER, LABELS, looks=1)
    assert decision.promote
    assert decision.figures["champion"]["accuracy"] == 0.0
    assert decision.figures["champion"]["without_number"] == ROWS
    assert decision.figures["champion"]["ece"] is None


def test_worse_calibration_is_forgiven_where_the_champion_has_it_too() -> None:
    unsure = model(range(100), confidence=0.7)
    assert judge(unsure, model(range(40), confidence=0.78), LABELS, looks=1).promote


@pytest.mark.parametrize(
    ("scores", "labels", "settings", "reason"),
    [
        (CHAMPION, LABELS[1:], {}, "same number of rows"),
        (PairedScores(np.array([]), 1.0), (), {}, "no judging rows"),
        (CHAMPION, LABELS, {"looks": 0}, "looks are counted from 1"),
        (CHAMPION, LABELS, {"level": 1.0}, "the level is 1.0"),
        (replace(CHAMPION, texts_per_second=math.nan), LABELS, {}, "a speed is a positive number"),
    ],
)
def test_calls_without_sense_are_refused(
    scores: PairedScores, labels: tuple[str, ...], settings: dict[str, float], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        judge(scores, scores, labels, **{"looks": 1, **settings})  # type: ignore[arg-type]


# The level


def test_all_looks_together_spend_the_level_and_no_more() -> None:
    spent = [level_of_look(0.05, look=look) for look in range(1, 5000)]
    assert spent[:3] == pytest.approx([0.025, 0.05 / 6, 0.05 / 12])
    assert 0.0499 < sum(spent) < 0.05


def test_a_later_look_asks_for_more() -> None:
    challenger = model(range(15), range(100, 145), confidence=0.94)
    first, later = (judge(CHAMPION, challenger, LABELS, looks=looks) for looks in (1, 20))
    assert first.figures["mcnemar"] == later.figures["mcnemar"]
    assert first.figures["mcnemar"]["p_better"] == pytest.approx(2.86e-4, rel=0.01)
    assert (first.promote, later.promote) == (True, False)


def test_another_seed_is_promoted_no_more_often_than_the_level_says() -> None:
    assert count_promotions(simulated(TWO_SEEDS, rows=ROWS, decisions=200, seed=1)) <= 0.05 * 200


def test_a_challenger_five_points_better_is_promoted_nine_times_of_ten() -> None:
    better = Pair(accuracy=TWO_SEEDS.accuracy - 0.05, apart=TWO_SEEDS.apart, gain=0.05)
    assert count_promotions(simulated(better, rows=ROWS, decisions=200, seed=2)) >= 0.9 * 200


# The two tests


@pytest.mark.parametrize(
    ("only_champion", "only_challenger", "p_two_sided", "p_better"),
    [(0, 0, 1.0, 1.0), (5, 5, 1.0, 638 / 1024), (1, 9, 22 / 1024, 11 / 1024), (9, 1, 22 / 1024, 1023 / 1024)],
)
def test_mcnemars_exact_test(only_champion: int, only_challenger: int, p_two_sided: float, p_better: float) -> None:
    tested = mcnemar(Outcomes(np.array([[[3, 0], [only_champion, 7]], [[2, only_challenger], [0, 30]]])))
    assert (tested.only_champion, tested.only_challenger) == (only_champion, only_challenger)
    assert (tested.p_two_sided, tested.p_better) == (p_two_sided, p_better)


def test_mcnemar_on_very_many_rows() -> None:
    tested = mcnemar(Outcomes(np.array([[[0, 0], [10_000, 0]], [[0, 10_200], [0, 0]]])))
    # The normal approximation with a continuity correction.
    assert tested.p_better == pytest.approx(0.5 * math.erfc(199 / math.sqrt(20_200) / math.sqrt(2)), rel=1e-2)


@given(cells)
def test_macro_f1_is_that_of_the_rows(counts: list[int]) -> None:
    if not sum(counts):
        return
    outcomes = Outcomes(np.array(counts).reshape(2, 2, 2))
    actual, champion, challenger = (
        np.repeat([cell >> bit & 1 for cell in range(8)], counts).astype(bool) for bit in (2, 1, 0)
    )
    again = Outcomes.of(actual_fake=actual, champion_correct=champion, challenger_correct=challenger)
    np.testing.assert_array_equal(again.counts, outcomes.counts)
    for right, given_f1 in ((champion, outcomes.macro_f1_champion), (challenger, outcomes.macro_f1_challenger)):
        predicted = actual == right
        f1 = []
        for label in (True, False):
            both = int(np.sum((actual == label) & (predicted == label)))
            total = int(np.sum(actual == label) + np.sum(predicted == label))
            f1.append(2 * both / total if total else 0.0)
        assert given_f1 == pytest.approx(sum(f1) / 2)


def test_the_bootstrap_is_that_of_resampled_rows() -> None:
    outcomes = Outcomes(np.array([[[20, 15], [10, 155]], [[25, 30], [5, 140]]]))
    actual, champion, challenger = (
        np.repeat([cell >> bit & 1 for cell in range(8)], outcomes.counts.reshape(8)).astype(bool) for bit in (2, 1, 0)
    )
    random = np.random.default_rng(5)
    differences = []
    for _ in range(4_000):
        rows = random.integers(len(actual), size=len(actual))
        drawn = Outcomes.of(
            actual_fake=actual[rows], champion_correct=champion[rows], challenger_correct=challenger[rows]
        )
        differences.append(drawn.macro_f1_challenger - drawn.macro_f1_champion)
    interval = bootstrap_macro_f1(outcomes, level=0.025, seed=0)
    assert [interval.low, interval.high] == pytest.approx(np.quantile(differences, [0.025, 0.975]), abs=4e-3)


def test_a_lower_level_takes_more_resamples() -> None:
    outcomes = Outcomes(np.array([[[20, 15], [10, 155]], [[25, 30], [5, 140]]]))
    assert bootstrap_macro_f1(outcomes, level=0.025, seed=0).resamples == 2_000
    careful = bootstrap_macro_f1(outcomes, level=1e-4, seed=0)
    assert careful.resamples == 200_000
    assert careful.low < bootstrap_macro_f1(outcomes, level=0.025, seed=0).low
