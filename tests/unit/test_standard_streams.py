"""Programs whose standard streams are closed, as `>&-` does it, or have no place for every character."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = "from newsgate.main import main; main()"


def run_closed(closed: str, *args: str, folder: Path) -> subprocess.CompletedProcess[str]:
    shell = shutil.which("sh")
    assert shell is not None
    return subprocess.run(
        [shell, "-c", f'exec "$@" {closed}', "sh", sys.executable, "-c", PROGRAM, *args],
        env={"NEWSGATE_HOME": str(folder), "PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("closed", [">&-", "<&- >&-"])
def test_a_closed_output_takes_nothing_and_is_no_defect(closed: str, tmp_path: Path) -> None:
    done = run_closed(closed, "results", "1", folder=tmp_path)
    assert done.stderr == "error: there is no batch 1. `newsgate status` lists them\n"
    assert done.returncode == 1


def test_with_all_of_them_closed_the_database_is_whole(tmp_path: Path) -> None:
    assert run_closed("<&- >&- 2>&-", "results", "1", folder=tmp_path).returncode == 1
    assert run_closed("<&- >&- 2>&-", "status", folder=tmp_path).returncode == 0
    done = run_closed("", "audit", folder=tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)


_SHOWS = (
    "import sys; from newsgate.foundation.standard_streams import write_every_character; write_every_character();"
    " print('hello wörld 😀')"
)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_pipe_is_written_in_utf8_whatever_the_locale_says(encoding: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SHOWS],
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONPATH": ":".join(filter(None, sys.path))},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "hello wörld 😀\n".encode(), b"")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_shows_what_it_can(encoding: str) -> None:
    above, below = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", _SHOWS],
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONPATH": ":".join(filter(None, sys.path))},
        stdout=below,
        stderr=subprocess.PIPE,
    ) as program:
        _, told = program.communicate(timeout=60)
    os.close(below)
    shown = os.read(above, 100).decode(encoding)
    os.close(above)
    assert (program.returncode, told) == (0, b"")
    assert shown.startswith("hello w")
    assert shown.rstrip().endswith("?")


@pytest.mark.parametrize("command", ["newsgate.main", "newsgate.enqueue"])
def test_every_program_writes_every_character(command: str, tmp_path: Path) -> None:
    program = f"import sys; from {command} import main; sys.argv = ['x', '--no-such-option-😀']; main()"
    check = f"import atexit, sys; atexit.register(lambda: print(sys.stdout.encoding, file=sys.stderr)); {program}"
    done = subprocess.run(
        [sys.executable, "-c", check],
        env={
            "NEWSGATE_HOME": str(tmp_path),
            "PYTHONIOENCODING": "latin-1",
            "PYTHONPATH": ":".join(filter(None, sys.path)),
        },
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == b"utf-8"
