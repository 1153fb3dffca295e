"""Verdicts as a table to read, or in a format for other programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
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

_TABLE_TEXT_CHARS = 72
# The column of the file's own ids is as wide as the first of them, within these bounds.
_ROWS_MEASURED = 200
_LEAST_ID_CHARS, _MOST_ID_CHARS = 2, 20


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
        with closing(read_results(connection, wanted)) as rows:
            _write_table(rows, stream, has_ids=has_ids)


def _write(connection: Connection, wanted: ResultFilter, output: ResultsOutput) -> None:
    from newsgate.tasks.exporting.write_table import table_of_batch, write_bytes, write_text

    made = table_of_batch(connection, wanted, output.form, own_columns=output.own_columns)
    for note in made.notes:
        print_warning(note)
    with closing(made.table):
        if output.form.is_binary:
            with open_binary_output(output.path) as binary:
                note_of_result = write_bytes(made, binary, output.form, raw=output.raw)
                if note_of_result is not None:
                    print_message(f"note: {note_of_result}")
        else:
            with open_output(output.path) as stream:
                write_text(made.table, stream, output.form.form, raw=output.raw)


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
