"""Standard input, output and error as every program expects them: open, and with a place for every character."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
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


def write_every_character() -> None:
    """Let standard output take every character, whatever the locale or PYTHONIOENCODING says of its encoding.

    A pipe and a file are written in UTF-8, as what `-o` names. A terminal may know no UTF-8, and shows `?` for what it
    has not.
    """
    if not isinstance(sys.stdout, TextIOWrapper):
        return
    if sys.stdout.isatty():
        sys.stdout.reconfigure(errors="replace")
    else:
        sys.stdout.reconfigure(encoding="utf-8")


def _opened(number: int, mode: str) -> TextIO:
    return open(number, mode, encoding="utf-8", errors="replace", closefd=False)  # type: ignore[return-value]
