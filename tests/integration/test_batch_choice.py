"""A batch is named by its number, by the name of its file, or as the latest."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from newsgate.console.batch_choice import NoSuchNameError, SeveralBatchesError, find_batch
from newsgate.db.batches import NewBatch, create_batch
from newsgate.db.model_registry import add_model
from newsgate.db.session import Database
from newsgate.main import newsgate

_READS = ("status", "results", "rejects", "report", "flips")
_CHANGES = ("cancel", "pause", "resume", "requeue", "reclassify", "purge")


def _batches(database: Database, *names: str) -> None:
    with database.write() as connection:
        model = add_model(connection, name="test", bundle=b"not read here", metadata={})
        for name in names:
            create_batch(connection, NewBatch(name, "0" * 64, 1, "{}"), model=model)


def _find(database: Database, name: str, *, changes: bool = False) -> int:
    with database.read() as connection:
        return find_batch(connection, name, changes=changes)


@pytest.mark.parametrize("changes", [False, True])
def test_a_name_a_path_and_latest_name_a_batch(database: Database, *, changes: bool) -> None:
    _batches(database, "small.csv", "Größe 1.csv", "latest", "7")
    assert _find(database, "small.csv", changes=changes) == 1
    assert _find(database, "../data/small.csv", changes=changes) == 1
    assert _find(database, "Größe 1.csv", changes=changes) == 2
    assert _find(database, "latest", changes=changes) == 4


def test_of_several_batches_of_a_name_the_newest_is_read_and_none_is_changed(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    _batches(database, "a.csv", "b.csv", "a.csv")
    assert _find(database, "a.csv") == 3
    told = capsys.readouterr().err
    assert told.startswith("note: 2 batches are called 'a.csv': 3 (")
    assert told.endswith("The newest is taken, 3\n")
    several = r"2 batches are called 'a\.csv': 3 \(.*\), 1 \(.*\)\. Give the number"
    with pytest.raises(SeveralBatchesError, match=several):
        _find(database, "a.csv", changes=True)


def test_a_name_that_no_batch_has_is_told_with_the_nearest(database: Database) -> None:
    for name in ("small.csv", "latest"):
        with pytest.raises(NoSuchNameError, match="no batches yet"):
            _find(database, name)
    _batches(database, "small.csv")
    with pytest.raises(NoSuchNameError, match=r"'smal\.csv'\. Is it 'small\.csv'\? `newsgate status` lists"):
        _find(database, "smal.csv")
    with pytest.raises(NoSuchNameError, match=r"no batch is called .*drop.*`newsgate status` lists"):
        _find(database, "\udcff\x00'; drop")


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(newsgate, arguments)


@pytest.fixture
def two_of_a_name(tmp_path: Path) -> None:
    for number in (1, 2):
        file = tmp_path / str(number) / "small.csv"
        file.parent.mkdir()
        file.write_text(f"text\nthe text of file {number}\n")
        assert _run("enqueue", str(file)).exit_code == 0


@pytest.mark.usefixtures("two_of_a_name")
def test_every_command_takes_a_name_and_those_that_change_a_batch_ask_which(tmp_path: Path) -> None:
    for command in _READS:
        done = _run(command, "small.csv")
        assert "The newest is taken, 2" in done.stderr, command
        assert (done.exit_code, "batch 2" in done.output) in {(0, True), (0, False), (1, True)}, command
    for command in _CHANGES:
        done = _run(command, "small.csv")
        assert (done.exit_code, done.stdout) == (2, ""), command
        assert "2 batches are called 'small.csv'" in done.stderr
    assert "The newest is taken, 2" in _run("explain", "--batch", "small.csv", "--row", "2").stderr
    assert _run("label", "--batch", "small.csv", "--row", "2", "fake").exit_code == 2
    assert _run("labels", "undo", "--batch", "small.csv", "--row", "2").exit_code == 2
    queue = _run("review", "--batch", "small.csv", "--export", str(tmp_path / "queue.csv"))
    assert "The newest is taken, 2" in queue.stderr
    assert _run("purge", "1", "--yes").exit_code == 0
    assert "The newest" not in _run("status", "small.csv").stderr
    assert _run("cancel", "latest").exit_code == 0
    assert "batch 2 is cancelled" in _run("results", "latest").stderr


@pytest.mark.usefixtures("two_of_a_name")
def test_a_shell_completes_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_WORDS", "newsgate results sm")
    monkeypatch.setenv("COMP_CWORD", "2")
    done = CliRunner().invoke(newsgate, [], prog_name="newsgate", env={"_NEWSGATE_COMPLETE": "bash_complete"})
    assert done.stdout == "plain,small.csv\n"
