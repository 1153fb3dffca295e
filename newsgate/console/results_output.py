"""Verdicts as a table, as CSV or as JSON lines."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import datetime
from itertools import chain, islice
from operator import attrgetter
from typing import IO, TYPE_CHECKING, Any

from newsgate.console.console_table import one_line
from newsgate.console.max_error_option import print_unsure_rows
from newsgate.console.output_file import open_output

if TYPE_CHECKING:
    from newsgate.db.results import Result, ResultFilter
    from newsgate.db.session import Database

_TABLE_TEXT_CHARS = 72
# The column of the file's own ids is as wide as the first of them, within these bounds.
_ROWS_MEASURED = 200
_LEAST_ID_CHARS, _MOST_ID_CHARS = 2, 20
# Columns whose content comes from the file, or from whatever failed on it.
_WRITTEN_BY_OTHERS = ("external_id", "text", "error")


def write_results(
    database: Database, wanted: ResultFilter, *, form: str | None, output: str | None, raw: bool = False
) -> None:
    """Write results to a file or standard output, a block in memory at a time, and tell how many rows are unsure.

    raw: write into CSV what a spreadsheet would take for a formula as it is.
    """
    from newsgate.db.batches import batch_layout
    from newsgate.db.results import count_sure, read_results

    form = form or ("table" if output is None and sys.stdout.isatty() else "csv")
    with database.read() as connection, open_output(output) as stream:
        rows = read_results(connection, wanted)
        if form == "csv":
            _write_csv(rows, stream, raw=raw)
        elif form == "table":
            has_ids = json.loads(batch_layout(connection, wanted.batch)).get("id_column") is not None
            _write_table(rows, stream, has_ids=has_ids)
        else:
            _write_jsonl(rows, stream)
        if wanted.threshold is not None:
            seen = count_sure(connection, wanted, threshold=wanted.threshold)
            print_unsure_rows(f"batch {wanted.batch}", rows=seen.rows, sure=seen.sure, threshold=wanted.threshold)


def _write_table(rows: Iterator[Result], stream: IO[str], *, has_ids: bool) -> None:
    first = list(islice(rows, _ROWS_MEASURED))
    widest = max((len(each.external_id or "") for each in first), default=0)
    width = min(max(widest, _LEAST_ID_CHARS), _MOST_ID_CHARS) if has_ids else 0
    text_chars = _TABLE_TEXT_CHARS - (width + 2 if has_ids else 0)

    def line(item: object, own_id: str, verdict: str, score: str, text: str) -> str:
        own = f"{one_line(own_id, most_chars=width):{width}}  " if has_ids else ""
        return f"{item:>7}  {own}{verdict:7}  {score:>6}  {text}\n"

    stream.write(line("item", "id", "verdict", "p_fake", "text"))
    last = None
    for each in chain(first, rows):
        last = each
        score = "" if each.p_fake is None else f"{each.p_fake:.3f}"
        shown = one_line(each.error or each.text, most_chars=text_chars)
        stream.write(line(each.item, each.external_id or "", each.label or "error", score, shown))
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
        record["columns"] = None if each.columns is None else json.loads(each.columns)
        stream.write(json.dumps(record, ensure_ascii=False) + "\n")


def _plain(value: Any) -> Any:
    return value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else value
