"""What a person says about the text of one item."""

from __future__ import annotations

from dataclasses import dataclass

from newsgate.db.errors import NoSuchItemError
from newsgate.db.labels import CurrentLabel, add_label, find_labels
from newsgate.db.review import ReviewItem, clear_suspects, read_item
from newsgate.db.session import Database


@dataclass(frozen=True, slots=True)
class Labelled:
    """An item that was labelled, and what its text was said to be before."""

    item: ReviewItem
    before: CurrentLabel | None


def label_item(database: Database, item: int, label: str, *, by: str) -> Labelled:
    """Add a person's judgement about an item's text. Raises NoSuchItemError."""
    with database.write() as connection:
        found = read_item(connection, item)
        if found is None:
            raise NoSuchItemError(item)
        before = find_labels(connection, [found.text_hash]).get(found.text_hash)
        clear_suspects(connection, [found.text_hash])
        add_label(connection, found.text, label, labelled_by=by, chosen="direct")
    return Labelled(found, before)
