"""Diagrams of bars on a logarithmic axis: for rates that differ a thousandfold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

_LEFT: Final = 290
_RIGHT: Final = 70
_TOP: Final = 36
_BELOW: Final = 40
_LINE: Final = 26
_THICKNESS: Final = 15


@dataclass(frozen=True)
class Bar:
    """One bar, with the range of its measurements as a line. shown: what is written behind it."""

    name: str
    value: float
    low: float
    high: float
    shown: str
    colour: str


@dataclass(frozen=True)
class BarChart:
    """Bars below each other. low, high: the ends of the axis, two powers of ten."""

    title: str
    label: str
    low: float
    high: float
    bars: Sequence[Bar]
    width: int = 760

    @property
    def height(self) -> int:
        """What the bars, the title and the axis take."""
        return _TOP + _LINE * len(self.bars) + _BELOW

    def draw(self) -> str:
        """Return the diagram as SVG elements."""
        parts = [f'<text x="{self.width / 2:g}" y="18" text-anchor="middle" font-size="13">{escape(self.title)}</text>']
        parts += self._draw_axis()
        for line, bar in enumerate(self.bars):
            parts += self._draw_bar(bar, _TOP + _LINE * line + _LINE / 2)
        return "".join(parts)

    def place(self, value: float) -> float:
        """Return where a value stands, in pixels from the left; what lies outside is drawn on the edge."""
        share = math.log(min(max(value, self.low), self.high) / self.low) / math.log(self.high / self.low)
        return round(_LEFT + share * (self.width - _LEFT - _RIGHT), 1)

    def _draw_axis(self) -> list[str]:
        floor = _TOP + _LINE * len(self.bars)
        parts = []
        for power in range(round(math.log10(self.low)), round(math.log10(self.high)) + 1):
            x = self.place(10.0**power)
            parts.append(f'<path d="M{x} {_TOP}V{floor}" stroke="#ddd"/>')
            parts.append(f'<text x="{x}" y="{floor + 15}" text-anchor="middle">{10**power:,}</text>'.replace(",", " "))
        middle = (_LEFT + self.width - _RIGHT) / 2
        parts.append(f'<text x="{middle:g}" y="{floor + 32}" text-anchor="middle">{escape(self.label)}</text>')
        return parts

    def _draw_bar(self, bar: Bar, y: float) -> list[str]:
        end, low, high = self.place(bar.value), self.place(bar.low), self.place(bar.high)
        return [
            f'<text x="{_LEFT - 8}" y="{y + 4:g}" text-anchor="end">{escape(bar.name)}</text>',
            f'<path d="M{_LEFT} {y:g}H{end}" stroke="{bar.colour}" stroke-width="{_THICKNESS}"/>',
            f'<path d="M{low} {y:g}H{high}" stroke="#222" stroke-width="2"/>',
            f'<text x="{max(end, high) + 6:.1f}" y="{y + 4:g}">{escape(bar.shown)}</text>',
        ]


def powers_of_ten_around(values: Sequence[float]) -> tuple[float, float]:
    """Return the largest power of ten below all `values`, which are positive, and the smallest above."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    # An axis has two ends, also where all values are one power of ten.
    return 10.0**low, 10.0 ** max(high, low + 1)
