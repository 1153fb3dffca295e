"""What a person says about the text of one item, and takes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from newsgate.db.errors import NoSuchItemError, NoSuchRowError
from newsgate.db.item_history import find_item
from newsgate.db.label_retraction import RetractedLabel, is_retracted, people_who_judged, retract_latest_label
from newsgate.db.labels import CurrentLabel, OwnLabel, add_label, find_labels, own_label
from newsgate.db.review import ReviewItem, clear_suspects, read_item
from newsgate.db.session import Database
from newsgate.foundation.errors import NewsgateError

_NAMES_SHOWN = 3


class NothingToRetractError(NewsgateError):
    """The person has not judged the text. others: who has."""

    def __init__(self, item: int, *, by: str, others: Sequence[str] = ()) -> None:
        names = ", ".join(others[:_NAMES_SHOWN]) + (", ..." if len(others) > _NAMES_SHOWN else "")
        remedy = (
            f"Name whose it is with --by; labels of {names} count" if others else "Nobody's label is left to take back"
        )
        super().__init__(f"no label of {by} counts for the text of item {item}", remedy=remedy)
        self.item = item
        self.by = by


@dataclass(frozen=True, slots=True)
class ItemChoice:
    """Which item is meant: by its number, or by a batch and the row of its file."""

    item: int | None = None
    batch: int | None = None
    row: int | None = None

    def find(self, connection: Connection) -> ReviewItem:
        """The item. Raises NoSuchItemError, NoSuchRowError."""
        number = self.item
        if number is None:
            number = find_item(connection, batch=self.batch or 0, row=self.row or 0)
            if number is None:
                raise NoSuchRowError(self.batch or 0, row=self.row or 0)
        found = read_item(connection, number)
        if found is None:
            raise NoSuchItemError(number)
        return found


@dataclass(frozen=True, slots=True)
class Labelled:
    """An item that was labelled, and what its text was said to be before.

    known: the person said the same already, and nobody anything else since; nothing was added.
    """

    item: ReviewItem
    before: CurrentLabel | None
    known: bool = False


@dataclass(frozen=True, slots=True)
class Retracted:
    """An item whose label was taken back, that label, and what its text is said to be now."""

    item: ReviewItem
    label: RetractedLabel
    now: CurrentLabel | None


def label_item(database: Database, choice: ItemChoice, label: str, *, by: str, seen: int | None = None) -> Labelled:
    """Add a person's judgement about an item's text, once. Raises NoSuchItemError, NoSuchRowError.

    seen: the id of the text's latest label that the person was shown, 0 where there was none. What the same person has
    said since is this judgement, which was sent twice.
    """
    with database.write() as connection:
        item = choice.find(connection)
        # Leases before labels, as everywhere: see db.review.record_label.
        was_suspect = clear_suspects(connection, [item.text_hash])
        own = own_label(connection, item.text_hash, labelled_by=by)
        before = find_labels(connection, [item.text_hash]).get(item.text_hash)
        # A suspect waits to be judged once more, by the same person too.
        known = not was_suspect and own is not None and _is_sent_again(own, label, seen)
        if not known:
            add_label(connection, item.text, label, labelled_by=by, chosen="direct")
    return Labelled(item, before, known)


def _is_sent_again(own: OwnLabel, label: str, seen: int | None) -> bool:
    return own.label == label and (own.is_latest or (seen is not None and own.id > seen))


def retract_label(database: Database, choice: ItemChoice, *, by: str) -> Retracted:
    """Take back what a person last said about an item's text.

    Raises NoSuchItemError, NoSuchRowError, NothingToRetractError.
    """
    with database.write() as connection:
        item = choice.find(connection)
        retracted = retract_latest_label(connection, item.text_hash, labelled_by=by)
        if retracted is None:
            raise NothingToRetractError(item.item, by=by, others=people_who_judged(connection, item.text_hash))
        now = find_labels(connection, [item.text_hash]).get(item.text_hash)
    return Retracted(item, retracted, now)


def retract_once(database: Database, choice: ItemChoice, *, by: str, label_id: int) -> None:
    """Take back this label, which is what the person said last about the item's text; nothing if it is taken back.

    Raises NoSuchItemError, NoSuchRowError, and NothingToRetractError where the person has said something since.
    """
    with database.write() as connection:
        item = choice.find(connection)
        if is_retracted(connection, label_id, labelled_by=by):
            return
        if retract_latest_label(connection, item.text_hash, labelled_by=by, label_id=label_id) is None:
            raise NothingToRetractError(item.item, by=by)
