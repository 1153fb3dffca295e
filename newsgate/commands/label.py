"""`newsgate label`: a person's judgement of one item."""

from __future__ import annotations

import json

import click

from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.item_choice import choose_item, item_figures, item_line, row_options_to_change
from newsgate.console.json_option import json_option
from newsgate.console.messages import print_message
from newsgate.console.reviewer_option import reviewer_name, reviewer_option
from newsgate.console.settings_and_database import settings_and_database
from newsgate.foundation.errors import WrongUsageError

_LABELS = ("fake", "real")


@click.command("label", cls=ErrorReportingCommand)
@click.argument("item_and_label", nargs=-1, required=True, metavar="[ITEM] fake|real")
@row_options_to_change
@reviewer_option
@json_option("Print {item, batch, row, label, by, before} as one JSON object.")
def label(
    item_and_label: tuple[str, ...], *, batch: int | None, row: int | None, by: str | None, as_json: bool
) -> None:
    """Say that ITEM is fake, or that it is real.

    ITEM is the number that `newsgate results` and the report show in the column `item`; --batch and --row name it by
    its place in the file instead. The judgement is about the text, wherever it occurs; an earlier one is kept as
    history. `newsgate labels undo` takes it back.

    \b
    Examples:
      newsgate label 17 fake
      newsgate label --batch 3 --row 12 real
    """
    from newsgate.tasks.labelling.label_item import label_item

    *item, judgement = item_and_label
    if judgement not in _LABELS or len(item) > 1:
        raise WrongUsageError("the label is not said", remedy="Write: newsgate label ITEM fake, or real")
    choice = choose_item(item[0] if item else None, batch=batch, row=row)
    name = reviewer_name(by)
    with settings_and_database() as (_, database):
        done = label_item(database, choice, judgement, by=name)
    before = f"; {done.before.labelled_by} said {done.before.label} before" if done.before else ""
    if done.known:
        before = "; that was said already, and counts once"
    print_message(f"{item_line(done.item)} is {judgement}, says {name}{before}")
    if as_json:
        earlier = {"label": done.before.label, "by": done.before.labelled_by} if done.before else None
        click.echo(json.dumps({**item_figures(done.item), "label": judgement, "by": name, "before": earlier}))
