"""The program `enqueue`: files of texts into the database, and the workers rung."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from newsgate.console.enqueue_files import choose_files, enqueue_one, request_for, telling_what_is_stored
from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.exit_codes import EXIT_SOME_ROWS_BAD
from newsgate.console.file_reading_options import file_reading_options, make_read_options
from newsgate.console.help_settings import HELP_SETTINGS
from newsgate.console.keep_option import keep_option
from newsgate.console.label_options import label_options_of_files
from newsgate.console.messages import print_message
from newsgate.console.parameter_types import FILE_NAME, MODEL_NUMBER, PRIORITY, UTF8_TEXT
from newsgate.console.settings_and_database import settings_and_database
from newsgate.foundation.errors import WrongUsageError
from newsgate.foundation.process_end import collect_seldom, end_quickly
from newsgate.foundation.standard_streams import open_missing_streams, write_every_character

if TYPE_CHECKING:
    from newsgate.db.batch_status import BatchStatus
    from newsgate.db.session import Database
    from newsgate.model.labels import Label
    from newsgate.tasks.enqueueing.input_files import InputFile
    from newsgate.tasks.enqueueing.request import Enqueued, Request
    from newsgate.worker.settings import Settings


_FIGURES = ("batch", "run", "model", "items", "rejected", "other_language")


@click.command("enqueue", cls=ErrorReportingCommand, context_settings=HELP_SETTINGS)
@click.argument("files", nargs=-1, required=True, type=FILE_NAME, metavar="FILE...")
@file_reading_options
@keep_option
@label_options_of_files
@click.option("--name", type=UTF8_TEXT, metavar="TEXT", help="What the batch is called. [default: the file's name]")
@click.option("--model", type=MODEL_NUMBER, metavar="N", help="The model to classify with. [default: the champion]")
@click.option(
    "--priority",
    type=PRIORITY,
    default=10,
    show_default=True,
    metavar="N",
    help="Its share of the turns while other batches wait too, 1 to 100.",
)
@click.option(
    "--notify",
    multiple=True,
    metavar="ADDRESS",
    type=UTF8_TEXT,
    help="Who is told when every row has its verdict: an http or https address, or `command`.",
)
@click.option("--again", is_flag=True, help="Enqueue the file again, even if it was enqueued before.")
@click.option("--wait", is_flag=True, help="Stay until every row has its verdict.")
@click.option("--dry-run", is_flag=True, help="Show what is in FILE and what would be enqueued; store nothing.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print {batch, run, model, items, rejected, other_language} as one JSON object; of several files, a list.",
)
def enqueue(
    files: tuple[str, ...],
    *,
    labels_of_files: tuple[Label, ...],
    name: str | None,
    model: int | None,
    priority: int,
    notify: tuple[str, ...],
    again: bool,
    wait: bool,
    dry_run: bool,
    as_json: bool,
    **reading: Any,
) -> None:
    """Put the rows of FILE into the database and ring the workers.

    FILE is a table, JSON or plain text, also in a .zip, .gz, .bz2, .xz or .zst; - reads standard input. Rows that
    cannot be used are refused one by one, with their reason. The rows beside them are stored. After an interruption,
    run the same command again: it goes on where it stopped.

    Several files, patterns such as 'posts-*.csv' and folders become a batch for each file. A file that cannot be read
    stops no other.

    \b
    Exit codes: 0 done, 1 an error, 2 wrong usage, 3 done but some rows were refused or failed.

    \b
    Examples:
      enqueue posts.csv
      enqueue --text-column body --id-column guid export.jsonl.gz
      enqueue exports/ more-posts.csv
      enqueue --priority 50 --notify https://hooks.example.org/done posts.csv
      zcat big.csv.gz | enqueue --name big --wait -
    """
    chosen = choose_files(files, labels_of_files)
    if dry_run:
        from newsgate.console.dry_run import show_what_would_be_enqueued

        raise SystemExit(show_what_would_be_enqueued(chosen, as_json=as_json, reading=reading))
    from newsgate.tasks.enqueueing.request import Request

    targets = _checked_targets(notify)
    if chosen.are_several and name is not None:
        raise WrongUsageError("--name is for one file", remedy="Leave it out: each batch is called as its file is")
    with settings_and_database() as (settings, database):
        options = make_read_options(settings.max_text_chars, **reading)
        request = Request(
            path="", options=options, name=name, model=model, again=again, priority=priority, notify=targets
        )
        if chosen.are_several:
            code = _enqueue_several(chosen.files, request, settings, database, wait=wait, as_json=as_json)
        else:
            code = _enqueue_one(chosen.files[0], request, settings, database, wait=wait, as_json=as_json)
    if code:
        raise SystemExit(code)


def _checked_targets(notify: tuple[str, ...]) -> tuple[str, ...]:
    if not notify:
        return ()
    from newsgate.tasks.notifying.target import check_target

    return tuple(dict.fromkeys(map(check_target, notify)))


def _enqueue_one(
    file: InputFile, like: Request, settings: Settings, database: Database, *, wait: bool, as_json: bool
) -> int:
    from newsgate.tasks.enqueueing.request import once_stored

    with telling_what_is_stored():
        done = enqueue_one(request_for(file, like), settings, database)
        with once_stored(done.batch, items=done.items):
            _print_batch(file, done, database, as_json=as_json)
            failed = _wait(database, done).failed if wait else 0
    return EXIT_SOME_ROWS_BAD if done.rejected or done.incomplete or failed else 0


def _print_batch(file: InputFile, done: Enqueued, database: Database, *, as_json: bool) -> None:
    if not as_json:
        click.echo(done.batch)
        return
    from newsgate.console.file_outcomes import FileOutcome

    figures = FileOutcome.of_enqueued(file.path, done, database).figures()
    click.echo(json.dumps({key: figures[key] for key in _FIGURES}))


def _wait(database: Database, done: Enqueued) -> BatchStatus:
    from newsgate.console.wait_for_batch import wait_with_progress

    return wait_with_progress(database, done.batch, model=done.model)


def _enqueue_several(
    files: Sequence[InputFile], like: Request, settings: Settings, database: Database, *, wait: bool, as_json: bool
) -> int:
    from newsgate.console.file_outcomes import enqueue_each, exit_code_of, print_files_summary, wait_for_outcome

    outcomes = []
    try:
        for outcome in enqueue_each(files, like, settings, database):
            outcomes.append(outcome)
            if outcome.batch is not None and not as_json:
                click.echo(outcome.batch)
    except KeyboardInterrupt:
        rest = "" if like.again else "; the same command goes on from there"
        print_message(f"stopped: {len(outcomes)} of {len(files)} files are through{rest}")
        raise
    if as_json:
        click.echo(json.dumps([each.figures() for each in outcomes]))
    try:
        ended = [wait_for_outcome(each, database) if wait and not each.known else (each, None) for each in outcomes]
    except KeyboardInterrupt:
        print_message("stopped: what could be read is stored; `newsgate status` shows how far it is")
        raise
    print_files_summary([outcome for outcome, _ in ended])
    return exit_code_of(ended)


def main() -> None:
    """The entry point of the program `enqueue`."""
    open_missing_streams()
    write_every_character()
    collect_seldom()
    end_quickly()
    enqueue(prog_name="enqueue")
