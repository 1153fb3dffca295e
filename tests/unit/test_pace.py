"""When a worker takes chunks ahead, and how many."""

from __future__ import annotations

import pytest

from newsgate.tasks.classifying.pace import MOST_AHEAD, Pace

_LEASE_SECONDS = 300.0


def _pace(loading: list[float], classifying: list[float]) -> Pace:
    pace = Pace()
    for seconds in loading:
        pace.note_loading(seconds)
    for seconds in classifying:
        pace.note_classifying(seconds)
    return pace


def _ahead(loading: list[float], classifying: list[float], *, lease_seconds: float = _LEASE_SECONDS) -> int:
    return _pace(loading, classifying).chunks_ahead(lease_seconds=lease_seconds)


def test_a_way_that_is_long_beside_classifying_pays() -> None:
    assert _ahead([0.06], [0.08]) > 0
    assert _ahead([0.004], [0.08]) == 0


def test_nothing_is_taken_ahead_before_anything_is_known() -> None:
    assert _ahead([], []) == 0
    assert _ahead([0.06], []) == 0


def test_one_that_waited_for_a_core_or_had_few_rows_decides_nothing() -> None:
    assert _ahead([0.004, 0.3, 0.2], [0.08, 0.002]) == 0


def test_it_forgets() -> None:
    assert _ahead([0.004] + [0.06] * 8, [0.08]) > 0
    assert _ahead([0.06] + [0.004] * 8, [0.08]) == 0


@pytest.mark.parametrize(
    ("loading", "classifying", "ahead"), [(0.01, 0.04, 1), (0.03, 0.04, 1), (0.05, 0.04, 2), (0.1, 0.04, 3)]
)
def test_as_many_are_ahead_as_are_classified_while_one_is_loaded(
    loading: float, classifying: float, ahead: int
) -> None:
    assert _ahead([loading], [classifying]) == ahead


@pytest.mark.parametrize("classifying", [0.001, 0.0])
def test_however_far_it_is_only_so_many_are_ahead(classifying: float) -> None:
    assert _ahead([5.0], [classifying]) == MOST_AHEAD


def test_one_that_took_long_does_not_make_the_others_few() -> None:
    assert _ahead([0.1], [0.04, 0.04, 0.04, 0.3]) == 3


def test_what_is_ahead_begins_long_before_its_lease_is_over() -> None:
    assert _ahead([30.0], [10.0], lease_seconds=60.0) == 3
    assert _ahead([30.0], [10.0], lease_seconds=20.0) == 1
    assert _ahead([30.0], [10.0], lease_seconds=15.0) == 0
