"""The option --json, of a command whose outcome programs read too, and what those that change a batch print."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from newsgate.db.batch_status import BatchStatus

Function = TypeVar("Function", bound=Callable[..., Any])


def json_option(help_text: str) -> Callable[[Function], Function]:
    """Give a command `--json`, which it takes as `as_json`. What people are told stays on standard error beside it."""
    return click.option("--json", "as_json", is_flag=True, help=help_text)


def print_outcome(status: BatchStatus, **outcome: Any) -> None:
    """Print what a command did to a batch and its run, as one JSON object on a line."""
    click.echo(json.dumps({"batch": status.batch, "run": status.run, "model": status.model, **outcome}))
