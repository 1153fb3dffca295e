"""Where the marks of a model's days stand in their picture: the share of fake each day, beside the training's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from newsgate.tasks.inspecting.drift import DriftDay

# In units of the picture; a browser scales it to the page.
_WIDTH: Final = 720
_HEIGHT: Final = 210
_LEFT: Final = 40
_RIGHT: Final = 12
_TOP: Final = 12
_BOTTOM: Final = 26
_SMALLEST_DOT: Final = 3.0
_LARGEST_DOT: Final = 9.0


@dataclass(frozen=True, slots=True)
class DayMark:
    """One day. radius: the area says how many rows it had."""

    day: DriftDay
    x: float
    y: float
    radius: float


@dataclass(frozen=True, slots=True)
class DriftChart:
    """The picture of one model: its size, the days at its ends, the height of the training's share, a mark a day."""

    model: int
    width: int
    height: int
    left: int
    right: int
    top: int
    floor: int
    first: date
    last: date
    reference_y: float | None
    reference: float | None
    ticks: tuple[tuple[float, float], ...]
    marks: tuple[DayMark, ...]


def draw_drift(found: Sequence[DriftDay], *, days: int, today: date) -> tuple[DriftChart, ...]:
    """Return a picture for each model, the newest first; all have the same days from left to right."""
    models = sorted({each.model for each in found}, reverse=True)
    return tuple(
        _draw_model([each for each in found if each.model == model], days=days, today=today) for model in models
    )


def _draw_model(found: Sequence[DriftDay], *, days: int, today: date) -> DriftChart:
    in_order = sorted(found, key=lambda each: each.day)
    most = max(each.rows for each in in_order)
    first = today - timedelta(days=days - 1)
    span = _WIDTH - _LEFT - _RIGHT
    floor = _HEIGHT - _BOTTOM

    def y(share: float) -> float:
        return floor - (floor - _TOP) * share

    marks = tuple(
        DayMark(
            each,
            _LEFT + span * ((each.day - first).days + 0.5) / days,
            y(each.share_fake),
            max(_SMALLEST_DOT, _LARGEST_DOT * (each.rows / most) ** 0.5),
        )
        for each in in_order
    )
    reference = in_order[-1].reference_share_fake
    return DriftChart(
        model=in_order[0].model,
        width=_WIDTH,
        height=_HEIGHT,
        left=_LEFT,
        right=_WIDTH - _RIGHT,
        top=_TOP,
        floor=floor,
        first=first,
        last=today,
        reference_y=None if reference is None else y(reference),
        reference=reference,
        ticks=tuple((share, y(share)) for share in (0.0, 0.5, 1.0)),
        marks=marks,
    )
