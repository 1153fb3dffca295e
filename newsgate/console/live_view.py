"""Lines that are redrawn in place on a terminal, and printed one after the other anywhere else.

Nothing of the terminal is changed: no other screen, no hidden cursor, no raw mode. So nothing has to be put back,
however the program ends.
"""

from __future__ import annotations

import os
import shutil
import sys
import unicodedata
from collections.abc import Sequence

import click

_WIDE = ("W", "F")


class LiveView:
    """A few lines on standard output; each `show` takes the place of the one before."""

    def __init__(self) -> None:
        self._drawn = 0

    def show(self, lines: Sequence[str]) -> None:
        """Draw the lines, as many and as much of each as the terminal has room for."""
        size = shutil.get_terminal_size()
        shown = [cut(line, cells=size.columns - 1) for line in lines[: size.lines - 1]]
        up = f"\x1b[{self._drawn}A" if self._drawn else ""
        drawn = "".join(f"{line}\x1b[K\n" for line in shown)
        # In one piece, or a terminal would show half of it.
        click.echo(f"\r{up}{drawn}\x1b[J", nl=False, color=True)
        self._drawn = len(shown)

    def end(self) -> None:
        """Wipe what the terminal itself may have written below, such as ^C; the last lines stay."""
        if self._drawn:
            click.echo("\r\x1b[K", nl=False, color=True)


def can_redraw() -> bool:
    """Whether standard output is a terminal that can move its cursor."""
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def has_colours() -> bool:
    """Whether the person wants colours: https://no-color.org."""
    return not os.environ.get("NO_COLOR")


def cut(line: str, *, cells: int) -> str:
    """The beginning of a line that fits into so many cells of a terminal; what colours it takes none."""
    used, place = 0, 0
    while place < len(line):
        if line[place] == "\x1b":
            place = line.index("m", place) + 1
            continue
        used += cells_of(line[place])
        if used > cells:
            # Whatever colour was on is off again.
            return f"{line[:place]}\x1b[0m" if "\x1b" in line[:place] else line[:place]
        place += 1
    return line


def cells_of(text: str) -> int:
    """How many cells of a terminal a text takes."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in _WIDE else 1 for char in text
    )


def padded(text: str, *, cells: int, right: bool = False) -> str:
    """The text with blanks up to so many cells; `right`: before it."""
    blanks = " " * max(0, cells - cells_of(text))
    return f"{blanks}{text}" if right else f"{text}{blanks}"
