"""A table as Apache Arrow has it, a group of rows in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from newsgate.tasks.exporting.missing_library import import_library
from newsgate.tasks.exporting.table import OutputTable

_GROUP_ROWS = 8_192
_GROUP_CHARS = 8_388_608


def arrow_schema(table: OutputTable) -> Any:
    """The table's columns as a `pyarrow.Schema`; times are timestamps in UTC. Raises NotInstalledError."""
    arrow = import_library("pyarrow")
    kinds = {
        "text": arrow.string(),
        "integer": arrow.int64(),
        "number": arrow.float64(),
        "boolean": arrow.bool_(),
        "time": arrow.timestamp("ms", tz="UTC"),
    }
    return arrow.schema([(column.key, kinds[column.kind]) for column in table.columns])


def arrow_groups(table: OutputTable, schema: Any) -> Iterator[Any]:
    """The table's rows, each group of them a `pyarrow.Table`. Raises NotInstalledError."""
    arrow = import_library("pyarrow")
    # Of Arrow's pools, this one gives back what a group took.
    pool = arrow.system_memory_pool()
    for group in _groups(table):
        columns = zip(*group, strict=True)
        arrays = [
            arrow.array(values, type=field.type, memory_pool=pool)
            for values, field in zip(columns, schema, strict=True)
        ]
        yield arrow.Table.from_arrays(arrays, schema=schema)


def to_arrow(table: OutputTable) -> Any:
    """All of the table as one `pyarrow.Table`. Raises NotInstalledError."""
    schema = arrow_schema(table)
    groups = list(arrow_groups(table, schema))
    return import_library("pyarrow").concat_tables(groups) if groups else schema.empty_table()


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
