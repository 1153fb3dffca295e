"""Progress on a terminal: one line that is redrawn, and nothing at all where nobody watches."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

import click

from newsgate.console.messages import stderr_is_terminal

_REDRAW_SECONDS = 0.1
_BAR_CELLS = 28


class ProgressLine:
    """A bar with a count, redrawn at most ten times a second and wiped at the end."""

    def __init__(self, verb: str) -> None:
        self._verb = verb
        self._shown = stderr_is_terminal()
        self._drawn_at = 0.0
        self._begun: tuple[float, float] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawn_at:
            click.echo("\r\x1b[K", nl=False, err=True)

    def draw(self, part: int, whole: int, *, note: str) -> None:
        """Show that `part` of `whole` is done."""
        now = time.monotonic()
        if not self._shown or now - self._drawn_at < _REDRAW_SECONDS:
            return
        self._drawn_at = now
        share = min(part / whole, 1.0) if whole else 0.0
        filled = round(share * _BAR_CELLS)
        seconds = self._seconds_left(share, now)
        left = f"  {seconds:.0f} s left" if seconds else ""
        bar = "#" * filled + "-" * (_BAR_CELLS - filled)
        click.echo(f"\r\x1b[K{self._verb} [{bar}] {share:4.0%}  {note}{left}", nl=False, err=True)

    def _seconds_left(self, share: float, now: float) -> float:
        # Counted from the first look: what was done before it says nothing about the pace.
        share_then, then = self._begun = self._begun or (share, now)
        gained = share - share_then
        return (now - then) * (1 - share) / gained if gained > 0 else 0.0
