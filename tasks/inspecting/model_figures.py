"""Figures of models as they can be compared: what a promotion rests on, and how the error falls with coverage.

A program that made a bundle may have recorded anything; what is not what it should be is left out here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from newsgate.db.model_registry import ModelRecord
from newsgate.db.promotions import Promotion


@dataclass(frozen=True, slots=True)
class Score:
    """How a model did on the judging texts; None where that was not recorded."""

    accuracy: float | None
    macro_f1: float | None
    ece: float | None
    texts_per_second: float | None


@dataclass(frozen=True, slots=True)
class PromotionFigures:
    """The test behind a decision: both models on the same texts. p_value: of McNemar's test, against `level`."""

    rows: int | None
    level: float | None
    p_value: float | None
    champion: Score
    challenger: Score


@dataclass(frozen=True, slots=True)
class ErrorAtCoverage:
    """Of the held-back texts, the share that keeps a label, and the share of those labels that is wrong."""

    coverage: float
    error: float


def promotion_figures(decision: Promotion) -> PromotionFigures | None:
    """The figures of a decision; None for one that rests on a person's word."""
    figures = decision.figures
    if "champion" not in figures or "challenger" not in figures:
        return None
    rows = _number(figures, "rows")
    return PromotionFigures(
        rows=None if rows is None else int(rows),
        level=_number(figures, "level_of_this_look"),
        p_value=_number(figures.get("mcnemar"), "p_better"),
        champion=_score(figures["champion"]),
        challenger=_score(figures["challenger"]),
    )


def error_curve(record: ModelRecord) -> tuple[ErrorAtCoverage, ...]:
    """How the error falls when less sure texts are left without a label; empty where the bundle does not say."""
    from newsgate.model.abstention import RiskCoverage

    try:
        found = RiskCoverage.from_json(record.metadata["abstention"])
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return ()
    return tuple(
        ErrorAtCoverage(step.rows / found.rows, step.mistakes / step.rows)
        for step in reversed(found.steps)
        if step.rows and found.rows
    )


def _score(figures: Any) -> Score:
    return Score(*(_number(figures, name) for name in ("accuracy", "macro_f1", "ece", "texts_per_second")))


def _number(figures: Any, name: str) -> float | None:
    value = figures.get(name) if isinstance(figures, Mapping) else None
    # To Python true is 1, but it is no figure.
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return None
    return float(value)
