"""A table as a Parquet file, a group of rows in memory at a time."""

from __future__ import annotations

from typing import IO

from newsgate.tasks.exporting.arrow_table import arrow_groups, arrow_schema
from newsgate.tasks.exporting.missing_library import NotInstalledError, import_library
from newsgate.tasks.exporting.packed_stream import MissingWriterError
from newsgate.tasks.exporting.table import OutputTable


def write_parquet(table: OutputTable, stream: IO[bytes]) -> None:
    """Write the table; times are timestamps in UTC. Raises MissingWriterError."""
    try:
        schema = arrow_schema(table)
        parquet = import_library("pyarrow.parquet")
    except NotInstalledError as error:
        raise MissingWriterError(".parquet") from error
    with parquet.ParquetWriter(stream, schema, compression="zstd") as writer:
        for group in arrow_groups(table, schema):
            writer.write_table(group)
