"""The soak of `make soak`, short: steady work and random kills on each kind of database."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_MINUTES = "3"


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("options", [(), ("--servers",)], ids=["sqlite and a private broker", "postgresql and redis"])
def test_no_row_is_lost_or_stands_twice(options: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "benchmarks", "soak", "--minutes", _MINUTES, *options]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
