"""`newsgate purge`: rows of files that are no longer to be kept."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from newsgate.console.batch_choice import BATCH_TO_CHANGE
from newsgate.console.batch_filter import MOST_DAYS, OVER, UNDER_WAY, batch_filter_options, filter_of
from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.messages import print_message, print_warning
from newsgate.console.parameter_types import FILE_NAME, WholeNumberRange
from newsgate.console.progress_line import ProgressLine
from newsgate.console.purge_messages import batch_purge_lines, missing_lines, space_line, text_purge_lines
from newsgate.console.settings_and_database import settings_and_database
from newsgate.foundation.errors import WrongUsageError

if TYPE_CHECKING:
    from newsgate.db.batch_selection import BatchFilter
    from newsgate.db.session import Database


@click.command("purge", cls=ErrorReportingCommand)
@click.argument("batch", type=BATCH_TO_CHANGE, required=False)
@click.option(
    "--older-than",
    "days",
    type=WholeNumberRange(1, MOST_DAYS),
    metavar="DAYS",
    help="Every batch that was enqueued more than DAYS days ago.",
)
@batch_filter_options((*UNDER_WAY, *OVER), with_age_and_consent=False)
@click.option(
    "--text",
    "file",
    type=FILE_NAME,
    metavar="FILE",
    help="The text in FILE, or those in its rows, wherever they occur.",
)
@click.option("--missing", is_flag=True, help="Write off what was deleted by hand, as `newsgate audit` shows it.")
@click.option(
    "--text-column", "text_columns", multiple=True, metavar="NAME", help="With --text: the column. [default: guessed]"
)
@click.option("--labels", is_flag=True, help="Delete too what people said about these texts.")
@click.option("--dry-run", is_flag=True, help="Say what would be deleted, and delete nothing.")
@click.option("--yes", is_flag=True, help="Delete without asking.")
@click.option("--vacuum", is_flag=True, help="Give the space back to the disk at the end. SQLite only.")
@click.option("--json", "as_json", is_flag=True, help="Print what is deleted as one JSON object.")
def purge(batch: int | None, *, vacuum: bool, as_json: bool, **asked: Any) -> None:
    """Delete the rows of BATCH for ever: texts, verdicts and refused rows. The batch stays listed, as purged.

    It first stops classifying the batch. Workers go on with everything else. After an interruption the same command
    goes on. To enqueue the file again makes a new batch.

    \b
    Examples:
      newsgate purge 3                      one batch
      newsgate purge --older-than 365 --yes what is older than a year, without asking
      newsgate purge --state cancelled      every batch that was cancelled
      newsgate purge --text letter.txt      the text in this file, in whatever batch
      newsgate purge --text erase.csv       each text of a CSV, TSV or JSONL file
    """
    file, missing, wanted = asked["file"], asked["missing"], filter_of(asked)
    if sum((batch is not None, not wanted.says_nothing, file is not None, missing)) != 1:
        raise WrongUsageError(
            "what to purge is not said once",
            remedy="Give one of BATCH, --older-than DAYS with --state and --name, --text FILE and --missing",
        )
    if missing and asked["labels"]:
        raise WrongUsageError("--labels goes with texts", remedy="Leave --labels or --missing out")
    consent = _Consent(dry_run=asked["dry_run"], yes=asked["yes"])
    with settings_and_database() as (settings, database):
        if missing:
            figures = _purge_missing(database, consent)
        elif file is not None:
            figures = _purge_texts(database, settings, consent, **asked)
        else:
            figures = _purge_batches(database, consent, batch=batch, wanted=wanted, labels=asked["labels"])
        if not consent.dry_run:
            _settle(database, vacuum=vacuum)
    if as_json:
        click.echo(json.dumps({**figures, "dry_run": consent.dry_run}))


class _Consent:
    """Whether what a person was told may be done."""

    def __init__(self, *, dry_run: bool, yes: bool) -> None:
        self.dry_run = dry_run
        self._yes = yes

    def to(self, lines: list[str]) -> bool:
        """Say what would be deleted and ask; gives whether to do it. Raises WrongUsageError where nobody can answer."""
        for line in lines:
            print_message(line)
        if self.dry_run or self._yes:
            return self._yes and not self.dry_run
        if not sys.stdin.isatty():
            raise WrongUsageError("nothing is deleted: nobody is there to be asked", remedy="Say --yes, or --dry-run")
        return click.confirm("Delete this for ever?", default=False, abort=True, err=True)


def _purge_batches(
    database: Database, consent: _Consent, *, batch: int | None, wanted: BatchFilter, labels: bool
) -> dict[str, Any]:
    from newsgate.tasks.storage.purge_batches import plan_batch_purge, purge_batches

    plan = plan_batch_purge(database, batch=batch, wanted=wanted, with_labels=labels)
    figures = {
        "batches": [
            {"batch": b.batch, "name": b.name, "rows": b.items, "refused": b.rejects, "verdicts": b.verdicts}
            for b in plan.batches
        ],
        "labels": plan.labels,
    }
    if not plan.batches:
        print_message(_nothing_there(wanted) if batch is None else f"batch {batch} was purged already")
    elif consent.to(batch_purge_lines(plan, with_labels=labels)):
        with ProgressLine("deleting") as line:
            dropped = purge_batches(
                plan,
                database=database,
                tell=lambda rows, of: line.draw(rows, of, note=f"{rows} of {of} rows"),
            )
        whole = f"; whole partitions that are dropped: {dropped}" if dropped else ""
        print_message(f"deleted: {plan.rows} rows{whole}")
    return figures


def _nothing_there(wanted: BatchFilter) -> str:
    is_of_age_alone = not wanted.states and wanted.name is None
    return "no batch is that old" if is_of_age_alone else "no such batch is there"


def _purge_texts(database: Database, settings: Any, consent: _Consent, **asked: Any) -> dict[str, Any]:
    from newsgate.tasks.reading import ReadOptions
    from newsgate.tasks.storage.purge_texts import plan_text_purge, purge_texts, read_texts

    options = ReadOptions(text_columns=asked["text_columns"], max_text_chars=settings.max_text_chars)
    texts = read_texts(asked["file"], options=options, settings=settings)
    plan = plan_text_purge(texts, database=database, with_labels=asked["labels"])
    figures = {
        "batches": [
            {"batch": number, "name": plan.names[number], "rows": len(found)} for number, found in plan.items.items()
        ],
        "refused": len(plan.refused),
        "labels": plan.labels,
    }
    if not (plan.rows or plan.refused or plan.labels):
        print_message(f"{asked['file']}: nothing of it is stored")
    elif consent.to(text_purge_lines(plan, with_labels=asked["labels"])):
        purge_texts(plan, database=database, settings=settings)
        print_message(f"deleted: {plan.rows} rows")
    return figures


def _purge_missing(database: Database, consent: _Consent) -> dict[str, Any]:
    from newsgate.tasks.storage.write_off import find_missing, write_off_missing

    found = find_missing(database)
    figures: dict[str, Any] = {"remains": 0, "rows": 0}
    if not (found.remains or found.batches):
        print_message("nothing is missing")
    elif consent.to(missing_lines(found)):
        done = write_off_missing(database)
        figures = {"remains": done.remains, "rows": done.rows}
        print_message(f"written off: {done.rows} rows of files; {done.remains} rows that they left behind are deleted")
    return figures


def _settle(database: Database, *, vacuum: bool) -> None:
    from newsgate.tasks.storage.free_space import settle

    space = settle(database, vacuum=vacuum)
    if space is None:
        if vacuum:
            print_warning("--vacuum is for SQLite: PostgreSQL's autovacuum frees the space for new rows by itself")
        return
    print_message(space_line(space, vacuumed=vacuum))
    if not space.is_settled:
        print_warning("somebody reads all the time, so the journal is not emptied: what was deleted can be read in it")
