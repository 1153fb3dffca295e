"""What else the row of a text says, such as its link and its date."""

from __future__ import annotations

from sqlalchemy import Connection

from newsgate.db.other_columns import item_columns
from newsgate.tasks.exporting.shown_columns import shown_columns
from newsgate.tasks.reading import may_hold_labels, parse_columns

_BESIDE_CHARS = 120
_ALL_CHARS = 500


def columns_beside(connection: Connection, item: int) -> list[tuple[str, str]]:
    """The name and the value of the first few other columns, without labels of earlier, which must not lead anybody."""
    kept, of_file = item_columns(connection, item)
    columns = parse_columns(of_file) if of_file else None
    if columns is None or columns.tool is not None:
        # Of a tool's export, only its reader knows where judgements stand.
        return []
    label_column = columns.label_column
    return shown_columns(
        kept, most_chars=_BESIDE_CHARS, is_hidden=lambda name: name == label_column or may_hold_labels(name)
    )


def all_columns(connection: Connection, item: int) -> list[tuple[str, str]]:
    """The same with labels, and longer, for whoever looks a row up and does not judge it."""
    kept, _ = item_columns(connection, item)
    return shown_columns(kept, most_chars=_ALL_CHARS)
