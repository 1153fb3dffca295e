"""The program `enqueue`: a file of texts into the database, and the workers rung."""

from __future__ import annotations

import json
from typing import Any

import click

from newsgate.console.error_reporting import CONTEXT, EXIT_SOME_ROWS_BAD, Telling, opened, tell
from newsgate.console.file_reading_options import draw_reading, read_options, reading_options, tell_enqueued
from newsgate.console.parameter_types import MODEL
from newsgate.console.text_type import UTF8_TEXT


@click.command("enqueue", cls=Telling, context_settings=CONTEXT)
@click.argument("file")
@reading_options
@click.option("--name", type=UTF8_TEXT, metavar="TEXT", help="What the batch is called. [default: the file's name]")
@click.option("--model", type=MODEL, metavar="N", help="The model to classify with. [default: the champion]")
@click.option("--again", is_flag=True, help="Enqueue the file although it was enqueued before.")
@click.option("--wait", is_flag=True, help="Stay until every row has its verdict.")
@click.option("--json", "as_json", is_flag=True, help="Print {batch, run, model, items, rejected} as one JSON object.")
def enqueue(
    file: str, *, name: str | None, model: int | None, again: bool, wait: bool, as_json: bool, **reading: Any
) -> None:
    """Put the rows of FILE into the database and ring the workers.

    FILE is .csv, .tsv or .jsonl, each also .gz; - reads standard input. Rows that cannot be used are refused one by
    one, with their reason, and never cost the rows beside them. Run again after an interruption, the same command
    goes on where it stopped.

    \b
    Exit codes: 0 done, 1 an error, 2 wrong usage, 3 done but some rows were refused or failed.

    \b
    Examples:
      enqueue posts.csv
      enqueue --text-column body --id-column guid export.jsonl.gz
      zcat big.csv.gz | enqueue --name big --wait -
    """
    from newsgate.console.progress_line import ProgressLine
    from newsgate.console.wait_for_batch import wait_and_tell
    from newsgate.tasks.enqueueing.enqueue import enqueue as enqueue_file
    from newsgate.tasks.enqueueing.request import EnqueueInterruptedError, Request

    with opened() as (settings, database):
        request = Request(
            path=file,
            options=read_options(settings.max_text_chars, **reading),
            name=name,
            model=model,
            again=again,
        )
        try:
            with ProgressLine("reading") as line:
                done = enqueue_file(request, settings=settings, database=database, progress=draw_reading(line))
        except EnqueueInterruptedError as stopped:
            tell(f"stopped: batch {stopped.batch} holds {stopped.items} rows; the same command goes on from there")
            raise
        except KeyboardInterrupt:
            tell("stopped: nothing was stored")
            raise
        tell_enqueued(done, database)
        if as_json:
            figures = {"batch": done.batch, "run": done.run, "model": done.model}
            click.echo(json.dumps({**figures, "items": done.items, "rejected": done.rejected}))
        else:
            click.echo(done.batch)
        failed = wait_and_tell(database, done.batch, model=done.model).failed if wait else 0
    if done.rejected or done.incomplete or failed:
        raise SystemExit(EXIT_SOME_ROWS_BAD)


def main() -> None:
    """The entry point of the program `enqueue`."""
    enqueue(prog_name="enqueue")
