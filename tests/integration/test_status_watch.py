"""`newsgate status --watch`: plain lines in a pipe, a view on a terminal, and a terminal that is whole afterwards."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from newsgate.db.session import Database
from newsgate.main import newsgate
from newsgate.tasks.inspecting.system_state import look
from tests.desk import Desk

_BIN = Path(sys.executable).parent
# On a machine that has other things to do a program may begin late.
_WHOLE_SECONDS = 100


def test_what_is_under_way_waits_and_is_over_is_seen(desk: Desk) -> None:
    batch, other = desk.enqueue(30), desk.enqueue(12, seed=1)
    desk.finish(batch, only=desk.waiting(batch)[:1])
    state = look(desk.database, desk.settings)
    assert [(run.batch, run.total, run.done, run.state) for run in state.runs] == [
        (batch, 30, 10, "running"),
        (other, 12, 0, "queued"),
    ]
    assert (state.waiting.count, state.champion) == (4, 1)
    assert state.oldest_waiting_seconds is not None
    assert state.next_retraining > state.at
    desk.finish(batch)
    assert [run.batch for run in look(desk.database, desk.settings).runs] == [other]
    run = state.runs[0].run
    assert [each.is_over for each in look(desk.database, desk.settings, also=[run]).runs] == [True, False]
    assert [each.batch for each in look(desk.database, desk.settings, batch=other, also=[run]).runs] == [other]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder with a batch that waits for a worker."""
    file = tmp_path / "posts.csv"
    file.write_text("text\none text\nanother text\n")
    assert CliRunner().invoke(newsgate, ["enqueue", str(file)]).exit_code == 0
    return tmp_path / "home"


@pytest.mark.usefixtures("home")
def test_a_batch_is_watched_until_it_is_over() -> None:
    assert CliRunner().invoke(newsgate, ["cancel", "1"]).exit_code == 0
    done = CliRunner().invoke(newsgate, ["status", "1", "--watch"])
    assert done.exit_code == 0, done.output
    batch, system = done.stdout.splitlines()
    assert batch.endswith("batch 1 posts.csv, model 1: 0 of 2 (0%), 0 failed, cancelled")
    assert "workers: 0 live" in system
    figures = json.loads(CliRunner().invoke(newsgate, ["status", "1", "--watch", "--json"]).stdout)
    assert [each["state"] for each in figures["batches"]] == ["cancelled"]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--drift"], 2, "--watch does not show --drift"),
        (["1", "--max-error", "0.1"], 2, "--watch does not show --max-error"),
        (["--every", "0"], 2, "0"),
        (["7"], 1, "error: there is no batch 7"),
    ],
)
@pytest.mark.usefixtures("home")
def test_what_cannot_be_watched_is_told(arguments: list[str], code: int, told: str) -> None:
    done = CliRunner().invoke(newsgate, ["status", "--watch", *arguments])
    assert done.exit_code == code
    assert told in done.stderr


@contextmanager
def _watching(**environment: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """`status --watch` on a terminal of its own, which Ctrl-C is typed into."""
    ours, theirs = pty.openpty()

    def take_terminal() -> None:
        os.setsid()
        os.close(os.open(os.ttyname(theirs), os.O_RDWR))

    process = subprocess.Popen(
        [str(_BIN / "newsgate"), "status", "--watch", "--every", "0.2"],
        env={**os.environ, "TERM": "xterm", "COLUMNS": "", "LINES": "", **environment},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        preexec_fn=take_terminal,
    )
    try:
        yield process, ours
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(theirs)


def _read_until(ours: int, word: bytes, *, times: int) -> bytes:
    seen = b""
    deadline = time.monotonic() + _WHOLE_SECONDS
    while seen.count(word) < times:
        assert time.monotonic() < deadline, seen.decode()
        seen += os.read(ours, 65536)
    return seen


@pytest.mark.usefixtures("home")
def test_a_terminal_shows_a_view_until_ctrl_c_and_is_as_it_was() -> None:
    with _watching(NO_COLOR="") as (process, ours):
        before = termios.tcgetattr(ours)
        seen = _read_until(ours, b"newsgate at ", times=3)
        assert b"posts.csv" in seen
        assert b"0 of 2" in seen
        assert b"\x1b[32m" in seen
        # Each view but the first takes the place of the one before.
        assert seen.count(b"A") >= 2
        os.write(ours, b"\x03")
        assert process.wait(_WHOLE_SECONDS) == 0
        last = os.read(ours, 65536)
        assert last.endswith(b"\r\x1b[K")
        assert b"Traceback" not in last
        assert termios.tcgetattr(ours) == before
        # No other screen, no hidden cursor: nothing to put back.
        assert b"\x1b[?" not in seen + last


@pytest.mark.usefixtures("home")
def test_a_terminal_without_colours_gets_none_and_one_that_cannot_redraw_gets_lines() -> None:
    with _watching(NO_COLOR="1") as (_, ours):
        seen = _read_until(ours, b"newsgate at ", times=2)
        assert b"\x1b[A" not in seen
        assert not any(code in seen for code in (b"\x1b[32m", b"\x1b[0m", b"\x1b[2m", b"\x1b[1m"))
    with _watching(TERM="dumb") as (_, ours):
        seen = _read_until(ours, b"retraining: due", times=2)
        assert b"\x1b" not in seen


@pytest.mark.usefixtures("home")
def test_a_pipe_gets_lines_as_they_come_and_a_signal_ends_them() -> None:
    command = [str(_BIN / "newsgate"), "status", "--watch", "--every", "0.2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines = [process.stdout.readline() for _ in range(4)]
        process.send_signal(signal.SIGINT)
        assert process.wait(_WHOLE_SECONDS) == 0
        assert process.stderr.read() == b""
    assert b"batch 1 posts.csv, model 1: 0 of 2 (0%), 0 failed, waits" in lines[0]
    assert b"workers: 0 live" in lines[3]


def test_a_database_that_is_away_for_a_while_is_told_and_asked_again(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from newsgate.db.errors import DatabaseUnavailableError
    from newsgate.tasks.inspecting import system_state

    real, looks = system_state.look, 0

    def look_in_vain(database: Database, *arguments: object, **named: object) -> object:
        nonlocal looks
        looks += 1
        if looks == 2:
            raise DatabaseUnavailableError("gone")
        if looks == 4:
            raise KeyboardInterrupt
        return real(database, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(system_state, "look", look_in_vain)
    done = CliRunner().invoke(newsgate, ["status", "--watch", "--every", "0.1"])
    assert (done.exit_code, looks) == (0, 4)
    assert done.stderr == "warning: gone; it is asked again\n"
    assert len(done.stdout.splitlines()) == 4
