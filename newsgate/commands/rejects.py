"""`newsgate rejects`: the rows of a batch's file that were refused, and why."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import PurePath
from typing import IO, TYPE_CHECKING

import click

from newsgate.console.batch_choice import BATCH
from newsgate.console.console_table import one_line
from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.messages import print_message
from newsgate.console.output_file import open_output
from newsgate.console.parameter_types import ROW_COUNT
from newsgate.console.settings_and_database import settings_and_database
from newsgate.foundation.errors import WrongUsageError

if TYPE_CHECKING:
    from newsgate.db.results import Reject

_COLUMNS = ("row", "reason", "raw")
_FORMS_BY_ENDING = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_REASON_CHARS = 48
_RAW_CHARS = 60


@click.command("rejects", cls=ErrorReportingCommand)
@click.argument("batch", type=BATCH)
@click.option("--limit", type=ROW_COUNT, metavar="N", help="Only the first N rows.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "jsonl"]),
    help="[default: by the ending of -o FILE; else table on a terminal, else csv]",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a row, as --format jsonl.")
@click.option("--raw", is_flag=True, help="In csv, do not change cells that a spreadsheet would take for formulas.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, writable=True), help="Write there instead of printing.")
def rejects(batch: int, *, limit: int | None, form: str | None, as_json: bool, raw: bool, output: str | None) -> None:
    """Print the rows of BATCH's file that were refused: the number of each, the reason, and the row as it stood.

    The number is the line of the file, the record of a JSON document or the row of a sheet. Long rows are shortened.

    \b
    Examples:
      newsgate rejects latest
      newsgate rejects posts.csv --format csv
    """
    from newsgate.db.batch_status import batch_status
    from newsgate.db.results import stream_rejects

    form = _choose_form(form, as_json=as_json, output=output)
    with settings_and_database() as (_, database), database.read() as connection:
        count = batch_status(connection, batch).rejected
        with open_output(output) as stream:
            rows = stream_rejects(connection, batch, limit=limit)
            if form == "csv":
                _write_csv(rows, stream, raw=raw)
            else:
                {"table": _write_table, "jsonl": _write_jsonl}[form](rows, stream)
    if not count:
        print_message(f"batch {batch}: no row was refused")
    elif limit is not None and limit < count:
        print_message(f"batch {batch}: {limit} of {count} refused rows")


def _choose_form(form: str | None, *, as_json: bool, output: str | None) -> str:
    if as_json and form not in (None, "jsonl"):
        raise WrongUsageError(f"--json and --format {form} cannot go together", remedy="Give one of them")
    if as_json or form is not None:
        return form or "jsonl"
    if output is None:
        return "table" if sys.stdout.isatty() else "csv"
    ending = PurePath(output).suffix.casefold()
    if output == "-" or not ending:
        return "csv"
    if ending not in _FORMS_BY_ENDING:
        raise WrongUsageError(
            f"{output}: refused rows are written as .csv or .jsonl, not as {ending}",
            remedy="Change the ending, or say the form: --format csv",
        )
    return _FORMS_BY_ENDING[ending]


def _write_table(rows: Iterable[Reject], stream: IO[str]) -> None:
    stream.write(f"{'row':>7}  {'reason':{_REASON_CHARS}}  raw\n")
    for each in rows:
        reason = one_line(each.reason, most_chars=1000)
        stream.write(f"{each.row:>7}  {reason:{_REASON_CHARS}}  {one_line(each.raw, most_chars=_RAW_CHARS)}".rstrip())
        stream.write("\n")


def _write_csv(rows: Iterable[Reject], stream: IO[str], *, raw: bool) -> None:
    from newsgate.tasks.labelling.spreadsheet_files import guard_cell, row_writer

    guard = (lambda cell: cell) if raw else guard_cell
    write_row = row_writer(stream)
    write_row(_COLUMNS)
    for each in rows:
        write_row((each.row, guard(each.reason), guard(each.raw)))


def _write_jsonl(rows: Iterable[Reject], stream: IO[str]) -> None:
    for each in rows:
        stream.write(json.dumps(asdict(each), ensure_ascii=False) + "\n")
