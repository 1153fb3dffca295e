"""The queue's mix, cells that spreadsheets leave alone, and the figures of agreement."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsgate.tasks.labelling.agreement import measure_agreement
from newsgate.tasks.labelling.review_session import Mix
from newsgate.tasks.labelling.spreadsheet_files import guard_cell, unguard_cell


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.29, 0.3, 0.5, 0.999, 1.0])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_thousand_places_hold_the_random_share_exactly(share: float, seed: int) -> None:
    mix = Mix(share, random.Random(seed))
    assert sum(mix.next_is_random() for _ in range(1000)) == round(1000 * share)


def test_random_places_are_spread_evenly() -> None:
    mix = Mix(0.3, random.Random(7))
    places = [mix.next_is_random() for _ in range(1000)]
    assert {sum(places[start : start + 10]) for start in range(991)} == {3}
    assert {sum(places[start : start + 4]) for start in range(997)} == {1, 2}


def test_many_short_sessions_keep_the_share_too() -> None:
    firsts = [Mix(0.3, random.Random(seed)).next_is_random() for seed in range(2000)]
    assert 0.27 < sum(firsts) / 2000 < 0.33


@given(st.text(alphabet=st.sampled_from("'=+-@\t\r\na \xa0\ufeff")) | st.text())
def test_a_guarded_cell_is_no_formula_and_comes_back_as_it_was(cell: str) -> None:
    guarded = guard_cell(cell)
    assert not guarded.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert not guarded.lstrip(" \t\r\n\xa0\ufeff").startswith(("=", "+", "-", "@"))
    assert unguard_cell(guarded) == cell


@pytest.mark.parametrize("before", ["", "\n", " ", "\r\n", "\t", "  \n ", "\xa0", "\ufeff", "\u3000", "\x0b", "\x1f"])
def test_nothing_that_is_not_seen_hides_a_formula(before: str) -> None:
    for start in "=+-@＝＋－＠":
        cell = f"{before}{start}HYPERLINK(1)"
        assert guard_cell(cell) == f"'{cell}"
        assert unguard_cell(f"'{cell}") == cell


def test_a_harmless_cell_stays_as_it_is() -> None:
    assert guard_cell("'tis a text - with = and + in it") == "'tis a text - with = and + in it"


def test_kappa_is_the_textbooks() -> None:
    # Fifty proposals judged by two readers, as every textbook has them.
    found = measure_agreement({("fake", "fake"): 20, ("fake", "real"): 5, ("real", "fake"): 10, ("real", "real"): 15})
    assert (found.texts, found.same) == (50, 35)
    assert found.kappa == pytest.approx(0.4)


def test_there_is_no_kappa_for_few_texts_or_where_chance_explains_everything() -> None:
    assert measure_agreement({("fake", "fake"): 10, ("real", "real"): 9}).kappa is None
    assert measure_agreement({("fake", "fake"): 40}).kappa is None
    assert measure_agreement({}).texts == 0
    assert measure_agreement({("fake", "fake"): 10, ("real", "real"): 10}).kappa == pytest.approx(1)
