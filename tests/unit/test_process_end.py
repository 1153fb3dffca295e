"""Programs that end without a last look for garbage."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import atexit, gc, sys
from newsgate.foundation.process_end import end_quickly
atexit.register(lambda: print("frozen", gc.get_freeze_count() > 1000))
end_quickly()
atexit.register(lambda: print("closed"))
sys.exit(3)
"""


def test_nothing_is_looked_through_at_the_end_and_all_else_that_belongs_to_it_is_done() -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, "closed\nfrozen True\n", "")
