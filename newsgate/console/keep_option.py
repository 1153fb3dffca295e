"""The option that says which of a file's other columns are kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from newsgate.console.messages import print_warning

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsgate.tasks.reading import Keep

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


def warn_of_other_columns(connection: Connection, batch: int, keep: Keep) -> None:
    """Say where a batch that is there already keeps fewer columns than are asked for now."""
    from newsgate.db.other_columns import batch_columns
    from newsgate.tasks.reading import parse_columns

    stored = batch_columns(connection, batch)
    if stored is None or keep == "none":
        return
    columns = parse_columns(stored)
    others = {*columns.names} - {*columns.text_columns, columns.id_column}
    wanted = others if keep == "all" else {*keep} & others
    kept = others if columns.keep == "all" else () if columns.keep == "none" else columns.keep
    if wanted - {*kept}:
        only = ", ".join(kept) or "none of its other columns"
        print_warning(f"batch {batch} keeps {only}; with --again the file is stored once more, as --keep says")
