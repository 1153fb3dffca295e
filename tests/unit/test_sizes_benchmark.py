"""The benchmark of long files and short ones: its texts, its ratios, and its table."""

from __future__ import annotations

from itertools import islice

from benchmarks.processes import Cost
from benchmarks.sizes import COMPARED_ROWS, WORLDS, Sized, _numbered, report

WORLD, OTHER = WORLDS


def sized(rows: int, seconds: float, *, world: str = WORLD) -> Sized:
    return Sized(world, Cost(rows, seconds, cpu_seconds=rows / 10_000), database_bytes=300 * rows)


def test_texts_are_not_repeated_though_their_words_are() -> None:
    texts = list(islice(_numbered(["a b", "c"], "sized"), 5))
    assert texts == ["a b sized0", "c sized1", "a b sized2", "c sized3", "a b sized4"]


def test_a_size_is_compared_with_the_mean_of_first_and_last() -> None:
    told = report([sized(COMPARED_ROWS, 4.0), sized(1_000_000, 55.0), sized(COMPARED_ROWS, 6.0)])
    assert "| 1 000 000 | 55.0 | 55.0 | 0.100 | 300 | 1.10 |" in told
    assert "| 100 000 | 4.0 | 40.0 | 0.100 | 300 | 0.80 |" in told


def test_each_database_has_a_table_of_its_own() -> None:
    told = report([sized(COMPARED_ROWS, 4.0), sized(COMPARED_ROWS, 8.0, world=OTHER)])
    assert told.count("seconds a million rows") == 2
    assert told.index(WORLD) < told.index(OTHER)
    assert told.count("| 1.00 |") == 2
