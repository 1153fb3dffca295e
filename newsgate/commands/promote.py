"""`newsgate promote`: a model becomes the champion."""

from __future__ import annotations

import json

import click

from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.json_option import json_option
from newsgate.console.messages import print_message
from newsgate.console.parameter_types import MODEL_NUMBER, UTF8_TEXT
from newsgate.console.settings_and_database import settings_and_database


@click.command("promote", cls=ErrorReportingCommand)
@click.argument("number", type=MODEL_NUMBER)
@click.option("--reason", type=UTF8_TEXT, required=True, metavar="TEXT", help="Why; it is recorded with the decision.")
@json_option("Print {champion, before} as one JSON object.")
def promote(number: int, *, reason: str, as_json: bool) -> None:
    """Make model NUMBER the champion.

    New batches use it at once. Batches under way keep the model they began with.

    \b
    Example:
      newsgate promote 2
    """
    from newsgate.db.promotions import promote as make_champion

    with settings_and_database() as (_, database), database.write() as connection:
        before = make_champion(connection, number, reason=reason, figures={})
    print_message(f"model {number} is champion" + (f", after model {before}" if before else ""))
    if as_json:
        click.echo(json.dumps({"champion": number, "before": before}))
