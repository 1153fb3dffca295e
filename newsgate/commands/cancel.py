"""`newsgate cancel`: a batch that is not classified any further."""

from __future__ import annotations

import json

import click

from newsgate.console.batch_choice import BATCH_TO_CHANGE
from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.json_option import json_option
from newsgate.console.messages import print_message
from newsgate.console.settings_and_database import settings_and_database


@click.command("cancel", cls=ErrorReportingCommand)
@click.argument("batch", type=BATCH_TO_CHANGE)
@json_option("Print {batch, run, model, state, cancelled} as one JSON object.")
def cancel(batch: int, *, as_json: bool) -> None:
    """Stop classifying BATCH; the verdicts it has so far stay.

    \b
    Example:
      newsgate cancel 3
    """
    from newsgate.db.batch_status import batch_status
    from newsgate.db.batches import cancel_run

    with settings_and_database() as (_, database), database.write() as connection:
        state = batch_status(connection, batch)
        cancelled = cancel_run(connection, state.run)
    print_message(f"batch {batch} is cancelled" if cancelled else f"batch {batch} was {state.state} already")
    if as_json:
        outcome = {"state": "cancelled" if cancelled else state.state, "cancelled": cancelled}
        click.echo(json.dumps({"batch": batch, "run": state.run, "model": state.model, **outcome}))
