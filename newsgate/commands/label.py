"""`newsgate label`: a person's judgement of one item."""

from __future__ import annotations

import click

from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.messages import print_message
from newsgate.console.parameter_types import ITEM_NUMBER
from newsgate.console.reviewer_option import reviewer_name, reviewer_option
from newsgate.console.settings_and_database import settings_and_database


@click.command("label", cls=ErrorReportingCommand)
@click.argument("item", type=ITEM_NUMBER)
@click.argument("label", metavar="fake|real", type=click.Choice(["fake", "real"]))
@reviewer_option
def label(item: int, label: str, *, by: str | None) -> None:
    """Say that ITEM is fake, or that it is real.

    ITEM is the column `item` of `newsgate results`. The judgement is about the text, wherever it occurs; an earlier one
    is kept as history.
    """
    from newsgate.tasks.labelling.label_item import label_item

    name = reviewer_name(by)
    with settings_and_database() as (_, database):
        done = label_item(database, item, label, by=name)
    before = f"; {done.before.labelled_by} said {done.before.label} before" if done.before else ""
    print_message(f"item {item} is {label}, says {name}{before}")
