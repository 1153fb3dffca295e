"""`newsgate flips`: what changed between two models on a batch."""

from __future__ import annotations

import json

import click

from newsgate.console.batch_choice import BATCH
from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.flip_report import flip_figures, flips_option, print_flip_report
from newsgate.console.parameter_types import MODEL_NUMBER
from newsgate.console.settings_and_database import settings_and_database
from newsgate.foundation.errors import WrongUsageError


@click.command("flips", cls=ErrorReportingCommand)
@click.argument("batch", type=BATCH)
@click.option("--models", metavar="A,B", help="Compare these. [default: the batch's last two]")
@flips_option
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def flips(batch: int, *, models: str | None, flips: int, as_json: bool) -> None:
    """Compare the verdicts of two models on BATCH: how many labels changed, and the rows where both are surest.

    \b
    Example:
      newsgate flips 3
    """
    from newsgate.tasks.classifying.reclassify import report_flips

    pair = _two_models(models) if models is not None else None
    with settings_and_database() as (_, database):
        report = report_flips(database, batch, models=pair, limit=flips)
    if as_json:
        click.echo(json.dumps(flip_figures(report)))
    else:
        print_flip_report(report)


def _two_models(models: str) -> tuple[int, int]:
    numbers = [number for each in models.split(",") if (number := MODEL_NUMBER.parse(each)) is not None]
    if len(numbers) != 2 or models.count(",") != 1:
        raise WrongUsageError(f"--models cannot be {models!r}", remedy="Give two numbers, for example --models 1,2")
    return numbers[0], numbers[1]
