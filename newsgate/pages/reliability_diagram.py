"""The reliability diagram as a picture: one SVG file that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from newsgate.training.reliability import ReliabilityBin

_WIDTH: Final = 460
_LEFT, _TOP, _SIDE = 62, 62, 370
_BARS_TOP, _BARS_HEIGHT = 462, 84
_HEIGHT: Final = 600
_TITLE_CHARS: Final = 34
_TICKS: Final = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)

# The picture brings its own background, so that it can be read wherever it is put; the reader's scheme chooses which.
# Colours are written out twice, since not every renderer knows CSS variables.
_STYLE: Final = """
text { fill: #1f2328; font: 12px system-ui, sans-serif; } .title { font-size: 15px; font-weight: 600; }
.soft { fill: #59636e; } .small { font-size: 10.5px; } .ground { fill: #ffffff; } .bar { fill: #8fb8ea; }
.grid { stroke: #d8dee4; } .axis { stroke: #59636e; } .diagonal { stroke: #59636e; stroke-dasharray: 5 4; }
.interval { stroke: #0969da; stroke-width: 1.6; } .mark { fill: #0969da; stroke: #ffffff; stroke-width: 1.5; }
.curve { fill: none; stroke: #0969da; stroke-width: 1.2; stroke-opacity: 0.45; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; } .soft { fill: #9198a1; } .ground { fill: #0d1117; } .bar { fill: #1f4f86; }
  .grid { stroke: #2d333b; } .axis, .diagonal { stroke: #9198a1; }
  .interval, .curve { stroke: #58a6ff; } .mark { fill: #58a6ff; stroke: #0d1117; }
}
"""


def draw_reliability(bins: Sequence[ReliabilityBin], *, title: str, ece: float) -> str:
    """Return the diagram as an SVG document.

    Above, the share of fake texts in each bin with its 95 % Wilson interval, over the mean `p_fake` of the bin; below,
    how many texts are in it. title: any text. ece: of the same texts, shown beside it.
    """
    rows = sum(each.rows for each in bins)
    heading = f"{_printable(title)}: ECE {ece:.3f}"
    legend = f"{rows:,} texts in {len(bins)} bins, 95 % intervals; dashed: calibrated"
    size = f'viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        f"<title>Reliability of {escape(heading)}</title>",
        f"<style>{_STYLE}</style>",
        f'<rect class="ground" width="{_WIDTH}" height="{_HEIGHT}"/>',
        _text(_LEFT, 28, heading, kind="title", anchor="start"),
        _text(_LEFT, 47, legend, kind="soft", anchor="start"),
        *_axes(),
        *_marks([each for each in bins if each.rows]),
        *_counts(bins),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _axes() -> list[str]:
    parts = []
    for tick in _TICKS:
        x, y = _x(tick), _y(tick)
        parts.append(f'<path class="grid" d="M{_LEFT} {y}H{_LEFT + _SIDE}M{x} {_TOP}V{_TOP + _SIDE}"/>')
        parts.append(_text(_LEFT - 8, y + 4, f"{tick:.1f}", kind="soft", anchor="end"))
    diagonal = f'<path class="diagonal" d="M{_x(0)} {_y(0)}L{_x(1)} {_y(1)}"/>'
    return [*parts, diagonal, _upwards("observed share of fake", middle=_TOP + _SIDE / 2)]


def _marks(bins: Sequence[ReliabilityBin]) -> list[str]:
    points = [(_x(each.mean_p_fake or 0.0), _y(each.share_fake or 0.0)) for each in bins]
    line = " ".join(f"{x},{y}" for x, y in points)
    parts = [f'<polyline class="curve" points="{line}"/>']
    for each, (x, y) in zip(bins, points, strict=True):
        low, high = (_y(edge) for edge in each.interval)
        said = f"p_fake {each.low:.1f} to {each.high:.1f}: {each.fake} of {each.rows} texts are fake"
        whisker = f'<path class="interval" d="M{x} {low}V{high}M{x - 4:.1f} {low}h8M{x - 4:.1f} {high}h8"/>'
        parts.append(f'<g><title>{said}</title>{whisker}<circle class="mark" cx="{x}" cy="{y}" r="4.5"/></g>')
    return parts


def _counts(bins: Sequence[ReliabilityBin]) -> list[str]:
    most = max([1, *(each.rows for each in bins)])
    bottom = _BARS_TOP + _BARS_HEIGHT
    parts = []
    for each in bins:
        left, width = _x(each.low) + 1, _x(each.high) - _x(each.low) - 2
        height = _BARS_HEIGHT * each.rows / most
        box = f'x="{left:.1f}" y="{bottom - height:.1f}" width="{width:.1f}" height="{height:.1f}"'
        parts.append(f'<rect class="bar" {box}/>')
        parts.append(_text(left + width / 2, bottom - height - 4, f"{each.rows:,}", kind="small"))
    parts += [_text(_x(tick), bottom + 17, f"{tick:.1f}", kind="soft") for tick in _TICKS]
    return [
        *parts,
        f'<path class="axis" d="M{_LEFT} {bottom}H{_LEFT + _SIDE}"/>',
        _upwards("texts", middle=_BARS_TOP + _BARS_HEIGHT / 2),
        _text(_LEFT + _SIDE / 2, bottom + 38, "p_fake: what the model says"),
    ]


def _text(x: float, y: float, content: str, *, kind: str = "", anchor: str = "middle") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(content)}</text>'


def _upwards(content: str, *, middle: float) -> str:
    turned = f'transform="rotate(-90 18 {middle})"'
    return f'<text x="18" y="{middle}" text-anchor="middle" {turned}>{escape(content)}</text>'


def _printable(title: str) -> str:
    shown = "".join(char if char.isprintable() else " " for char in title)
    return shown if len(shown) <= _TITLE_CHARS else f"{shown[: _TITLE_CHARS - 1]}…"


def _x(share: float) -> float:
    return round(_LEFT + share * _SIDE, 1)


def _y(share: float) -> float:
    return round(_TOP + (1 - share) * _SIDE, 1)
