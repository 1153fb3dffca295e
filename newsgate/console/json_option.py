"""The option --json, of a command whose outcome programs read too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])


def json_option(help_text: str) -> Callable[[Function], Function]:
    """Give a command `--json`, which it takes as `as_json`. What people are told stays on standard error beside it."""
    return click.option("--json", "as_json", is_flag=True, help=help_text)
