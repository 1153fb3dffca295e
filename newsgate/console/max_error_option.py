"""The option --max-error, and what is said about the rows it calls unsure."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import click

from newsgate.console.messages import print_message
from newsgate.console.parameter_types import StrictFloatRange

Function = TypeVar("Function", bound=Callable[..., Any])


def max_error_option(*, help_text: str) -> Callable[[Function], Function]:
    """The share of wrong labels a person puts up with; the rows beyond get none."""
    return click.option(
        "--max-error", type=StrictFloatRange(0, 1, min_open=True, max_open=True), metavar="E", help=help_text
    )


def print_unsure_rows(subject: str, *, rows: int, sure: int, threshold: float) -> None:
    """Say in one line how many rows get no label, and where the line is."""
    if not rows:
        print_message(f"{subject}: no row has a score yet")
        return
    coverage = f"coverage {sure / rows:.2%}"
    print_message(f"{subject}: {rows - sure} of {rows} rows are unsure, {coverage}; {_threshold_sentence(threshold)}")


def _threshold_sentence(threshold: float) -> str:
    if math.isinf(threshold):
        return "no confidence kept so small an error when the model was trained"
    if threshold <= 0.5:
        return "every confidence kept this error when the model was trained"
    return f"unsure is p_fake above {1 - threshold:.6f} and below {threshold:.6f}"
