"""The benchmarks of long files and short ones, and of a worker's stages: texts, ratios, and tables."""

from __future__ import annotations

from itertools import islice

import pytest

from benchmarks.pipeline import stages
from benchmarks.scale.sizes import COMPARED_ROWS, WORLDS, Sized, _numbered, report
from benchmarks.shared.processes import BenchmarkError, Cost
from newsgate.worker.stage_times import STAGES, StageSeconds

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


def test_what_workers_tell_is_put_together_by_their_texts() -> None:
    lines = [
        f"2026-11-27 INFO newsgate.worker: {StageSeconds(1, texts, 9.0, dict.fromkeys(STAGES, seconds))}\n"
        for texts, seconds in ((1000, 0.004), (3000, 0.024))
    ]
    assert stages.stages_of("ready\n" + "".join(lines)) == dict.fromkeys(STAGES, 7.0)
    with pytest.raises(BenchmarkError, match="told nothing"):
        stages.stages_of("ready\n")


def test_the_table_of_stages_has_their_sum() -> None:
    told = stages.report({WORLD: dict.fromkeys(STAGES, 2.5)}, {"tokens": 4.0})
    assert f"| {WORLD} | 2.5 | 2.5 | 2.5 | 2.5 | 10.0 |" in told
    assert "tokens 4.0." in told
    assert "all of it 9.0." in stages.report({WORLD: dict.fromkeys(STAGES, 2.5)}, {"tokens": 4.0}, {"all of it": 9.0})
