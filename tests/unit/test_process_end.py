"""Programs that look for garbage as often as pays, and end without a last look."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_PROGRAM = """
import atexit, gc, sys
from newsgate.foundation.process_end import end_quickly
atexit.register(lambda: print("frozen", gc.get_freeze_count() > 1000))
end_quickly()
atexit.register(lambda: print("closed"))
sys.exit(3)
"""

_ENQUEUE = """
import atexit, gc, sys
from newsgate.main import main
looked = []
gc.callbacks.append(lambda phase, _: looked.append(phase))
atexit.register(lambda: print("looked for garbage", len(looked), "times"))
sys.argv = ["newsgate", "enqueue", "posts.csv"]
main()
"""

_MOST_OBJECTS = 10_000
_LONG_LIVED = """
import gc, os
from newsgate.foundation.process_end import collect_seldom
collect_seldom()
"""
_BEGIN = """
from newsgate.tasks.running.process import begin_program
from newsgate.worker.settings import load_settings
begin_program(load_settings(), name="beat", parent=None)
print(gc.get_threshold()[0])
"""
_UP = """
import newsgate.tasks.running.local_system as system
from newsgate.commands.up import up
def look(*_, **__):
    print(gc.get_threshold()[0], flush=True)
    os._exit(0)
system.LocalSystem = look
up([])
"""


@pytest.mark.parametrize("program", [_BEGIN, _UP], ids=["begin_program", "up"])
def test_a_program_that_runs_for_long_lets_no_garbage_gather(program: str, tmp_path: Path) -> None:
    environment = {**os.environ, "NEWSGATE_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-c", _LONG_LIVED + program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert int(done.stdout) <= _MOST_OBJECTS


def test_nothing_is_looked_through_at_the_end_and_all_else_that_belongs_to_it_is_done() -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, "closed\nfrozen True\n", "")


def test_a_short_command_does_not_look_for_garbage(tmp_path: Path) -> None:
    (tmp_path / "posts.csv").write_text("text\nThe council has voted for a new bridge\n")
    environment = {**os.environ, "NEWSGATE_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-c", _ENQUEUE], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "looked for garbage 0 times"), done.stderr
