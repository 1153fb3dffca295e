"""A page of a run's verdicts in the order of its file, found in a bounded time however many rows there are.

Pages are told apart by rows and never counted off: the next one begins after the last row of this one. A filter that
few rows pass is looked for window by window, each larger than the one before. When the time is over the page says up to
which row it has looked, and whoever wants more goes on from there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from newsgate.db.results import Result, ResultFilter
from newsgate.db.verdict_windows import read_window

PAGE_ROWS: Final = 50
# Less than a person notices; a window that is begun in it is finished.
PATIENCE_SECONDS: Final = 0.15
# Most pages are found in the first window. A search that goes on has found little in those before.
_FIRST_WINDOW_ROWS = 2_000
_LATER_WINDOW_ROWS = 16_000
_LARGEST_WINDOW_ROWS = 32_000


@dataclass(frozen=True, slots=True)
class VerdictPage:
    """Some verdicts, in the order of the file.

    more_after: the next page begins after this row; None where there is nothing left. more_before: the page before
    this one ends before that row; None at the beginning. looked_through: whether the page is full, or all rows were
    looked at; if not, time was over and the next page goes on with the search.
    """

    rows: tuple[Result, ...]
    more_after: int | None
    more_before: int | None
    looked_through: bool


def page_after(
    connection: Connection,
    wanted: ResultFilter,
    *,
    after: int,
    last_row: int,
    limit: int = PAGE_ROWS,
    patience_seconds: float = PATIENCE_SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> VerdictPage:
    """The first verdicts of `wanted.model` after the row `after`. last_row: of the file."""
    found: list[Result] = []
    until, position = clock() + patience_seconds, after
    for window in _windows(goes_on=wanted.is_narrow and after > 0):
        last = min(position + window, last_row)
        # One more than are shown tells whether there is a next page.
        missing = limit + 1 - len(found)
        found += read_window(connection, wanted, first=position + 1, last=last, limit=missing)
        position = last
        if len(found) > limit or position >= last_row or clock() >= until:
            break
    before = after + 1 if after > 0 else None
    if len(found) > limit:
        return VerdictPage(tuple(found[:limit]), found[limit - 1].row, before, looked_through=True)
    is_end = position >= last_row
    return VerdictPage(tuple(found), None if is_end else position, before, looked_through=is_end)


def page_before(
    connection: Connection,
    wanted: ResultFilter,
    *,
    before: int,
    limit: int = PAGE_ROWS,
    patience_seconds: float = PATIENCE_SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> VerdictPage:
    """The last verdicts of `wanted.model` before the row `before`."""
    found: list[Result] = []
    until, position = clock() + patience_seconds, before
    for window in _windows(goes_on=False):
        first = max(position - window, 1)
        missing = limit + 1 - len(found)
        found += read_window(connection, wanted, first=first, last=position - 1, limit=missing, backwards=True)
        position = first
        if len(found) > limit or position <= 1 or clock() >= until:
            break
    shown = tuple(reversed(found[:limit]))
    if len(found) > limit:
        return VerdictPage(shown, before - 1, shown[0].row, looked_through=True)
    is_beginning = position <= 1
    return VerdictPage(shown, before - 1, None if is_beginning else position, looked_through=is_beginning)


def _windows(*, goes_on: bool) -> Iterator[int]:
    window = _LATER_WINDOW_ROWS if goes_on else _FIRST_WINDOW_ROWS
    while True:
        yield window
        window = min(4 * window, _LARGEST_WINDOW_ROWS)
