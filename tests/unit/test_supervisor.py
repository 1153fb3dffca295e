"""The supervisor keeps a program running, and lets none survive it."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest

from newsgate.worker.supervisor import Supervisor
from tests.services import wait_until

_SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.mark.parametrize("attempt", range(5))
def test_stopping_at_once_leaves_nothing_behind(attempt: int) -> None:
    supervisor = Supervisor("sleeper", _SLEEPER)
    supervisor.start()
    supervisor.stop(patience_seconds=5)
    assert supervisor.pid is None
    assert not any(child.cmdline() == _SLEEPER for child in psutil.Process().children())


def test_a_killed_program_is_started_again() -> None:
    supervisor = Supervisor("sleeper", _SLEEPER)
    supervisor.start()
    wait_until(lambda: supervisor.pid is not None, what="it runs")
    first = supervisor.pid
    assert first is not None
    psutil.Process(first).kill()
    wait_until(lambda: supervisor.pid not in (None, first), what="it runs again")
    assert supervisor.early_deaths == 0
    supervisor.stop(patience_seconds=5)


def test_a_program_that_cannot_start_is_counted_and_its_output_kept(tmp_path: Path) -> None:
    log = tmp_path / "log"
    supervisor = Supervisor("broken", [sys.executable, "-c", "print('why'); raise SystemExit(3)"], output=log)
    supervisor.start()
    wait_until(lambda: supervisor.early_deaths >= 2, what="it died twice")
    supervisor.stop(patience_seconds=5)
    assert log.read_text().splitlines()[:2] == ["why", "why"]


def test_a_program_that_cannot_be_made_is_counted_and_tried_again(tmp_path: Path) -> None:
    log = tmp_path / "missing" / "log"
    supervisor = Supervisor("sleeper", _SLEEPER, output=log)
    supervisor.start()
    wait_until(lambda: supervisor.early_deaths >= 2, what="its log could not be opened twice")
    log.parent.mkdir()
    wait_until(lambda: supervisor.pid is not None, what="it runs")
    supervisor.stop(patience_seconds=5)
    assert supervisor.pid is None
