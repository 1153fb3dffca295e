"""Ctrl-C when a file is stored: what is said then is true, and the file stays."""

from __future__ import annotations

from pathlib import Path
from typing import Never

import pytest
from click.testing import CliRunner, Result

from newsgate.main import newsgate

_LINE = "stopped: batch 1 is stored; `newsgate status 1` shows how far it is"


@pytest.fixture
def file(tmp_path: Path) -> str:
    made = tmp_path / "posts.csv"
    made.write_text("text\nthe bridge reopened\nthe moon was sold\n")
    return str(made)


def _ctrl_c(*_: object, **__: object) -> Never:
    raise KeyboardInterrupt


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(newsgate, list(arguments))


@pytest.mark.parametrize(
    "late",
    [
        "newsgate.console.enqueue_files.print_enqueue_summary",
        "newsgate.console.wait_for_batch.wait_for_batch",
        "newsgate.tasks.enqueueing.enqueue.replace",
    ],
)
def test_a_file_that_is_stored_is_not_called_lost(file: str, late: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late, _ctrl_c)
    stopped = _run("enqueue", "--wait", file)
    assert stopped.exit_code == 1
    assert [line for line in stopped.stderr.splitlines() if "stopped" in line] == [_LINE]
    assert " 2 " in _run("status", "1").stdout


def test_classify_says_it_too(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsgate.tasks.running.local_system.is_up", lambda _: True)
    monkeypatch.setattr("newsgate.console.wait_for_batch.wait_for_batch", _ctrl_c)
    stopped = _run("classify", file)
    assert stopped.exit_code == 1
    assert [line for line in stopped.stderr.splitlines() if "stopped" in line] == [_LINE]


def test_of_several_files_the_wait_alone_is_stopped(file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "more.csv"
    other.write_text("text\nthe council met\n")
    monkeypatch.setattr("newsgate.console.wait_for_batch.wait_for_batch", _ctrl_c)
    stopped = _run("enqueue", "--wait", file, str(other))
    assert stopped.exit_code == 1
    assert "stopped: what could be read is stored; `newsgate status` shows how far it is" in stopped.stderr


def test_ctrl_c_before_anything_is_stored_still_says_so(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsgate.tasks.enqueueing.enqueue.find_start", _ctrl_c)
    assert "stopped: nothing was stored" in _run("enqueue", file).stderr.splitlines()
