"""What tests do with labels: give them, read them, import files of them."""

from __future__ import annotations

from sqlalchemy import select

from newsgate.db.labels import (
    CurrentLabel,
    add_label,
    current_labels,
)
from newsgate.db.session import Database
from newsgate.db.tables import items

TEXTS = ("the bridge is closed", "garlic cures it", "=1+1 is what they hide", "a text\nof two lines")


def current(database: Database, *, up_to: int | None = None) -> list[CurrentLabel]:
    with database.read() as connection:
        return list(current_labels(connection, up_to=up_to))


def said(database: Database) -> dict[str, str]:
    return {each.text: each.label for each in current(database)}


def add(database: Database, text: str, label: str, *, by: str = "ann", chosen: str = "direct") -> int:
    with database.write() as connection:
        return add_label(connection, text, label, labelled_by=by, chosen=chosen)


def item_of(database: Database, text: str) -> int:
    with database.read() as connection:
        item: int = connection.execute(select(items.c.id).where(items.c.text == text)).scalar_one()
    return item
