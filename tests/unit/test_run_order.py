"""The order of tests that several processes share: the long ones begin, those of one file in one process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from tests.run_order import longest_first


@dataclass(frozen=True)
class Item:
    """What is looked at of a test."""

    path: Path
    number: int
    is_long: bool

    def get_closest_marker(self, name: str) -> Any:
        return name == "long" and self.is_long


def in_order(items: list[Item], *, processes: int) -> list[Item]:
    return cast("list[Item]", longest_first(cast("list[pytest.Item]", items), processes=processes))


def test_each_process_begins_with_long_ones_and_no_test_is_lost() -> None:
    files = [Path(f"{folder}/test_{name}.py") for folder in ("acceptance", "unit") for name in "abcd"]
    items = [
        Item(file, number, is_long=number < 2 and file.parent.name == "acceptance")
        for file in files
        for number in range(10)
    ]
    ordered = in_order(items, processes=2)
    assert sorted(map(str, ordered)) == sorted(map(str, items))
    for run in (ordered[:40], ordered[40:]):
        long = [item for item in run if item.is_long]
        assert run[: len(long)] == long
        assert len(long) == 4
        assert run[-1].path.parent.name == "unit"
    of_process = [{item.path for item in run if item.is_long} for run in (ordered[:40], ordered[40:])]
    assert of_process[0].isdisjoint(of_process[1])
