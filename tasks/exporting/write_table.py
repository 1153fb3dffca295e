"""A table of a batch into a stream, in any of the formats in which tables leave."""

from __future__ import annotations

from dataclasses import dataclass
from io import TextIOWrapper
from typing import IO

from sqlalchemy import Connection

from newsgate.db.results import ResultFilter
from newsgate.tasks.exporting.batch_tables import expected_bytes, own_table, refuse_too_many_rows, verdict_table
from newsgate.tasks.exporting.formats import OutputForm
from newsgate.tasks.exporting.table import OutputTable, StoredTable

# What one file in an archive may take without the archive's long form, which some programs do not read.
_LARGEST_PLAIN_BYTES = 2**31


@dataclass(frozen=True, slots=True)
class BatchTable:
    """A table that can be written once, and what a person should know of it. is_large: a workbook may need more."""

    table: StoredTable
    notes: tuple[str, ...]
    is_large: bool


def table_of_batch(connection: Connection, wanted: ResultFilter, form: OutputForm, *, own_columns: bool) -> BatchTable:
    """The verdicts as the view has them, or with `own_columns` beside the file's own table.

    Raises NoSuchBatchError, TooManyColumnsError, TooLargeForWorkbookError.
    """
    if form.form == "xlsx":
        refuse_too_many_rows(connection, wanted, has_refused=own_columns)
    is_large = form.is_binary and expected_bytes(connection, wanted.batch) >= _LARGEST_PLAIN_BYTES
    if own_columns:
        table, notes = own_table(connection, wanted)
        return BatchTable(table, notes, is_large)
    return BatchTable(verdict_table(connection, wanted), (), is_large)


def write_text(table: OutputTable, stream: IO[str], form: str, *, raw: bool = False) -> None:
    """Write csv, tsv, json or jsonl. raw: what a spreadsheet would take for a formula stays as it is."""
    from newsgate.tasks.exporting.csv_file import write_csv
    from newsgate.tasks.exporting.json_file import write_json, write_jsonl

    if form in ("csv", "tsv"):
        write_csv(table, stream, delimiter="\t" if form == "tsv" else ",", raw=raw)
    else:
        {"json": write_json, "jsonl": write_jsonl}[form](table, stream)


def write_bytes(made: BatchTable, stream: IO[bytes], form: OutputForm, *, raw: bool = False) -> str | None:
    """Write any format; gives what a person should know of the result, if anything."""
    from newsgate.tasks.exporting.packed_stream import packed
    from newsgate.tasks.exporting.parquet_file import write_parquet
    from newsgate.tasks.exporting.workbook_file import MOST_CELL_UNITS, write_workbook

    if form.form == "parquet":
        write_parquet(made.table, stream)
    elif form.form == "xlsx":
        cut = write_workbook(made.table, stream, is_large=made.is_large)
        if cut:
            return f"a cell holds {MOST_CELL_UNITS:,} characters, and {cut:,} texts were cut to that"
    else:
        with packed(stream, form.packing) as compressor:
            # Line ends stay as they are written: those inside texts are the texts'.
            text = TextIOWrapper(compressor, encoding="utf-8", newline="")
            write_text(made.table, text, form.form, raw=raw)
            text.detach()
    return None
