"""`make test` runs what failed beside others once more, alone: a small set of tests of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_SCRIPT = Path(__file__).parents[2] / ".ci" / "run_failed_alone.py"
_LATE = """
import pathlib
def test_late():
    seen = pathlib.Path("seen")
    was_seen = seen.exists()
    seen.touch()
    assert was_seen
"""


@pytest.mark.parametrize(
    ("tests", "status", "told"),
    [
        (_LATE, 0, "PASSED ALONE"),
        ("def test_wrong(): assert 0", 1, "1 failed"),
        (_LATE + "def test_wrong(): assert 0", 1, "1 failed, 1 passed"),
        ("\n".join(f"def test_{number}(): assert 0" for number in range(4)), 1, ""),
    ],
    ids=["one that was late", "one that is wrong", "both", "more than a few"],
)
def test_only_what_passes_alone_is_forgiven(tests: str, status: int, told: str, tmp_path: Path) -> None:
    (tmp_path / "test_them.py").write_text(tests)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    first = subprocess.run([sys.executable, "-m", "pytest", "-q"], cwd=tmp_path, capture_output=True, check=False)
    again = subprocess.run([sys.executable, _SCRIPT], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (first.returncode, again.returncode) == (1, status)
    assert told in again.stdout
    assert bool(told) == bool(again.stdout)
