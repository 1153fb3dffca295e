"""A table as pandas has it."""

from __future__ import annotations

from typing import Any, Final

from newsgate.tasks.exporting.missing_library import import_library
from newsgate.tasks.exporting.table import Kind, OutputTable

# Of columns in which no cell is empty, and of the others: a missing number must not turn the others into fractions.
_FULL: Final[dict[Kind, str]] = {
    "text": "str",
    "integer": "int64",
    "number": "float64",
    "boolean": "bool",
    "time": "datetime64[ms, UTC]",
}
_WITH_GAPS: Final[dict[Kind, str]] = {**_FULL, "integer": "Int64", "boolean": "boolean"}


def to_pandas(table: OutputTable, *, index: Any = None) -> Any:
    """All of the table as one `pandas.DataFrame`; an empty cell is missing. Raises NotInstalledError.

    index: of its rows; None counts them from 0.
    """
    pandas = import_library("pandas")
    rows = list(table.cells())
    columns = {}
    for place, column in enumerate(table.columns):
        values = [row[place] for row in rows]
        kinds = _WITH_GAPS if None in values else _FULL
        columns[column.key] = pandas.Series(values, index=index, dtype=kinds[column.kind])
    return pandas.DataFrame(columns, index=index)
