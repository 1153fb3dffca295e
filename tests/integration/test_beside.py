"""Today's newsgate beside that of a commit: the other one runs by its own code, in a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.pipeline import beside as module
from benchmarks.pipeline.beside import beside
from benchmarks.pipeline.every_side import BARE_LOOP, CLASSIFIER
from benchmarks.shared.processes import BenchmarkError
from tests.unit.test_pipeline_benchmark import some_work


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TREES", tmp_path / "trees")


def test_a_side_of_a_commit_classifies_by_the_code_of_that_commit(tmp_path: Path) -> None:
    (entry,) = beside("HEAD", [CLASSIFIER, BARE_LOOP])
    (tree,) = (tmp_path / "trees").iterdir()
    assert entry.key == f"classifier@{tree.name[:8]}"
    assert (entry.role, entry.everywhere) == ("peer", True)
    work = some_work(tmp_path, 50)
    (tmp_path / "side").mkdir()
    with entry.open(tmp_path / "side", work) as side:
        assert [side.classify(work).rows for _ in range(2)] == [50, 50]


def test_a_commit_that_is_not_there_is_said() -> None:
    with pytest.raises(BenchmarkError, match="rev-parse"):
        beside("no-such-commit", [CLASSIFIER])


def test_a_side_that_ends_says_what_it_printed(tmp_path: Path) -> None:
    (entry,) = beside("HEAD", [CLASSIFIER])
    work = some_work(tmp_path, 5)
    with entry.open(tmp_path, work) as side:
        work.file.unlink()
        with pytest.raises(BenchmarkError, match="FileNotFoundError"):
            side.classify(work)
