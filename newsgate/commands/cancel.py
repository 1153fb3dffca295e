"""`newsgate cancel`: a batch that is not classified any further."""

from __future__ import annotations

from typing import Any

import click

from newsgate.console.batch_choice import BATCH_TO_CHANGE
from newsgate.console.batch_filter import UNDER_WAY, batch_filter_options, chosen_batches
from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.json_option import json_option, print_outcome
from newsgate.console.messages import print_message
from newsgate.console.settings_and_database import settings_and_database


@click.command("cancel", cls=ErrorReportingCommand)
@click.argument("batch", type=BATCH_TO_CHANGE, required=False)
@batch_filter_options(UNDER_WAY)
@json_option("Print {batch, run, model, state, cancelled} as one JSON object for each batch.")
def cancel(batch: int | None, *, as_json: bool, **asked: Any) -> None:
    """Stop classifying BATCH; the verdicts it has so far stay.

    \b
    Examples:
      newsgate cancel 3
      newsgate cancel --state paused --older-than 30 --yes
    """
    from newsgate.tasks.classifying.steer_batch import cancel_batch

    with settings_and_database() as (_, database):
        for each in chosen_batches(database, batch, asked, verb="cancelled", among=UNDER_WAY):
            status, cancelled = cancel_batch(database, each)
            print_message(f"batch {each} is cancelled" if cancelled else f"batch {each} was {status.state} already")
            if as_json:
                print_outcome(status, state="cancelled" if cancelled else status.state, cancelled=cancelled)
