"""Commands that look at batches: status, results, cancel."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from operator import attrgetter
from typing import IO, TYPE_CHECKING, Any

import click

from newsgate.console.drift_table import show_drift
from newsgate.console.error_reporting import Telling, one_line, opened, print_table, tell, written
from newsgate.console.max_error_option import max_error_option, tell_unsure
from newsgate.console.parameter_types import ANY_ROWS, BATCH, MODEL, SOME_ROWS, Share
from newsgate.foundation.errors import WrongUsageError

if TYPE_CHECKING:
    from newsgate.db.batch_status import BatchStatus
    from newsgate.db.results import Result, ResultFilter
    from newsgate.db.session import Database

_TABLE_TEXT_CHARS = 72
# Columns whose content comes from the file, or from whatever failed on it.
_WRITTEN_BY_OTHERS = ("external_id", "text", "error")


@click.command("status", cls=Telling)
@click.argument("batch", type=BATCH, required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a batch.")
@click.option("--limit", type=SOME_ROWS, default=20, show_default=True, help="Batches shown without BATCH.")
@click.option("--drift", is_flag=True, help="Instead: how the scores of late compare with those of the training.")
@click.option(
    "--days", type=click.IntRange(1, 3660), default=14, show_default=True, metavar="N", help="Days --drift looks at."
)
def status(batch: int | None, *, as_json: bool, limit: int, drift: bool, days: int) -> None:
    """How far batches are: all of the latest, or every run of one BATCH with its refused rows."""
    from newsgate.db.batch_status import batch_runs, list_batches
    from newsgate.db.results import read_rejects

    if drift:
        if batch is not None:
            raise WrongUsageError("--drift is about days, not about one batch", remedy="Leave BATCH or --drift out")
        show_drift(days=days, as_json=as_json)
        return
    with opened() as (_, database), database.read() as connection:
        found = list_batches(connection, limit=limit) if batch is None else batch_runs(connection, batch)
        refused = [] if batch is None or as_json else read_rejects(connection, batch, limit=20)
    if as_json:
        # Of one batch, the latest run alone: one object, whatever became of the batch before.
        for each in found if batch is None else found[:1]:
            click.echo(json.dumps(_figures(each)))
        return
    if not found:
        tell("no batches yet: `enqueue FILE` makes one")
        return
    headers = ("batch", "name", "model", "state", "total", "done", "failed", "rejected", "created")
    rows = [
        (b.batch, b.name, b.model, b.state, b.total, b.done, b.failed, b.rejected, f"{b.created_at:%Y-%m-%d %H:%M}")
        for b in found
    ]
    print_table(headers, rows, right=frozenset(headers) - {"name", "state", "created"})
    for reject in refused:
        tell(f"row {reject.row} was refused: {reject.reason}")
    if batch is not None and found[0].rejected > len(refused):
        tell(f"and {found[0].rejected - len(refused)} more, in the table `rejects`")


@click.command("results", cls=Telling)
@click.argument("batch", type=BATCH)
@click.option("--label", type=click.Choice(["fake", "real", "unsure"]), help="Only rows with this verdict.")
@click.option("--min-score", type=Share(0.5, 1.0), help="Only rows at least this sure of their label.")
@max_error_option(help="Call rows `unsure`, so that at most about this share of the other labels is wrong.")
@click.option("--model", type=MODEL, metavar="N", help="This model's verdicts. [default: the latest]")
@click.option("--limit", type=ANY_ROWS, help="Only the first so many rows.")
@click.option(
    "--format", "form", type=click.Choice(["table", "csv", "jsonl"]), help="[default: table on a terminal, else csv]"
)
@click.option("--raw", is_flag=True, help="In csv, leave cells as they are that a spreadsheet takes for formulas.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, writable=True), help="Write there instead of printing.")
def results(
    batch: int,
    *,
    label: str | None,
    min_score: float | None,
    max_error: float | None,
    model: int | None,
    limit: int | None,
    form: str | None,
    raw: bool,
    output: str | None,
) -> None:
    """The verdicts of BATCH, in the order of its file.

    csv and jsonl carry every column of the database's view `results`; the table is for reading. In csv a single quote
    goes before a cell that a spreadsheet would take for a formula.
    """
    from newsgate.db.batch_status import batch_status
    from newsgate.db.results import ResultFilter
    from newsgate.tasks.models.abstention import threshold_of

    if label == "unsure" and max_error is None:
        raise WrongUsageError("no row is unsure by itself", remedy="Say with --max-error E which error you put up with")
    with opened() as (_, database):
        with database.read() as connection:
            state = batch_status(connection, batch, model=model)
        threshold = None if max_error is None else threshold_of(database, state.model, max_error=max_error)
        # One run by number, so that one that begins while rows are written changes nothing.
        wanted = ResultFilter(batch, label, min_score, limit, model=state.model, threshold=threshold)
        write_results(database, wanted, form=form, output=output, raw=raw)
    if not state.finished:
        tell(f"batch {batch} is {state.state}: {state.done + state.failed} of {state.total} rows have a verdict so far")


@click.command("cancel", cls=Telling)
@click.argument("batch", type=BATCH)
def cancel(batch: int) -> None:
    """Stop classifying BATCH; the verdicts it has so far stay."""
    from newsgate.db.batch_status import batch_status
    from newsgate.db.batches import cancel_run

    with opened() as (_, database), database.write() as connection:
        state = batch_status(connection, batch)
        cancelled = cancel_run(connection, state.run)
    tell(f"batch {batch} is cancelled" if cancelled else f"batch {batch} was {state.state} already")


def write_results(
    database: Database, wanted: ResultFilter, *, form: str | None, output: str | None, raw: bool = False
) -> None:
    """Write results to a file or standard output, a block in memory at a time, and tell how many rows are unsure.

    raw: write into CSV what a spreadsheet would take for a formula as it is.
    """
    from newsgate.db.results import count_sure, read_results

    form = form or ("table" if output is None and sys.stdout.isatty() else "csv")
    with database.read() as connection, written(output) as stream:
        rows = read_results(connection, wanted)
        if form == "csv":
            _write_csv(rows, stream, raw=raw)
        else:
            {"table": _write_table, "jsonl": _write_jsonl}[form](rows, stream)
        if wanted.threshold is not None:
            seen = count_sure(connection, wanted, threshold=wanted.threshold)
            tell_unsure(f"batch {wanted.batch}", rows=seen.rows, sure=seen.sure, threshold=wanted.threshold)


def _write_table(rows: Iterable[Result], stream: IO[str]) -> None:
    stream.write(f"{'row':>7}  {'verdict':7}  {'p_fake':>6}  text\n")
    for each in rows:
        score = "" if each.p_fake is None else f"{each.p_fake:.3f}"
        shown = one_line(each.error or each.text, most_chars=_TABLE_TEXT_CHARS)
        stream.write(f"{each.row:>7}  {each.label or 'error':7}  {score:>6}  {shown}\n")


def _write_csv(rows: Iterable[Result], stream: IO[str], *, raw: bool) -> None:
    from newsgate.db.results import COLUMNS
    from newsgate.tasks.labelling.spreadsheet_files import guard_cell, row_writer

    write_row = row_writer(stream)
    write_row(COLUMNS)
    # One C call a row instead of a copy of every field: this is the last step of a command, on one core.
    values_of, when = attrgetter(*COLUMNS), COLUMNS.index("classified_at")
    guarded = () if raw else tuple(COLUMNS.index(name) for name in _WRITTEN_BY_OTHERS)
    for each in rows:
        values = list(values_of(each))
        values[when] = _plain(values[when])
        for place in guarded:
            if values[place]:
                values[place] = guard_cell(values[place])
        write_row(values)


def _write_jsonl(rows: Iterable[Result], stream: IO[str]) -> None:
    for each in rows:
        record = {field.name: _plain(getattr(each, field.name)) for field in fields(each)}
        stream.write(json.dumps(record, ensure_ascii=False) + "\n")


def _plain(value: Any) -> Any:
    return value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else value


def _figures(status: BatchStatus) -> dict[str, Any]:
    keys = ("batch", "run", "model", "state", "total", "done", "failed", "rejected")
    return {key: getattr(status, key) for key in keys}
