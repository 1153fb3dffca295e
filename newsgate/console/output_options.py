"""The options that say in which form verdicts are written, and beside which columns."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from newsgate.foundation.errors import WrongUsageError

if TYPE_CHECKING:
    from newsgate.tasks.exporting.formats import OutputForm

Function = TypeVar("Function", bound=Callable[..., Any])

# Those of `tasks.exporting.formats`, which `--help` need not import.
FORMS = ("table", "csv", "tsv", "jsonl", "json", "parquet", "xlsx")

_OPTIONS = (
    click.option(
        "--format",
        "form",
        type=click.Choice(FORMS),
        help="[default: by the ending of -o FILE; else table on a terminal, else csv]",
    ),
    click.option("--raw", is_flag=True, help="In csv, do not change cells that a spreadsheet would take for formulas."),
)


def output_options(function: Function) -> Function:
    """Give a command the options of a form."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def own_columns_option(help_text: str) -> Callable[[Function], Function]:
    """Give a command the option for the file's own table."""
    return click.option("--own-columns/--no-own-columns", default=None, help=help_text)


def choose_output_form(output: str | None, *, said: str | None, own_columns: bool | None) -> OutputForm:
    """Decide the form. Raises WrongUsageError for an ending that says none, and for a table with the file's columns."""
    from newsgate.tasks.exporting.formats import choose_form

    if own_columns and said == "table":
        raise WrongUsageError(
            "a table for reading has no room for the file's columns", remedy="Choose another --format"
        )
    is_for_people = output is None and sys.stdout.isatty() and not own_columns
    return choose_form(output, said=said, if_unsaid="table" if is_for_people else "csv")
