"""Diagrams of curves for the pages, written as SVG by hand: no plotting library has to be installed for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Final, Protocol

LEFT: Final = 52
RIGHT: Final = 20
TOP: Final = 44

Point = tuple[float, float]


@dataclass(frozen=True)
class Curve:
    """A line through `points`. band: (x, low, high) of the area behind it. marks: a dot at every point.

    hollow: which of the dots are empty inside; none if not told.
    """

    name: str
    points: Sequence[Point]
    colour: str
    dashed: bool = False
    marks: bool = False
    hollow: Sequence[bool] = ()
    band: Sequence[tuple[float, float, float]] = ()


@dataclass(frozen=True)
class Axis:
    """One axis. ticks: (value, what is written beside it). slanted: the labels are words and stand aslant."""

    label: str
    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    slanted: bool = False


@dataclass(frozen=True)
class LineChart:
    """One diagram. legend: the place of the first name, in pixels from the chart's upper left corner."""

    title: str
    across: Axis
    up: Axis
    curves: Sequence[Curve]
    legend: Point
    width: int = 400
    height: int = 280
    below: int = 46
    shaded: Sequence[tuple[float, float]] = field(default=())

    def draw(self) -> str:
        """Return the diagram as SVG elements."""
        parts = [f'<text x="{self.width / 2:g}" y="18" text-anchor="middle" font-size="13">{escape(self.title)}</text>']
        parts += [self._shade(low, high) for low, high in self.shaded]
        parts += [*self._scale_up(), *self._scale_across()]
        for line, curve in enumerate(self.curves):
            parts += [*self._draw_curve(curve), self._name(curve, line)]
        return "".join(parts)

    def place(self, point: Point) -> Point:
        """Return where a point of the diagram stands, in pixels; what lies outside is drawn on the edge."""
        x, y = (
            (min(max(value, axis.low), axis.high) - axis.low) / (axis.high - axis.low)
            for value, axis in zip(point, (self.across, self.up), strict=True)
        )
        floor = self.height - self.below
        return round(LEFT + x * (self.width - LEFT - RIGHT), 1), round(floor - y * (floor - TOP), 1)

    def _shade(self, low: float, high: float) -> str:
        left, bottom = self.place((low, self.up.low))
        right, _ = self.place((high, self.up.low))
        return f'<rect x="{left}" y="{TOP}" width="{right - left:.1f}" height="{bottom - TOP:.1f}" fill="#f6edd3"/>'

    def _scale_up(self) -> list[str]:
        parts = [f'<text x="8" y="34">{escape(self.up.label)}</text>']
        for value, label in self.up.ticks:
            left, y = self.place((self.across.low, value))
            parts.append(f'<path d="M{left} {y}H{self.width - RIGHT}" stroke="#ddd"/>')
            parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{escape(label)}</text>')
        return parts

    def _scale_across(self) -> list[str]:
        parts = []
        for value, label in self.across.ticks:
            x, y = self.place((value, self.up.low))
            anchor = (
                f'text-anchor="end" transform="rotate(-55 {x} {y + 12:.1f})"'
                if self.across.slanted
                else 'text-anchor="middle"'
            )
            parts.append(f'<path d="M{x} {y}v4" stroke="#999"/>')
            parts.append(
                f'<text x="{x}" y="{y + (12 if self.across.slanted else 17):.1f}" {anchor}>{escape(label)}</text>'
            )
        middle = (LEFT + self.width - RIGHT) / 2
        parts.append(
            f'<text x="{middle:g}" y="{self.height - 8}" text-anchor="middle">{escape(self.across.label)}</text>'
        )
        return parts

    def _draw_curve(self, curve: Curve) -> list[str]:
        parts = []
        if curve.band:
            edge = [self.place((x, high)) for x, _, high in curve.band]
            edge += [self.place((x, low)) for x, low, _ in reversed(curve.band)]
            parts.append(f'<polygon points="{_joined(edge)}" fill="{curve.colour}" opacity="0.15"/>')
        points = [self.place(point) for point in curve.points]
        dashes = ' stroke-dasharray="5 4"' if curve.dashed else ""
        parts.append(
            f'<polyline points="{_joined(points)}" fill="none" stroke="{curve.colour}" stroke-width="2"{dashes}/>'
        )
        if curve.marks:
            for (x, y), hollow in zip(points, curve.hollow or [False] * len(points), strict=True):
                fill = f'fill="white" stroke="{curve.colour}"' if hollow else f'fill="{curve.colour}"'
                parts.append(f'<circle cx="{x}" cy="{y}" r="3.5" {fill}/>')
        return parts

    def _name(self, curve: Curve, line: int) -> str:
        x, y = self.legend[0], self.legend[1] + 15 * line
        dashes = ' stroke-dasharray="5 4"' if curve.dashed else ""
        return (
            f'<path d="M{x} {y - 4}h20" stroke="{curve.colour}" stroke-width="2"{dashes}/>'
            f'<text x="{x + 25}" y="{y}" fill="{curve.colour}">{escape(curve.name)}</text>'
        )


class Drawing(Protocol):
    """Anything that can stand in a document. width, height: in pixels."""

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...

    def draw(self) -> str:
        """Return SVG elements within that width and height."""
        ...


def side_by_side(charts: Sequence[Drawing]) -> str:
    """Return the diagrams in a row as one SVG document."""
    width, height = sum(chart.width for chart in charts), max(chart.height for chart in charts)
    drawn, across = [], 0
    for chart in charts:
        drawn.append(f'<g transform="translate({across} 0)">{chart.draw()}</g>')
        across += chart.width
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'font-size="11"><rect width="100%" height="100%" fill="white"/>{"".join(drawn)}</svg>\n'
    )


def _joined(points: Sequence[Point]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)
