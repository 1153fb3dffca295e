"""The reliability diagram as a picture: one SVG file that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from newsgate.foundation.printable_text import printable
from newsgate.pages.template_rendering import render_template

if TYPE_CHECKING:
    from newsgate.training.reliability import ReliabilityBin

# In pixels, from the picture's upper left corner. Above is a square, below it are the bars.
_WIDTH: Final = 460
_HEIGHT: Final = 600
_LEFT: Final = 62
_TOP: Final = 62
_SIDE: Final = 370
_BARS_TOP: Final = 462
_BARS_HEIGHT: Final = 84
_BAR_GAP: Final = 2
_TICKS: Final = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_TITLE_CHARS: Final = 34


@dataclass(frozen=True, slots=True)
class Tick:
    """A value on both axes of the square, and how far it is from the left and from above, in pixels."""

    value: float
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A bin with texts, at its mean `p_fake` and its share of fake; the interval's ends are heights, in pixels."""

    bin: ReliabilityBin
    x: float
    y: float
    interval_low: float
    interval_high: float


@dataclass(frozen=True, slots=True)
class CountBar:
    """How many texts are in a bin, and the bar's rectangle in pixels."""

    rows: int
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class ReliabilityView:
    """Everything in the picture, lengths in pixels. heading: above it, with the calibration error."""

    width: int
    height: int
    heading: str
    texts: int
    bins: int
    left: int
    top: int
    side: int
    ticks: tuple[Tick, ...]
    marks: tuple[Mark, ...]
    bars_top: int
    bars_height: int
    bars: tuple[CountBar, ...]


def draw_reliability(bins: Sequence[ReliabilityBin], *, title: str, ece: float) -> str:
    """Return the diagram as an SVG document.

    Above, the share of fake texts in each bin with its 95 % Wilson interval, over the mean `p_fake` of the bin; below,
    how many texts are in it. title: any text. ece: of the same texts, shown beside it.
    """
    view = ReliabilityView(
        width=_WIDTH,
        height=_HEIGHT,
        heading=f"{_short_title(title)}: ECE {ece:.3f}",
        texts=sum(each.rows for each in bins),
        bins=len(bins),
        left=_LEFT,
        top=_TOP,
        side=_SIDE,
        ticks=tuple(Tick(value, _x(value), _y(value)) for value in _TICKS),
        marks=tuple(_mark(each) for each in bins if each.rows),
        bars_top=_BARS_TOP,
        bars_height=_BARS_HEIGHT,
        bars=_count_bars(bins),
    )
    return render_template("reliability_diagram.svg.j2", diagram=view)


def _mark(bin_: ReliabilityBin) -> Mark:
    low, high = bin_.interval
    return Mark(bin_, _x(bin_.mean_p_fake or 0.0), _y(bin_.share_fake or 0.0), _y(low), _y(high))


def _count_bars(bins: Sequence[ReliabilityBin]) -> tuple[CountBar, ...]:
    most = max([1, *(each.rows for each in bins)])
    return tuple(
        CountBar(
            rows=each.rows,
            left=_x(each.low) + _BAR_GAP / 2,
            top=_BARS_TOP + _BARS_HEIGHT - _BARS_HEIGHT * each.rows / most,
            width=_x(each.high) - _x(each.low) - _BAR_GAP,
            height=_BARS_HEIGHT * each.rows / most,
        )
        for each in bins
    )


def _short_title(title: str) -> str:
    shown = printable(title)
    return shown if len(shown) <= _TITLE_CHARS else f"{shown[: _TITLE_CHARS - 1]}…"


def _x(share: float) -> float:
    return round(_LEFT + share * _SIDE, 1)


def _y(share: float) -> float:
    return round(_TOP + (1 - share) * _SIDE, 1)
