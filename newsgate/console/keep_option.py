"""The option that says which of a file's other columns are kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])

_OPTION = click.option(
    "--keep",
    default="all",
    metavar="A,B|none",
    help="The other columns to keep beside each row. [default: all, up to 16,384 characters a row]",
)


def keep_option(function: Function) -> Function:
    """Give a command the option."""
    return _OPTION(function)
