"""`newsgate priority`: how many turns a batch has beside the others."""

from __future__ import annotations

import click

from newsgate.console.batch_choice import BATCH_TO_CHANGE
from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.json_option import json_option, print_outcome
from newsgate.console.messages import print_message
from newsgate.console.parameter_types import PRIORITY
from newsgate.console.settings_and_database import settings_and_database


@click.command("priority", cls=ErrorReportingCommand)
@click.argument("batch", type=BATCH_TO_CHANGE)
@click.argument("priority", type=PRIORITY, metavar="N")
@json_option("Print {batch, run, model, state, priority, changed} as one JSON object.")
def priority(batch: int, priority: int, *, as_json: bool) -> None:
    """Give BATCH a priority from 1 to 100, from now on; every batch begins with 10.

    While several batches wait, workers take turns between them. One of 20 has twice as many rows classified meanwhile
    as one of 10.

    \b
    Example:
      newsgate priority 3 50
    """
    from newsgate.tasks.classifying.steer_batch import give_priority

    with settings_and_database() as (_, database):
        status, changed = give_priority(database, batch, priority)
    if changed:
        print_message(f"batch {batch} has priority {priority}, after {status.priority}")
    else:
        print_message(f"batch {batch} was {status.state} already")
    if as_json:
        now = priority if changed else status.priority
        print_outcome(status, state=status.state, priority=now, changed=changed)
