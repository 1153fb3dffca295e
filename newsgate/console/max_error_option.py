"""The option --max-error, and what is said about the rows it calls unsure."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import click

from newsgate.console.error_reporting import tell
from newsgate.console.parameter_types import Share

Function = TypeVar("Function", bound=Callable[..., Any])


def max_error_option(*, help: str) -> Callable[[Function], Function]:  # noqa: A002 - as click's own
    """The share of wrong labels a person puts up with; the rows beyond get none."""
    return click.option("--max-error", type=Share(0, 1, min_open=True, max_open=True), metavar="E", help=help)


def tell_unsure(of: str, *, rows: int, sure: int, threshold: float) -> None:
    """Say in one line how many rows get no label, and where the line is."""
    if not rows:
        tell(f"{of}: no row has a score yet")
        return
    tell(f"{of}: {rows - sure} of {rows} rows are unsure, coverage {sure / rows:.2%}; {_said(threshold)}")


def _said(threshold: float) -> str:
    if math.isinf(threshold):
        return "no confidence kept so small an error when the model was trained"
    if threshold <= 0.5:
        return "every confidence kept this error when the model was trained"
    return f"unsure is p_fake above {1 - threshold:.6f} and below {threshold:.6f}"
