"""A table as JSON: a record a line, or one array of records."""

from __future__ import annotations

import json
from datetime import datetime
from typing import IO, Any

from newsgate.tasks.exporting.table import OutputTable, spell_time

_ENCODE = json.JSONEncoder(ensure_ascii=False, default=lambda value: _plain(value)).encode


def write_jsonl(table: OutputTable, stream: IO[str]) -> None:
    """Write one object a line."""
    for record in table.records():
        stream.write(_ENCODE(record) + "\n")


def write_json(table: OutputTable, stream: IO[str]) -> None:
    """Write one array, an object a line."""
    between = "[\n"
    for record in table.records():
        stream.write(between + _ENCODE(record))
        between = ",\n"
    stream.write("[]\n" if between == "[\n" else "\n]\n")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return spell_time(value)
    raise TypeError(f"no form for {value!r}")
