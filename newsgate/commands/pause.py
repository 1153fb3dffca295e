"""`newsgate pause`: a batch that stands still for a while."""

from __future__ import annotations

from typing import Any

import click

from newsgate.console.batch_choice import BATCH_TO_CHANGE
from newsgate.console.batch_filter import UNDER_WAY, batch_filter_options, chosen_batches
from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.json_option import json_option, print_outcome
from newsgate.console.messages import print_message
from newsgate.console.settings_and_database import settings_and_database


@click.command("pause", cls=ErrorReportingCommand)
@click.argument("batch", type=BATCH_TO_CHANGE, required=False)
@batch_filter_options(UNDER_WAY)
@json_option("Print {batch, run, model, state, paused} as one JSON object for each batch.")
def pause(batch: int | None, *, as_json: bool, **asked: Any) -> None:
    """Begin no more rows of BATCH until `newsgate resume`.

    What is being worked on ends, which takes some seconds at most. Other batches go on.

    \b
    Examples:
      newsgate pause 3
      newsgate pause --name 'archive-*' --yes
    """
    from newsgate.tasks.classifying.steer_batch import pause_batch

    with settings_and_database() as (_, database):
        for each in chosen_batches(database, batch, asked, verb="paused", among=("queued", "running")):
            status, paused = pause_batch(database, each)
            if paused:
                print_message(f"batch {each} is paused: `newsgate resume {each}` goes on")
            else:
                print_message(f"batch {each} was {status.state} already")
            if as_json:
                print_outcome(status, state="paused" if paused else status.state, paused=paused)
