"""`newsgate health`: what long-running processes say of themselves, and what is made of their silence."""

from __future__ import annotations

import json
import logging
import os
import socket
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from newsgate.main import newsgate
from newsgate.worker import health
from newsgate.worker.health import Health, HealthFile, Pulse, State, read_health
from newsgate.worker.settings import Settings, load_settings
from tests.services import wait_until

_WELL = State(healthy=True, detail="it comes round")


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(health, "SAY_SECONDS", 0.01)
    return load_settings()


def test_a_process_is_seen_while_it_lives_and_not_after_it(settings: Settings) -> None:
    assert read_health(settings) == []
    with HealthFile(settings, part="worker", look=lambda: _WELL):
        wait_until(lambda: read_health(settings) == [Health("worker", os.getpid(), _WELL)], what="it said how it is")
        done = CliRunner().invoke(newsgate, ["health"])
        assert (done.exit_code, done.output) == (0, f"ok      worker {os.getpid()}: it comes round\n")
    assert read_health(settings) == []
    assert list((settings.home / "health").iterdir()) == []


def test_one_that_does_not_get_on_fails_the_command(settings: Settings) -> None:
    stuck = State(healthy=False, detail="chunks wait, and it has ended none for 200 s")
    with HealthFile(settings, part="worker", look=lambda: stuck), HealthFile(settings, part="web", look=lambda: _WELL):
        wait_until(lambda: [each.state for each in read_health(settings)] == [_WELL, stuck], what="both said it")
        done = CliRunner().invoke(newsgate, ["health"])
        assert done.exit_code == 1
        assert done.stdout.splitlines()[1] == f"FAILED  worker {os.getpid()}: {stuck.detail}"
        told = CliRunner().invoke(newsgate, ["health", "--json"]).stdout.splitlines()
    figures = {"part": "worker", "process": os.getpid(), "healthy": False, "detail": stuck.detail}
    assert json.loads(told[1]) == figures


def test_where_nothing_runs_it_says_so(settings: Settings) -> None:
    done = CliRunner().invoke(newsgate, ["health"])
    told = f"error: {settings.home}: no worker, trainer, schedule or page runs with this home folder. "
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == f"{told}Ask where one runs, with the same NEWSGATE_HOME\n"


def test_one_that_says_nothing_any_more_hangs(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "SAY_SECONDS", 60.0)
    with HealthFile(settings, part="worker", look=lambda: _WELL):
        now = time.monotonic()
        monkeypatch.setattr("newsgate.worker.health.time.monotonic", lambda: now + 61)
        (found,) = read_health(settings)
        assert not found.state.healthy
        assert found.state.detail.startswith("it has said nothing for 6")
        monkeypatch.undo()
        monkeypatch.setattr(health, "SAY_SECONDS", 0.01)


def test_a_look_that_fails_is_a_fault(settings: Settings) -> None:
    def look() -> State:
        raise RuntimeError("two\nlines")

    with HealthFile(settings, part="worker", look=look):
        fault = State(healthy=False, detail="RuntimeError: two lines")
        wait_until(lambda: [each.state for each in read_health(settings)] == [fault], what="it said so")


def test_a_file_that_a_killed_process_left_behind_goes(settings: Settings) -> None:
    folder = settings.home / "health"
    folder.mkdir(parents=True)
    (folder / f"worker.4711@{socket.gethostname()}").write_text('{"said": 1, "healthy": true, "detail": ""}')
    (folder / "worker.4711@elsewhere").write_text("of another host")
    assert read_health(settings) == []
    assert [each.name for each in folder.iterdir()] == ["worker.4711@elsewhere"]


def test_a_process_that_begins_removes_what_killed_ones_left_behind(settings: Settings) -> None:
    folder = settings.home / "health"
    folder.mkdir(parents=True)
    for number in range(3):
        (folder / f"worker.{number}@{socket.gethostname()}").write_text('{"said": 1, "healthy": true, "detail": ""}')
    with HealthFile(settings, part="worker", look=lambda: State(True, "")):
        assert [each.name for each in folder.iterdir()] == [f"worker.{os.getpid()}@{socket.gethostname()}"]


def test_a_process_that_has_just_made_its_file_keeps_it(settings: Settings) -> None:
    folder = settings.home / "health"
    folder.mkdir(parents=True)
    file = folder / f"worker.4711@{socket.gethostname()}"
    file.touch()
    assert read_health(settings) == []
    assert file.exists()


def test_a_process_works_without_a_folder_to_say_it_in(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "home").write_text("a file")
    settings = load_settings(home=tmp_path / "home")
    with caplog.at_level(logging.WARNING), HealthFile(settings, part="worker", look=lambda: _WELL):
        pass
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("`newsgate health` knows nothing of this process: ")


def test_a_loop_that_stands_still_is_a_fault_until_it_comes_round(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("newsgate.worker.health.time.monotonic", lambda: now[0])
    pulse = Pulse(limit_seconds=90)
    now[0] += 90
    assert pulse.state() == _WELL
    now[0] += 10
    assert pulse.state() == State(healthy=False, detail="its loop has not come round for 100 s")
    pulse.beat()
    assert pulse.state() == _WELL
