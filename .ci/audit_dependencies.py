"""Asks whether a locked library has a known hole, where that can be asked; says so where it cannot.

The question needs pip-audit and its service. Neither may be there, and a check that runs everywhere must not depend on
the network: then this prints that it did not run, and succeeds.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from pathlib import Path

_SERVICE = ("pypi.org", 443)
_REACH_SECONDS = 3
_AUDIT_SECONDS = 120
_ROOT = Path(__file__).parents[1]
_LOCK_FILES = ("requirements/run.txt", "requirements/server.txt")


def main() -> int:
    """Run the audit if it can be run; gives the exit code."""
    # Beside this Python first: a virtual environment need not be activated.
    beside = str(Path(sys.executable).parent)
    program = shutil.which("pip-audit", path=beside) or shutil.which("pip-audit")
    if program is None:
        return _did_not_run("pip-audit is not installed")
    try:
        socket.create_connection(_SERVICE, timeout=_REACH_SECONDS).close()
    except OSError as error:
        return _did_not_run(f"{_SERVICE[0]} cannot be reached ({error})")
    files = [part for name in _LOCK_FILES for part in ("-r", str(_ROOT / name))]
    try:
        return subprocess.run(
            [program, "--require-hashes", "--disable-pip", *files], check=False, timeout=_AUDIT_SECONDS
        ).returncode
    except subprocess.TimeoutExpired:
        return _did_not_run(f"no answer within {_AUDIT_SECONDS} s")


def _did_not_run(reason: str) -> int:
    print(f"dependency audit: DID NOT RUN, {reason}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
