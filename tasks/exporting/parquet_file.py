"""A table as a Parquet file, a group of rows in memory at a time."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import IO, Any

from newsgate.tasks.exporting.packed_stream import MissingWriterError
from newsgate.tasks.exporting.table import OutputTable

_GROUP_ROWS = 8_192
_GROUP_CHARS = 8_388_608


def write_parquet(table: OutputTable, stream: IO[bytes]) -> None:
    """Write the table; times are timestamps in UTC. Raises MissingWriterError."""
    try:
        arrow: Any = importlib.import_module("pyarrow")
        parquet: Any = importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise MissingWriterError(".parquet") from error
    kinds = {
        "text": arrow.string(),
        "integer": arrow.int64(),
        "number": arrow.float64(),
        "boolean": arrow.bool_(),
        "time": arrow.timestamp("ms", tz="UTC"),
    }
    schema = arrow.schema([(column.key, kinds[column.kind]) for column in table.columns])
    # Of Arrow's pools, this one gives back what a group took.
    pool = arrow.system_memory_pool()
    with parquet.ParquetWriter(stream, schema, compression="zstd") as writer:
        for group in _groups(table):
            columns = zip(*group, strict=True)
            arrays = [
                arrow.array(values, type=field.type, memory_pool=pool)
                for values, field in zip(columns, schema, strict=True)
            ]
            writer.write_table(arrow.Table.from_arrays(arrays, schema=schema))


def _groups(table: OutputTable) -> Iterator[list[list[Any]]]:
    group: list[list[Any]] = []
    chars = 0
    for values in table.cells():
        group.append(values)
        chars += sum(len(value) for value in values if isinstance(value, str))
        if len(group) >= _GROUP_ROWS or chars >= _GROUP_CHARS:
            yield group
            group, chars = [], 0
    if group:
        yield group
