"""Where the line of a score, as a text goes on, runs in its picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from newsgate.model.labels import FAKE, FAKE_THRESHOLD, REAL, Label

# In units of the picture; a browser scales them to the page.
_WIDTH: Final = 720
_HEIGHT: Final = 190
_LEFT: Final = 34
_RIGHT: Final = 12
_TOP: Final = 10
_BOTTOM: Final = 24
_LARGE_DOT: Final = 3.2
_SMALL_DOT: Final = 1.4
_MOST_LARGE_DOTS: Final = 64


@dataclass(frozen=True, slots=True)
class PlotPoint:
    """The score after a token, and where its dot is in units of the picture."""

    token: str
    score: float
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class GridLine:
    """A line across the picture at a score. is_middle: between the two labels."""

    score: float
    y: float
    is_middle: bool


@dataclass(frozen=True, slots=True)
class LabelBand:
    """The part of the picture where scores mean one label, in units of the picture."""

    label: Label
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class ScorePlot:
    """The picture: its size, the edges between which the line runs, and what is drawn, bands first."""

    width: int
    height: int
    left: int
    right: int
    bands: tuple[LabelBand, ...]
    grid: tuple[GridLine, ...]
    dot_radius: float
    points: tuple[PlotPoint, ...]


def draw_scores(tokens: Sequence[str], scores: Sequence[float]) -> ScorePlot:
    """Return the picture of the score after each token, probabilities from 0 to 1. There is at least one token."""
    points = tuple(
        PlotPoint(token, score, _x(place, len(tokens)), _y(score))
        for place, (token, score) in enumerate(zip(tokens, scores, strict=True))
    )
    half = _y(0.0) - _y(FAKE_THRESHOLD)
    return ScorePlot(
        width=_WIDTH,
        height=_HEIGHT,
        left=_LEFT,
        right=_WIDTH - _RIGHT,
        bands=(LabelBand(FAKE, _y(1.0), half), LabelBand(REAL, _y(FAKE_THRESHOLD), half)),
        grid=tuple(GridLine(score, _y(score), score == FAKE_THRESHOLD) for score in (0.0, FAKE_THRESHOLD, 1.0)),
        dot_radius=_LARGE_DOT if len(points) <= _MOST_LARGE_DOTS else _SMALL_DOT,
        points=points,
    )


def _x(place: int, tokens: int) -> float:
    width = _WIDTH - _LEFT - _RIGHT
    return _LEFT + (width / 2 if tokens == 1 else width * place / (tokens - 1))


def _y(score: float) -> float:
    return _TOP + (1 - score) * (_HEIGHT - _TOP - _BOTTOM)
