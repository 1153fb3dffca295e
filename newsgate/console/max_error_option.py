"""The option --max-error, and what is said about the rows it calls unsure."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from newsgate.console.messages import print_message, print_warning
from newsgate.console.parameter_types import StrictFloatRange
from newsgate.foundation.errors import WrongUsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsgate.db.batch_status import BatchStatus
    from newsgate.tasks.inspecting.promise import Promise

Function = TypeVar("Function", bound=Callable[..., Any])


def max_error_option(*, help_text: str) -> Callable[[Function], Function]:
    """The share of wrong labels a person puts up with; the rows beyond get none."""
    return click.option(
        "--max-error", type=StrictFloatRange(0, 1, min_open=True, max_open=True), metavar="E", help=help_text
    )


def strict_option(function: Function) -> Function:
    """Give a command the option that refuses what cannot be promised."""
    return click.option("--strict", is_flag=True, help="Refuse where the error of --max-error cannot be promised.")(
        function
    )


def check_strict(*, strict: bool, max_error: float | None) -> None:
    """Raise WrongUsageError where --strict has no error to be strict about."""
    if strict and max_error is None:
        raise WrongUsageError("--strict is about --max-error", remedy="Give --max-error E, the error that you accept")


def promise_for(
    connection: Connection, status: BatchStatus, *, max_error: float | None, strict: bool = False
) -> Promise | None:
    """What can be promised of a run; None where no error is wanted. Raises NoPromiseError, NoRecordError."""
    from newsgate.tasks.inspecting.promise import promise_of, require_promise

    if max_error is None:
        return None
    promise = promise_of(connection, status, max_error=max_error)
    if strict:
        require_promise(promise, batch=status.batch)
    return promise


def print_promise(promise: Promise | None, *, batch: int) -> None:
    """Say in one line what is promised of a batch, or that nothing is."""
    from newsgate.tasks.inspecting.promise import describe_promise

    if promise is None:
        return
    tell = print_message if promise.is_kept else print_warning
    tell(f"batch {batch}: {describe_promise(promise)}")


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
