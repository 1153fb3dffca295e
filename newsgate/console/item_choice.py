"""How a command is given one item: its number, or the options --batch and --row."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from newsgate.console.batch_choice import BATCH, BATCH_TO_CHANGE, BatchChoice
from newsgate.console.console_table import one_line
from newsgate.console.parameter_types import ITEM_NUMBER, ROW_NUMBER
from newsgate.foundation.errors import WrongUsageError

if TYPE_CHECKING:
    from newsgate.db.review import ReviewItem
    from newsgate.tasks.labelling.label_item import ItemChoice

Function = TypeVar("Function", bound=Callable[..., Any])

_TEXT_CHARS = 60


def row_options(function: Function) -> Function:
    """Add --batch and --row, which name an item by its place in the file, to a command that reads."""
    return _with_row_options(function, BATCH)


def row_options_to_change(function: Function) -> Function:
    """Add --batch and --row to a command that changes what is said about the item."""
    return _with_row_options(function, BATCH_TO_CHANGE)


def _with_row_options(function: Function, batch: BatchChoice) -> Function:
    function = click.option("--row", type=ROW_NUMBER, metavar="R", help="The item of this row of the file.")(function)
    return click.option("--batch", type=batch, metavar="BATCH", help="The batch that --row is of.")(function)


def choose_item(item: str | None, *, batch: int | None, row: int | None) -> ItemChoice:
    """Return which item is meant. Raises WrongUsageError where that is not said, or said twice."""
    from newsgate.tasks.labelling.label_item import ItemChoice

    if (batch is None) != (row is None) or (item is None) == (row is None):
        raise WrongUsageError(
            "which item is meant is not said once", remedy="Give ITEM, or --batch N and --row R together"
        )
    if item is None:
        return ItemChoice(batch=batch, row=row)
    number = ITEM_NUMBER.parse(item)
    if number is None:
        raise WrongUsageError(f"{item!r} is no number of an item", remedy="`newsgate results` shows it, column item")
    return ItemChoice(number)


def item_line(item: ReviewItem) -> str:
    """Return an item's number, its place, and the first words of its text."""
    text = one_line(item.text, most_chars=_TEXT_CHARS)
    return f"item {item.item} (batch {item.batch}, row {item.row}) “{text}”"


def item_figures(item: ReviewItem) -> dict[str, int]:
    """Return an item's number and its place, as a command prints them for programs."""
    return {"item": item.item, "batch": item.batch, "row": item.row}
