"""Verdicts as a table, as CSV or as JSON lines."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from operator import attrgetter
from typing import IO, TYPE_CHECKING, Any

from newsgate.console.console_table import one_line
from newsgate.console.max_error_option import print_unsure_rows
from newsgate.console.output_file import open_output

if TYPE_CHECKING:
    from newsgate.db.results import Result, ResultFilter
    from newsgate.db.session import Database

_TABLE_TEXT_CHARS = 72
# Columns whose content comes from the file, or from whatever failed on it.
_WRITTEN_BY_OTHERS = ("external_id", "text", "error")


def write_results(
    database: Database, wanted: ResultFilter, *, form: str | None, output: str | None, raw: bool = False
) -> None:
    """Write results to a file or standard output, a block in memory at a time, and tell how many rows are unsure.

    raw: write into CSV what a spreadsheet would take for a formula as it is.
    """
    from newsgate.db.results import count_sure, read_results

    form = form or ("table" if output is None and sys.stdout.isatty() else "csv")
    with database.read() as connection, open_output(output) as stream:
        rows = read_results(connection, wanted)
        if form == "csv":
            _write_csv(rows, stream, raw=raw)
        else:
            {"table": _write_table, "jsonl": _write_jsonl}[form](rows, stream)
        if wanted.threshold is not None:
            seen = count_sure(connection, wanted, threshold=wanted.threshold)
            print_unsure_rows(f"batch {wanted.batch}", rows=seen.rows, sure=seen.sure, threshold=wanted.threshold)


def _write_table(rows: Iterable[Result], stream: IO[str]) -> None:
    stream.write(f"{'item':>7}  {'verdict':7}  {'p_fake':>6}  text\n")
    last = None
    for each in rows:
        last = each
        score = "" if each.p_fake is None else f"{each.p_fake:.3f}"
        shown = one_line(each.error or each.text, most_chars=_TABLE_TEXT_CHARS)
        stream.write(f"{each.item:>7}  {each.label or 'error':7}  {score:>6}  {shown}\n")
    if last is not None:
        stream.write(f"batch {last.batch}, run {last.run} by model {last.model}\n")


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
