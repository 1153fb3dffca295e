"""`newsgate rollback`: the champion before this one."""

from __future__ import annotations

import json

import click

from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.json_option import json_option
from newsgate.console.messages import print_message
from newsgate.console.parameter_types import UTF8_TEXT
from newsgate.console.settings_and_database import settings_and_database


@click.command("rollback", cls=ErrorReportingCommand)
@click.option(
    "--reason",
    type=UTF8_TEXT,
    default="rolled back by hand",
    show_default=True,
    metavar="TEXT",
    help="Why; it is recorded.",
)
@json_option("Print {champion, before} as one JSON object.")
def rollback(*, reason: str, as_json: bool) -> None:
    """Make the previous champion the champion again.

    New batches use it at once. Batches under way keep the model they began with. Run again, it goes back one more.

    \b
    Example:
      newsgate rollback
    """
    from newsgate.db.promotions import roll_back

    with settings_and_database() as (_, database), database.write() as connection:
        champion, before = roll_back(connection, reason=reason)
    print_message(f"model {champion} is champion again, after model {before}")
    if as_json:
        click.echo(json.dumps({"champion": champion, "before": before}))
