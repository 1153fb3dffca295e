"""`newsgate pause`, `resume`, `priority`, and several batches at once, as a person types them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from newsgate.console.wait_for_batch import PauseNote
from newsgate.db.batch_status import batch_status
from newsgate.db.schema import migrate
from newsgate.db.session import Database
from newsgate.enqueue import enqueue
from newsgate.main import newsgate
from tests.desk import Desk


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A home of a person, with two batches that wait and one that is done."""
    home = tmp_path / "home"
    monkeypatch.setenv("NEWSGATE_HOME", str(home))
    database = Database(f"sqlite:///{home / 'newsgate.db'}")
    migrate(database)
    made = Desk(database, tmp_path, home=home)
    made.enqueue(12)
    made.enqueue(25, seed=1)
    made.finish(made.enqueue(5, seed=2))
    yield made
    made.assert_sound()
    database.close()


def _run(*arguments: str, code: int = 0) -> Result:
    done = CliRunner().invoke(newsgate, list(arguments))
    assert done.exit_code == code, done.output
    return done


def _state(desk: Desk, batch: int) -> str:
    with desk.database.read() as connection:
        return batch_status(connection, batch).state


def test_a_pause_is_told_shown_and_taken_back(desk: Desk) -> None:
    assert _run("pause", "1").stderr == "batch 1 is paused: `newsgate resume 1` goes on\n"
    assert _run("pause", "1").stderr == "batch 1 was paused already\n"
    assert _run("pause", "3").stderr == "batch 3 was done already\n"
    shown = json.loads(_run("status", "1", "--json").stdout)
    assert (shown["state"], shown["priority"]) == ("paused", 10)
    table = _run("status", "1")
    assert "paused" in table.stdout
    assert "paused: `newsgate resume 1` goes on\n" in table.stderr
    desk.assert_sound()
    assert _run("resume", "1").stderr == "batch 1 goes on\n"
    assert _run("resume", "1").stderr == "batch 1 is queued and was not paused\n"


def test_a_paused_batch_is_seen_while_everything_is_watched(desk: Desk) -> None:
    from newsgate.tasks.inspecting.system_state import look

    _run("pause", "1")
    state = look(desk.database, desk.settings)
    assert [(run.batch, run.state) for run in state.runs] == [(1, "paused"), (2, "queued")]
    # What is paused does not wait for a worker.
    assert state.waiting.count == 3


def test_who_waits_for_a_batch_is_told_once_that_it_is_paused(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    note = PauseNote()

    def observe() -> str:
        with desk.database.read() as connection:
            note.observe(batch_status(connection, 1))
        return capsys.readouterr().err

    assert observe() == ""
    _run("pause", "1")
    assert observe() == "batch 1 is paused: `newsgate resume 1` goes on, and so does this\n"
    assert observe() == ""
    _run("resume", "1")
    assert observe() == ""
    _run("pause", "1")
    assert "is paused" in observe()


def test_a_priority_is_given_at_the_start_or_later(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "urgent.csv"
    file.write_text("text\nwater is wet\n")
    done = CliRunner().invoke(enqueue, ["--priority", "50", str(file)])
    assert done.exit_code == 0, done.output
    assert json.loads(_run("status", "urgent.csv", "--json").stdout)["priority"] == 50
    assert _run("priority", "urgent.csv", "20").stderr == "batch 4 has priority 20, after 50\n"
    assert "priority 20; every batch begins with 10\n" in _run("status", "4").stderr
    assert _run("priority", "3", "20").stderr == "batch 3 was done already\n"
    assert "0 is not in the range" in _run("priority", "1", "0", code=2).stderr


def test_several_batches_are_shown_first_and_changed_with_yes(desk: Desk) -> None:
    shown = _run("pause", "--name", "posts-*").stderr
    assert shown.splitlines() == [
        "batch 1 posts-12-0.csv is queued: 0 of 12 rows have a verdict",
        "batch 2 posts-25-1.csv is queued: 0 of 25 rows have a verdict",
        "nothing is done yet: with --yes, 2 batches would be paused",
    ]
    assert [_state(desk, batch) for batch in (1, 2, 3)] == ["queued", "queued", "done"]
    _run("pause", "--name", "posts-*", "--yes")
    assert [_state(desk, batch) for batch in (1, 2, 3)] == ["paused", "paused", "done"]
    _run("resume", "--state", "paused", "--name", "*-12-*", "--yes")
    assert [_state(desk, batch) for batch in (1, 2)] == ["queued", "paused"]
    assert _run("cancel", "--older-than", "1", "--yes").stderr == "no such batch is there\n"
    _run("cancel", "--state", "paused", "--state", "queued", "--yes")
    assert [_state(desk, batch) for batch in (1, 2, 3)] == ["cancelled", "cancelled", "done"]
    _run("requeue", "--state", "cancelled", "--yes")
    assert [_state(desk, batch) for batch in (1, 2, 3)] == ["running", "running", "done"]
    desk.assert_sound()
    _run("purge", "--state", "done", "--yes")
    assert [_state(desk, batch) for batch in (1, 2, 3)] == ["running", "running", "purged"]
    assert _run("purge", "--state", "done", "--yes").stderr.startswith("no such batch is there\n")


@pytest.mark.parametrize("command", ["pause", "resume", "cancel", "requeue"])
def test_which_batch_is_meant_is_said_once(command: str, desk: Desk) -> None:
    for arguments in ((), ("1", "--name", "*")):
        assert "which batch is meant is not said once" in _run(command, *arguments, code=2).stderr
