"""Programs that outlived their `newsgate up`: a real one, which is suspended and so ends by SIGKILL alone."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from newsgate.worker.orphan_processes import end_left_behind
from newsgate.worker.settings import load_settings
from tests.services import wait_until

_SUSPENDED = """
import os, signal, sys
from newsgate.worker.orphan_processes import register_process
from newsgate.worker.settings import load_settings
# Much memory to give back: the system takes a moment to end it.
held = bytearray(b"x") * 400_000_000
register_process(load_settings(), name="worker")
os.kill(os.getpid(), signal.SIGSTOP)
"""


def test_what_was_killed_is_gone_when_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSGATE_HOME", str(tmp_path))
    settings = load_settings()
    with subprocess.Popen([sys.executable, "-c", _SUSPENDED]) as process:
        wait_until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED, what="it is suspended")
        ended = end_left_behind(settings, patience_seconds=0.1)
        alive = end_left_behind(settings, patience_seconds=0)
        assert process.wait(60) == -signal.SIGKILL
    assert (ended, alive) == ([f"worker (process {process.pid})"], [])
