"""`newsgate resume`: a paused batch goes on."""

from __future__ import annotations

from typing import Any

import click

from newsgate.console.batch_choice import BATCH_TO_CHANGE
from newsgate.console.batch_filter import batch_filter_options, chosen_batches
from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.json_option import json_option, print_outcome
from newsgate.console.messages import print_message
from newsgate.console.settings_and_database import settings_and_database


@click.command("resume", cls=ErrorReportingCommand)
@click.argument("batch", type=BATCH_TO_CHANGE, required=False)
@batch_filter_options(("paused",))
@json_option("Print {batch, run, model, resumed} as one JSON object for each batch.")
def resume(batch: int | None, *, as_json: bool, **asked: Any) -> None:
    """Let BATCH go on after `newsgate pause`.

    \b
    Examples:
      newsgate resume 3
      newsgate resume --state paused --yes
    """
    from newsgate.tasks.classifying.steer_batch import resume_batch

    with settings_and_database() as (settings, database):
        for each in chosen_batches(database, batch, asked, verb="resumed", among=("paused",)):
            status, resumed = resume_batch(each, settings=settings, database=database)
            if resumed:
                print_message(f"batch {each} goes on")
            else:
                print_message(f"batch {each} is {status.state} and was not paused")
            if as_json:
                print_outcome(status, resumed=resumed)
