"""Programs that are started with standard streams closed, as `>&-` does it."""

from __future__ import annotations

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
