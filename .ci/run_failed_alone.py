"""Runs the few tests that failed beside others once more, one after another, and names those that pass alone.

Thousands of tests start real programs and kill them, several at a time: on a busy machine one may wait in vain. A fault
fails alone too. Who passes alone is named at the end, so that it is not forgotten; more than a few are no chance.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

_FAILED: Final = Path(".pytest_cache/v/cache/lastfailed")
_MOST: Final = 3


def main() -> int:
    """Return 0 where all of them pass alone."""
    try:
        failed = list(json.loads(_FAILED.read_text()))
    except FileNotFoundError:
        failed = []
    if not 0 < len(failed) <= _MOST:
        return 1
    print(f"\n{len(failed)} failed beside others: once more, alone", flush=True)
    alone = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *failed], check=False
    )
    if alone.returncode == 0:
        print("PASSED ALONE, so not counted as a failure; each waits for something that a busy machine is late with:")
        print(*failed, sep="\n", flush=True)
    return alone.returncode


if __name__ == "__main__":
    sys.exit(main())
