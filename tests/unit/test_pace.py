"""When a worker takes the next chunk ahead."""

from __future__ import annotations

from newsgate.tasks.classifying.pace import Pace


def _pace(loading: list[float], classifying: list[float]) -> Pace:
    pace = Pace()
    for seconds in loading:
        pace.note_loading(seconds)
    for seconds in classifying:
        pace.note_classifying(seconds)
    return pace


def test_a_way_that_is_long_beside_classifying_pays() -> None:
    assert _pace([0.06], [0.08]).pays()
    assert not _pace([0.004], [0.08]).pays()


def test_nothing_is_taken_ahead_before_anything_is_known() -> None:
    assert not _pace([], []).pays()
    assert not _pace([0.06], []).pays()


def test_one_that_waited_for_a_core_or_had_few_rows_decides_nothing() -> None:
    assert not _pace([0.004, 0.3, 0.2], [0.08, 0.002]).pays()


def test_it_forgets() -> None:
    assert _pace([0.004] + [0.06] * 8, [0.08]).pays()
    assert not _pace([0.06] + [0.004] * 8, [0.08]).pays()
