"""Verdicts as a table to read, or in a format for other programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import chain, islice
from typing import IO, TYPE_CHECKING

from newsgate.console.console_table import one_line
from newsgate.console.max_error_option import print_unsure_rows
from newsgate.console.messages import print_message, print_warning
from newsgate.console.output_file import open_binary_output, open_output

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsgate.db.results import Result, ResultFilter
    from newsgate.db.session import Database
    from newsgate.tasks.exporting.formats import OutputForm
    from newsgate.tasks.exporting.table import OutputTable

_TABLE_TEXT_CHARS = 72
# The column of the file's own ids is as wide as the first of them, within these bounds.
_ROWS_MEASURED = 200
_LEAST_ID_CHARS, _MOST_ID_CHARS = 2, 20

# What one file in an archive may take without the archive's long form, which some programs do not read.
_LARGEST_PLAIN_BYTES = 2**31


@dataclass(frozen=True, slots=True)
class ResultsOutput:
    """How verdicts are written.

    path: None is standard output. raw: what a spreadsheet would take for a formula goes into CSV as it is.
    own_columns: beside the file's own table, in which the rows that were refused have their places too.
    """

    form: OutputForm
    path: str | None = None
    raw: bool = False
    own_columns: bool = False


def write_results(database: Database, wanted: ResultFilter, output: ResultsOutput) -> None:
    """Write results to a file or standard output, a block in memory at a time, and tell how many rows are unsure."""
    from newsgate.db.results import count_sure

    with database.read() as connection:
        if output.form.form == "table":
            _write_for_people(connection, wanted, output)
        else:
            _write(connection, wanted, output)
        if wanted.threshold is not None:
            seen = count_sure(connection, wanted, threshold=wanted.threshold)
            print_unsure_rows(f"batch {wanted.batch}", rows=seen.rows, sure=seen.sure, threshold=wanted.threshold)


def print_counts(database: Database, wanted: ResultFilter, *, shown: int | None) -> None:
    """Say in one line how many rows of the run are fake, real, unsure and failed, and how to see those not shown.

    shown: how many were printed because nobody said how many; None where a person said it, or all were.
    """
    from newsgate.db.report_queries import count_verdicts

    with database.read() as connection:
        counts = count_verdicts(connection, wanted, threshold=wanted.threshold)
    parts = [f"{counts.fake} fake", f"{counts.real} real"]
    if wanted.threshold is not None:
        parts.append(f"{counts.unsure} unsure")
    if counts.errors:
        parts.append(f"{counts.errors} failed")
    first = ""
    if shown is not None and shown < counts.rows:
        first = f". These are the first {shown} rows: --all prints all, -o FILE writes them"
    print_message(f"batch {wanted.batch}: {', '.join(parts)}{first}")


def _write_for_people(connection: Connection, wanted: ResultFilter, output: ResultsOutput) -> None:
    from newsgate.db.batches import batch_layout
    from newsgate.db.results import read_results

    with open_output(output.path) as stream:
        has_ids = json.loads(batch_layout(connection, wanted.batch)).get("id_column") is not None
        _write_table(read_results(connection, wanted), stream, has_ids=has_ids)


def _write(connection: Connection, wanted: ResultFilter, output: ResultsOutput) -> None:
    from newsgate.tasks.exporting.batch_tables import own_table, refuse_too_many_rows, verdict_table

    form = output.form.form
    if form == "xlsx":
        refuse_too_many_rows(connection, wanted, has_refused=output.own_columns)
    if output.own_columns:
        table, notes = own_table(connection, wanted)
        for note in notes:
            print_warning(note)
    else:
        table = verdict_table(connection, wanted)
    if output.form.is_binary:
        _write_binary(table, connection, wanted, output)
    else:
        with open_output(output.path) as stream:
            _write_text(table, stream, form, raw=output.raw)


def _write_binary(table: OutputTable, connection: Connection, wanted: ResultFilter, output: ResultsOutput) -> None:
    from newsgate.tasks.exporting.batch_tables import expected_bytes
    from newsgate.tasks.exporting.packed_stream import packed
    from newsgate.tasks.exporting.parquet_file import write_parquet
    from newsgate.tasks.exporting.workbook_file import MOST_CELL_UNITS, write_workbook

    form = output.form.form
    is_large = expected_bytes(connection, wanted.batch) >= _LARGEST_PLAIN_BYTES
    with open_binary_output(output.path) as stream:
        if form == "parquet":
            write_parquet(table, stream)
        elif form == "xlsx":
            cut = write_workbook(table, stream, is_large=is_large)
            if cut:
                print_message(f"note: a cell holds {MOST_CELL_UNITS:,} characters, and {cut:,} texts were cut to that")
        else:
            with packed(stream, output.form.packing) as compressor:
                text = TextIOWrapper(compressor, encoding="utf-8", newline="")
                _write_text(table, text, form, raw=output.raw)
                text.detach()


def _write_text(table: OutputTable, stream: IO[str], form: str, *, raw: bool) -> None:
    from newsgate.tasks.exporting.csv_file import write_csv
    from newsgate.tasks.exporting.json_file import write_json, write_jsonl

    if form in ("csv", "tsv"):
        write_csv(table, stream, delimiter="\t" if form == "tsv" else ",", raw=raw)
    else:
        {"json": write_json, "jsonl": write_jsonl}[form](table, stream)


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
