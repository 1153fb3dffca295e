"""Where the marks of two pictures stand: the accuracies of models, and their errors if unsure texts get no label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from newsgate.tasks.inspecting.model_figures import ErrorAtCoverage

# In units of the pictures; a browser scales them to the page.
_WIDTH: Final = 720
_LEFT: Final = 96
_RIGHT: Final = 64
_LINE_HEIGHT: Final = 34
_TOP: Final = 12
_BOTTOM: Final = 26
_CURVE_HEIGHT: Final = 260
_CURVE_LEFT: Final = 44
_CURVE_RIGHT: Final = 20
_LEAST_TOP_ERROR: Final = 0.05


@dataclass(frozen=True, slots=True)
class AccuracyMark:
    """The accuracy of one model, with its 95 % interval, as places on the picture."""

    name: str
    accuracy: float
    rows: int
    y: float
    x: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class AccuracyChart:
    """The picture: its size, the ticks with their places, and a mark for each model, the oldest first."""

    width: int
    height: int
    top: int
    floor: float
    left: int
    right: int
    ticks: tuple[tuple[float, float], ...]
    marks: tuple[AccuracyMark, ...]


@dataclass(frozen=True, slots=True)
class ErrorCurve:
    """The curve of one model, as the points of a line. place: which of the styles of lines it has."""

    name: str
    place: int
    points: tuple[tuple[float, float], ...]
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class ErrorCurves:
    """The picture: its size, the ticks of both axes with their places, and a curve for each model."""

    width: int
    height: int
    left: int
    right: int
    top: int
    floor: int
    coverages: tuple[tuple[float, float], ...]
    errors: tuple[tuple[float, float], ...]
    curves: tuple[ErrorCurve, ...]


def draw_accuracies(models: Sequence[tuple[str, float, int]]) -> AccuracyChart:
    """Return the picture of (name, accuracy, how many texts it was measured on) of at least one model."""
    from newsgate.training.reliability import wilson_interval

    intervals = [wilson_interval(round(accuracy * rows), rows) for _, accuracy, rows in models]
    # Half is what a coin gets; a worse model needs the whole width.
    least = 0.5 if min(low for low, _ in intervals) >= 0.5 else 0.0
    span = _WIDTH - _LEFT - _RIGHT

    def x(share: float) -> float:
        return _LEFT + span * (share - least) / (1 - least)

    marks = tuple(
        AccuracyMark(name, accuracy, rows, _TOP + _LINE_HEIGHT * (place + 0.5), x(accuracy), x(low), x(high))
        for place, ((name, accuracy, rows), (low, high)) in enumerate(zip(models, intervals, strict=True))
    )
    floor = _TOP + _LINE_HEIGHT * len(models)
    steps = 5
    ticks = [least + (1 - least) * step / steps for step in range(steps + 1)]
    return AccuracyChart(
        width=_WIDTH,
        height=floor + _BOTTOM,
        top=_TOP,
        floor=floor,
        left=_LEFT,
        right=_WIDTH - _RIGHT,
        ticks=tuple((tick, x(tick)) for tick in ticks),
        marks=marks,
    )


def draw_error_curves(models: Sequence[tuple[str, Sequence[ErrorAtCoverage]]]) -> ErrorCurves | None:
    """Return the picture of (name, curve with at least one point) of models; None where there are none."""
    if not models:
        return None
    most = max(_LEAST_TOP_ERROR, *(point.error for _, curve in models for point in curve))
    top_error = min(1.0, (int(most * 20) + 1) / 20)
    floor = _CURVE_HEIGHT - _BOTTOM

    def place(coverage: float, error: float) -> tuple[float, float]:
        span = _WIDTH - _CURVE_LEFT - _CURVE_RIGHT
        return _CURVE_LEFT + span * coverage, floor - (floor - _TOP) * min(error / top_error, 1.0)

    curves = []
    for number, (name, curve) in enumerate(models):
        points = tuple(place(point.coverage, point.error) for point in curve)
        curves.append(ErrorCurve(name, number, points, *points[-1]))
    return ErrorCurves(
        width=_WIDTH,
        height=_CURVE_HEIGHT,
        left=_CURVE_LEFT,
        right=_WIDTH - _CURVE_RIGHT,
        top=_TOP,
        floor=floor,
        coverages=tuple((tick / 4, place(tick / 4, 0)[0]) for tick in range(5)),
        errors=tuple((top_error * tick / 2, place(0, top_error * tick / 2)[1]) for tick in range(3)),
        curves=tuple(curves),
    )
