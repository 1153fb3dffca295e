"""The edges of a promotion: a limit itself is still allowed, one half is fake, and figures and reasons are exact."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks.retraining.promotion_power import answers, names
from newsgate.training.promotion import Decision, PairedScores, judge, level_of_look

ROWS = 1000
ACTUAL_FAKE = np.arange(ROWS) % 2 == 0
LABELS = names(ACTUAL_FAKE)


def right_but(*wrong: range) -> npt.NDArray[np.bool_]:
    right = np.ones(ROWS, dtype=np.bool_)
    for rows in wrong:
        right[rows] = False
    return right


CHAMPION = answers(ACTUAL_FAKE, right=right_but(range(100)), confidence=0.9)
BETTER = answers(ACTUAL_FAKE, right=right_but(range(10), range(100, 130)), confidence=0.94)


def decide(challenger: PairedScores = BETTER, champion: PairedScores = CHAMPION, **settings: Any) -> Decision:
    return judge(champion, challenger, LABELS[: len(challenger.p_fake)], **{"looks": 1, **settings})


# What is told


def test_every_figure_that_the_decision_rests_on_is_told() -> None:
    champion, challenger = replace(CHAMPION, texts_per_second=900.0), replace(BETTER, texts_per_second=1200.0)
    figures = decide(challenger, champion, looks=2, level=0.06, seed=7).figures
    # Those of the tests are checked where the tests are.
    told = {name: value for name, value in figures.items() if name not in ("mcnemar", "bootstrap")}
    assert told == {
        "rows": ROWS,
        "looks": 2,
        "level": 0.06,
        "level_of_this_look": pytest.approx(0.01),
        "seed": 7,
        "champion": {
            "accuracy": 0.9,
            "macro_f1": pytest.approx(0.9),
            "ece": pytest.approx(0.0, abs=1e-9),
            "without_number": 0,
            "texts_per_second": 900.0,
            "labels": ["fake", "real"],
        },
        "challenger": {
            "accuracy": 0.96,
            "macro_f1": pytest.approx(0.96),
            "ece": pytest.approx(0.02),
            "without_number": 0,
            "texts_per_second": 1200.0,
            "labels": ["fake", "real"],
        },
        "slowdown": 0.75,
        "limits": {"min_rows": 200, "max_slowdown": 1.5, "max_ece": 0.1, "ece_margin": 0.02},
    }
    assert set(figures) == {*told, "mcnemar", "bootstrap"}


def test_the_seed_and_the_level_are_those_of_the_bootstrap() -> None:
    first, again, other = (decide(seed=seed).figures["bootstrap"] for seed in (1, 1, 2))
    assert first == again != other
    assert decide().figures["bootstrap"] == decide(seed=0).figures["bootstrap"]
    assert first["level"] == 0.025


def test_a_challenger_with_every_fault_is_told_each_in_words() -> None:
    champion = PairedScores(np.full(10, 0.9), 3.0)
    challenger = PairedScores(np.array([0.1] * 7 + [np.nan] * 3), 1.0, labels=("fake", "real", "satire"))
    decision = judge(champion, challenger, ["fake"] * 10, looks=1)
    assert decision.reasons == (
        "there are 10 judging rows, fewer than 200",
        "the judging rows do not have both labels",
        "the challenger knows the labels fake, real, satire, the champion fake, real",
        "the challenger gives no finite probability for 3 of 10 texts",
        "not shown to be right more often: McNemar's exact test has p = 1, needed is 0.025",
        "not shown to have a higher macro-F1: the bootstrap interval of the difference begins at -0.5000",
        "the challenger takes 3.00 times as long, more than 1.5",
        "the challenger's calibration error is 0.900, the champion's 0.100",
    )
    assert not decision.promote


def test_a_challenger_that_never_gives_a_number_has_no_calibration() -> None:
    decision = decide(replace(BETTER, p_fake=np.full(ROWS, np.nan)))
    assert decision.figures["challenger"]["ece"] is None
    assert "the challenger's calibration error is nan, the champion's 0.000" in decision.reasons


def test_the_order_in_which_a_model_names_its_labels_means_nothing() -> None:
    assert decide(replace(BETTER, labels=("real", "fake"))).promote


# One half


def test_a_probability_of_one_half_says_fake() -> None:
    # Half of the rows are undecided and fake; the others are a little surer, in the same bin of the calibration error.
    p_fake = np.where(ACTUAL_FAKE, 0.5, 0.52)
    scores = PairedScores(p_fake, 1.0)
    figures = judge(scores, scores, ["fake"] * ROWS, looks=1).figures["challenger"]
    assert figures["accuracy"] == 1.0
    assert figures["ece"] == pytest.approx(1.0 - 0.51)


def test_the_precision_of_the_scores_changes_no_figure() -> None:
    p_fake = np.random.default_rng(0).random(ROWS).astype(np.float32)
    single, double = (replace(CHAMPION, p_fake=p_fake.astype(kind)) for kind in (np.float32, np.float64))
    assert decide(single).figures == decide(double).figures


# The limits


def test_as_many_rows_as_are_asked_for_are_enough() -> None:
    champion, challenger = (
        PairedScores(answers(ACTUAL_FAKE, right=right, confidence=0.95).p_fake[:200], 1.0)
        for right in (right_but(range(30)), right_but(range(0)))
    )
    assert decide(challenger, champion).promote
    assert decide(challenger, champion, min_rows=201).reasons == ("there are 200 judging rows, fewer than 201",)


def test_one_text_without_a_number_is_one_too_many() -> None:
    p_fake = BETTER.p_fake.copy()
    p_fake[500] = -np.inf
    assert decide(replace(BETTER, p_fake=p_fake)).reasons == (
        "the challenger gives no finite probability for 1 of 1000 texts",
    )


def test_a_challenger_may_be_just_as_slow_as_is_allowed() -> None:
    champion = replace(CHAMPION, texts_per_second=3.0)
    assert decide(replace(BETTER, texts_per_second=2.0), champion).promote
    refused = decide(replace(BETTER, texts_per_second=math.nextafter(2.0, 0.0)), champion)
    assert refused.reasons == ("the challenger takes 1.50 times as long, more than 1.5",)


def test_a_probability_just_at_the_level_is_low_enough() -> None:
    little_better = answers(ACTUAL_FAKE, right=right_but(range(75), range(100, 110)), confidence=0.94)
    p_better = decide(little_better).figures["mcnemar"]["p_better"]
    at_the_level = 2 * p_better
    assert level_of_look(at_the_level, look=1) == p_better
    assert decide(little_better, level=at_the_level).promote
    (reason,) = decide(little_better, level=math.nextafter(at_the_level, 0.0)).reasons
    assert reason.startswith("not shown to be right more often")


def test_models_that_answer_alike_are_not_better_by_any_test() -> None:
    decision = decide(CHAMPION)
    assert decision.figures["bootstrap"]["low"] == 0.0
    assert [reason.partition(":")[0] for reason in decision.reasons] == [
        "not shown to be right more often",
        "not shown to have a higher macro-F1",
    ]


def test_a_calibration_error_just_at_a_limit_is_small_enough() -> None:
    figures = decide().figures
    before, now = figures["champion"]["ece"], figures["challenger"]["ece"]
    assert decide(max_ece=now, ece_margin=-1.0).promote
    assert not decide(max_ece=math.nextafter(now, 0.0), ece_margin=-1.0).promote
    margin = now - before
    assert before + margin == now
    assert decide(max_ece=0.0, ece_margin=margin).promote
    assert not decide(max_ece=0.0, ece_margin=margin * 0.999).promote


# Calls without sense


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_a_level_is_between_nothing_and_certainty(level: float) -> None:
    with pytest.raises(ValueError, match=rf"^the level is {level}, not between 0 and 1$"):
        decide(level=level)


@pytest.mark.parametrize("speed", [0.0, -1.0, math.nan])
def test_a_speed_is_positive_for_both_models(speed: float) -> None:
    message = "^a speed is a positive number of texts a second$"
    with pytest.raises(ValueError, match=message):
        decide(replace(BETTER, texts_per_second=speed))
    with pytest.raises(ValueError, match=message):
        decide(champion=replace(CHAMPION, texts_per_second=speed))


def test_both_models_have_answers_to_every_row() -> None:
    shorter = PairedScores(CHAMPION.p_fake[1:], 1.0)
    for champion, challenger in ((shorter, BETTER), (CHAMPION, shorter), (shorter, shorter)):
        with pytest.raises(ValueError, match=r"^the two models and the labels do not have the same number of rows$"):
            judge(champion, challenger, LABELS, looks=1)
    with pytest.raises(ValueError, match=r"^there are no judging rows$"):
        judge(CHAMPION, BETTER, (), looks=1)


def test_looks_are_counted_from_one() -> None:
    assert level_of_look(0.05, look=1) == 0.025
    with pytest.raises(ValueError, match=r"^looks are counted from 1, not 0$"):
        level_of_look(0.05, look=0)
