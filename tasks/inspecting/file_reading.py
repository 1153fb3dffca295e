"""How the file of a batch was read: its format, and what its columns are for."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import Connection

from newsgate.db.batches import batch_layout
from newsgate.db.other_columns import batch_columns
from newsgate.tasks.reading import parse_columns


@dataclass(frozen=True, slots=True)
class FileReading:
    """What was found out of the file, or said, when it was enqueued. others: the columns that are kept beside a row."""

    format: str
    text_columns: tuple[str, ...]
    id_column: str | None
    label_column: str | None
    others: tuple[str, ...]


def how_it_was_read(connection: Connection, batch: int) -> FileReading:
    """How the file of a batch was read. Raises NoSuchBatchError."""
    stored = batch_columns(connection, batch)
    layout = json.loads(batch_layout(connection, batch))
    label_column = layout.get("label_column")
    text_columns = tuple(layout.get("text_columns") or ())
    id_column = layout.get("id_column")
    others: tuple[str, ...] = ()
    if stored is not None:
        used = {*text_columns, id_column}
        columns = parse_columns(stored)
        others = tuple(name for name in columns.names if name not in used) if columns.keep != "none" else ()
    return FileReading(layout.get("format", "csv"), text_columns, id_column, label_column, others)
