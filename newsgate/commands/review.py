"""`newsgate review`: one text after another, one key each."""

from __future__ import annotations

import shutil
import sys
import textwrap
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from newsgate.console.batch_choice import BATCH
from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.exit_codes import EXIT_SOME_ROWS_BAD
from newsgate.console.label_messages import RefusedRows, agreement_line, format_share, print_import_summary
from newsgate.console.messages import print_message, print_warning
from newsgate.console.output_file import open_output
from newsgate.console.parameter_types import FILE_NAME, POSITIVE_ROW_COUNT, StrictFloatRange
from newsgate.console.reviewer_option import reviewer_name, reviewer_option
from newsgate.console.settings_and_database import settings_and_database
from newsgate.foundation.errors import NewsgateError, WrongUsageError
from newsgate.foundation.printable_text import printable

if TYPE_CHECKING:
    from newsgate.db.review import Offer
    from newsgate.db.session import Database
    from newsgate.tasks.labelling.review_session import ReviewSession, Tally

_KEYS = {"f": "fake", "r": "real", "s": "skip", "u": "undo", "q": "quit", "\x04": "quit"}
_PROMPT = "f fake   r real   s skip   u undo   q quit > "
_SHOWN_CHARS = 4000
# Those of `tasks.reading.label_tools.recognise.TOOLS` that tasks can be written for.
_EXPORT_TOOLS = ("label-studio", "prodigy", "doccano")
_DEFAULT_LIMIT = 100


class NoTerminalError(NewsgateError):
    """Keys were to be read where there is no keyboard."""


@click.command("review", cls=ErrorReportingCommand)
@click.option("--batch", type=BATCH, metavar="BATCH", help="Only rows of this batch. [default: of all]")
@reviewer_option
@click.option(
    "--random-share",
    type=StrictFloatRange(0, 1),
    default=0.3,
    show_default=True,
    metavar="P",
    help="The share of rows picked at random. Only these may judge models.",
)
@click.option(
    "--limit", type=POSITIVE_ROW_COUNT, default=_DEFAULT_LIMIT, show_default=True, help="How many rows at most."
)
@click.option("--export", "sheet", type=click.Path(dir_okay=False, writable=True), help="Write the queue as CSV.")
@click.option(
    "--for", "tool", type=click.Choice(_EXPORT_TOOLS), help="Write it for this tool, with what the model says."
)
@click.option(
    "--import",
    "answers",
    type=FILE_NAME,
    metavar="FILE",
    help="Read such a file back, with fake or real in its last column.",
)
def review(
    *,
    batch: int | None,
    by: str | None,
    random_share: float,
    limit: int,
    sheet: str | None,
    tool: str | None,
    answers: str | None,
) -> None:
    """Judge texts, one key each: f fake, r real, s skip, u undo, q quit.

    The queue mixes texts the model is unsure of, texts on which a challenger disagrees, labels that look wrong,
    texts unlike those the model learned from, and a fixed share of random texts. Neither the model's verdict nor
    earlier labels are shown. Several people may review at once: no text is shown to two of them at the same time.

    \b
    Examples:
      newsgate review --limit 20
      newsgate review --batch 3 --random-share 1
    """
    if sheet and answers:
        raise WrongUsageError("--export and --import cannot go together", remedy="Use one after the other")
    if tool and not sheet:
        raise WrongUsageError("--for says for whom a file is written, and none is", remedy="Name it with --export FILE")
    if answers:
        _import_sheet(answers, by=reviewer_name(by), by_is_given=by is not None)
        return
    if not sheet and not sys.stdin.isatty():
        raise NoTerminalError(
            "reviewing needs a keyboard, and standard input is not a terminal",
            remedy="`newsgate review --export FILE` writes the queue for a spreadsheet",
        )
    name = reviewer_name(by)
    with settings_and_database() as (_, database):
        _check_batch(database, batch)
        if sheet:
            _export_sheet(database, sheet, tool=tool, batch=batch, random_share=random_share, limit=limit)
        else:
            _review(database, reviewer=name, batch=batch, random_share=random_share, limit=limit)


def _check_batch(database: Database, batch: int | None) -> None:
    from newsgate.db.batch_status import batch_status

    if batch is not None:
        with database.read() as connection:
            batch_status(connection, batch)


def _export_sheet(database: Database, path: str, *, tool: str | None, limit: int, **mix: Any) -> None:
    from newsgate.tasks.labelling.review_session import pick_without_leases
    from newsgate.tasks.labelling.spreadsheet_files import export_sheet
    from newsgate.tasks.labelling.tool_files import export_tasks

    picked = pick_without_leases(database, limit=limit, **mix)
    with open_output(path) as stream:
        count = export_sheet(picked, stream) if tool is None else export_tasks(picked, stream, tool=tool)
    todo = "write fake or real into the column label" if tool is None else f"label them in {tool}, export them there"
    print_message(f"{path}: {count} rows; {todo}, and read it with `newsgate review --import`")


def _import_sheet(path: str, *, by: str, by_is_given: bool) -> None:
    from newsgate.tasks.labelling.import_labels import LabelImporter

    with settings_and_database() as (settings, database):
        refused = RefusedRows()
        done = LabelImporter(database, settings, by=by, refuse=refused, by_is_given=by_is_given).read_sheet(path)
    refused.print_counts()
    print_import_summary(done)
    if done.refused or done.incomplete:
        raise SystemExit(EXIT_SOME_ROWS_BAD)


def _review(database: Database, *, reviewer: str, limit: int, **mix: Any) -> None:
    from newsgate.db.labels import count_pairs
    from newsgate.tasks.labelling.agreement import measure_agreement
    from newsgate.tasks.labelling.review_session import ReviewSession

    session = ReviewSession(database, reviewer=reviewer, **mix)
    try:
        _ask(session, database, limit=limit)
    finally:
        session.close()
        _print_tally(session.tally)
    with database.read() as connection:
        print_message(agreement_line(measure_agreement(count_pairs(connection))))


def _ask(session: ReviewSession, database: Database, *, limit: int) -> None:
    started = time.monotonic()
    while session.tally.seen < limit:
        offer = session.current()
        if offer is None:
            print_message("nothing is left to review")
            return
        beside = _columns_beside(database, offer.item.item)
        _show(offer, session.tally, beside=beside, limit=limit, seconds=time.monotonic() - started)
        action = _read_action()
        if action == "quit":
            return
        try:
            _act(session, action)
        except NewsgateError as error:
            print_warning(str(error))


def _act(session: ReviewSession, action: str) -> None:
    if action == "skip":
        session.skip()
    elif action != "undo":
        session.judge(action)
    elif not session.undo():
        print_message("there is nothing to undo in this session")


def _read_action() -> str:
    while True:
        click.echo(_PROMPT, nl=False, err=True)
        action = _KEYS.get(_read_key().lower(), "?")
        print_message(action)
        if action != "?":
            return action


def _read_key() -> str:
    try:
        return click.getchar()
    except EOFError:
        return "q"


def _columns_beside(database: Database, item: int) -> list[str]:
    from newsgate.tasks.labelling.columns_beside import columns_beside

    with database.read() as connection:
        return [printable(f"{name}: {value}") for name, value in columns_beside(connection, item)]


def _show(offer: Offer, tally: Tally, *, beside: Sequence[str], limit: int, seconds: float) -> None:
    rate = f", {60 * tally.seen / seconds:.0f} a minute" if tally.seen and seconds > 0 else ""
    own_id = f", id {printable(offer.item.external_id)}" if offer.item.external_id else ""
    print_message("")
    print_message(f"{tally.seen + 1} of {limit}{rate} - batch {offer.item.batch}, row {offer.item.row}{own_id}")
    for line in beside:
        print_message(f"  {line}")
    print_message("")
    print_message(_laid_out(offer.item.text))
    print_message("")


def _laid_out(text: str) -> str:
    """The text as a terminal can show it: no control characters, no line wider than the window, not too long."""
    width = max(shutil.get_terminal_size().columns - 4, 20)
    lines = [part for line in text[:_SHOWN_CHARS].splitlines() for part in textwrap.wrap(printable(line), width)]
    left = len(text) - _SHOWN_CHARS
    shown = [*lines, f"... and {left:,} more characters"] if left > 0 else lines
    return "\n".join(f"  {line}" for line in shown)


def _print_tally(tally: Tally) -> None:
    print_message(f"{tally.labelled} labelled, {tally.skipped} skipped")
    if tally.compared:
        print_message(f"agreement with the model: {format_share(tally.agreed, tally.compared)}")
    if tally.random_compared:
        print_message(f"on the random ones alone: {format_share(tally.random_agreed, tally.random_compared)}")
