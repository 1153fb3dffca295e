"""What a person says about one text, and how far people agree with each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from newsgate.db.labels import CurrentLabel, add_label, find_labels
from newsgate.db.review import ReviewItem, clear_suspects, read_item
from newsgate.db.session import Database
from newsgate.foundation.errors import NewsgateError

# With fewer texts Cohen's kappa says more about chance than about people.
KAPPA_MIN_TEXTS = 20


class NoSuchItemError(NewsgateError):
    """No row has that number."""

    def __init__(self, item: int) -> None:
        super().__init__(f"there is no item {item}", remedy="The column `item` of `newsgate results` has the numbers")
        self.item = item


@dataclass(frozen=True, slots=True)
class Labelled:
    """An item that was labelled, and what its text was said to be before."""

    item: ReviewItem
    before: CurrentLabel | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often two people said the same about a text.

    kappa: Cohen's, which leaves out what chance alone would give; None for too few texts, or where everybody always
    says the same one thing.
    """

    texts: int
    same: int
    kappa: float | None


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


def measure_agreement(pairs: Mapping[tuple[str, str], int]) -> Agreement:
    """From counts of (first person says, second person says) to how far they agree."""
    texts = sum(pairs.values())
    same = sum(count for (first, second), count in pairs.items() if first == second)
    if texts < KAPPA_MIN_TEXTS:
        return Agreement(texts, same, None)
    first_fake = sum(count for (first, _), count in pairs.items() if first == "fake") / texts
    second_fake = sum(count for (_, second), count in pairs.items() if second == "fake") / texts
    by_chance = first_fake * second_fake + (1 - first_fake) * (1 - second_fake)
    kappa = None if by_chance == 1 else (same / texts - by_chance) / (1 - by_chance)
    return Agreement(texts, same, kappa)
