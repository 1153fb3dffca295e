"""Standard input, output and error as every program expects them: open."""

from __future__ import annotations

import os
import sys
from typing import TextIO


def open_missing_streams() -> None:
    """Open those that whoever started this process has closed, as `>&-` does, on nothing.

    Python has None in their place, which nothing can be asked of. And the next file that is opened, the database for
    one, would get the number of standard output or error, and whatever is printed there.
    """
    for number, mode in enumerate((os.O_RDONLY, os.O_WRONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            # The lowest number that is free: those below are open by now.
            os.set_inheritable(os.open(os.devnull, mode), True)
    if sys.stdin is None:
        sys.stdin = _opened(0, "r")
    if sys.stdout is None:
        sys.stdout = _opened(1, "w")
    if sys.stderr is None:
        sys.stderr = _opened(2, "w")


def _opened(number: int, mode: str) -> TextIO:
    return open(number, mode, encoding="utf-8", errors="replace", closefd=False)  # type: ignore[return-value]
