"""A table as CSV, or with tabs between its cells."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import IO, Any

from newsgate.tasks.exporting.table import OutputTable, spell_time
from newsgate.tasks.labelling.spreadsheet_files import guard_cell, row_writer

_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)*(?:[eE][+-]?[0-9]+)?")


def write_csv(table: OutputTable, stream: IO[str], *, delimiter: str = ",", raw: bool = False) -> None:
    """Write the table with its header. raw: leave what a spreadsheet would take for a formula as it is."""
    write_row = row_writer(stream, delimiter=delimiter)
    guard: Callable[[str], str] = str if raw else _guarded
    write_row([guard(column.title) for column in table.columns])
    spellings: dict[str, Callable[[Any], str]] = {"text": guard, "time": spell_time, "boolean": _spell_boolean}
    spelled = [
        (place, spellings[column.kind]) for place, column in enumerate(table.columns) if column.kind in spellings
    ]
    if raw:
        spelled = [(place, spell) for place, spell in spelled if spell is not guard]
    for values in table.cells():
        for place, spell in spelled:
            if values[place] is not None:
                values[place] = spell(values[place])
        write_row(values)


def _guarded(cell: str) -> str:
    """As `guard_cell`, which takes a negative number for a formula; that it is none is clear."""
    guarded = guard_cell(cell)
    return cell if guarded is not cell and _PLAIN_NUMBER.fullmatch(cell) else guarded


def _spell_boolean(value: bool) -> str:
    return "true" if value else "false"
