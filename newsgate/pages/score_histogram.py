"""Where the bars of a histogram of scores stand in their picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from newsgate.model.labels import Label, label_of

# In units of the picture; a browser scales them to the page.
_WIDTH: Final = 720
_HEIGHT: Final = 200
_TOP: Final = 18
_BOTTOM: Final = 26
_GAP: Final = 2


@dataclass(frozen=True, slots=True)
class HistogramBar:
    """The rows whose `p_fake` is from `low` to `high`, and the bar's rectangle in units of the picture.

    short_count: as much of the count as fits over the bar, empty for no rows.
    """

    low: float
    high: float
    rows: int
    short_count: str
    label: Label
    left: float
    middle: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class ScoreHistogram:
    """The picture: its size, the heights between which bars stand, and the bars, from 0 on the left to 1."""

    width: int
    height: int
    top: int
    floor: int
    bars: tuple[HistogramBar, ...]


def draw_histogram(counts: Sequence[int]) -> ScoreHistogram:
    """Return the picture of rows by `p_fake`, counted in equal bins from 0 to 1. At least one count is not 0."""
    floor = _HEIGHT - _BOTTOM
    most = max(counts)
    bars = tuple(
        _bar(place, rows, bins=len(counts), height=(floor - _TOP) * rows / most, floor=floor)
        for place, rows in enumerate(counts)
    )
    return ScoreHistogram(width=_WIDTH, height=_HEIGHT, top=_TOP, floor=floor, bars=bars)


def _bar(place: int, rows: int, *, bins: int, height: float, floor: int) -> HistogramBar:
    low, step = place / bins, _WIDTH / bins
    return HistogramBar(
        low=low,
        high=(place + 1) / bins,
        rows=rows,
        short_count=_short_count(rows),
        label=label_of(low),
        left=place * step + _GAP / 2,
        middle=(place + 0.5) * step,
        top=floor - height,
        width=step - _GAP,
        height=height,
    )


def _short_count(rows: int) -> str:
    if rows < 10_000:
        return str(rows or "")
    return f"{rows / 1e3:.0f}k" if rows < 10_000_000 else f"{rows / 1e6:.0f}M"
