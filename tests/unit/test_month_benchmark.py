"""When a figure of a benchmark of a month counts as grown."""

from __future__ import annotations

import pytest

from benchmarks.faults.month_figures import Figure, grown


@pytest.mark.parametrize(("later", "is_grown"), [(100, False), (119, False), (130, False), (131, True)])
def test_a_figure_may_grow_by_its_share_and_something_more(later: float, is_grown: bool) -> None:
    assert Figure(100, (1.2, 10)).has_grown_to(Figure(later, (1.2, 10))) == is_grown


def test_what_is_kept_for_good_may_grow_as_it_likes() -> None:
    assert not Figure(1).has_grown_to(Figure(1e9))


def test_what_has_grown_is_named_with_both_figures() -> None:
    earlier = {"worker: open files": Figure(17, (1, 6)), "rows: labels": Figure(1), "gone": Figure(1, (1, 0))}
    later = {"worker: open files": Figure(24, (1, 6)), "rows: labels": Figure(999), "new": Figure(1, (1, 0))}
    assert grown(earlier, later) == ["worker: open files from 17 to 24"]
