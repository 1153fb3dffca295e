"""Numbers of items: which were given, in which ranges they are, which a text has, and which are kept from a purge."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from sqlalchemy import Connection, func, select, text

from newsgate.db.partitions import is_partitioned, item_partitions, last_item, partitions
from newsgate.db.tables import items

# PostgreSQL takes 65 535 values in one statement.
_ASKED_ROWS = 10_000


def was_given(connection: Connection, item: int) -> bool:
    """Whether an item had this number once; a number is never given again."""
    highest: int | None
    if connection.dialect.name == "postgresql":
        return item <= _highest_of_its_range(connection, item)
    highest = connection.execute(text("select seq from sqlite_sequence where name = 'items'")).scalar()
    return item <= (highest or 0)


def item_spans(connection: Connection, *, batch: int | None) -> list[range]:
    """The ranges that the numbers of a batch's items, or of all items, are in; few numbers in them are no item's."""
    ends = select(func.min(items.c.id), func.max(items.c.id))
    if batch is not None:
        queries = [ends.where(items.c.batch_id == batch)]
    else:
        # Between the numbers of two partitions lie ten billion that are nobody's.
        parts = partitions(connection)
        queries = [ends.where(items.c.id >= each.first_item, items.c.id < each.end_item) for each in parts] or [ends]
    found = [connection.execute(query).one() for query in queries]
    return [range(low, high + 1) for low, high in found if low is not None]


def draw_numbers(spans: Sequence[range], rng: random.Random, most: int) -> list[int]:
    """Draw up to so many different numbers of these ranges, each as likely as any other."""
    ends = list(accumulate(map(len, spans)))
    there = ends[-1] if ends else 0
    places = rng.sample(range(there), min(most, there))
    found = ((spans[which], place - ends[which]) for place in places for which in [bisect_right(ends, place)])
    return [span[from_end] for span, from_end in found]


def hold_items(connection: Connection, wanted: Sequence[int]) -> list[int]:
    """Let nobody delete these items until this transaction ends; gives those that are there, in order.

    A foreign key does the same where there is one. On SQLite, where whoever writes is alone, all are given.
    """
    if connection.dialect.name != "postgresql":
        return sorted(wanted)
    held: list[int] = []
    in_order = sorted(wanted)
    for start in range(0, len(in_order), _ASKED_ROWS):
        some = in_order[start : start + _ASKED_ROWS]
        # The range lets PostgreSQL leave out the partitions that have none of them.
        query = select(items.c.id).where(items.c.id.in_(some), items.c.id.between(some[0], some[-1]))
        locked = query.order_by(items.c.id).with_for_update(key_share=True, read=True)
        held += connection.execute(locked).scalars()
    return held


def first_items(connection: Connection, text_hashes: Sequence[bytes]) -> dict[bytes, int]:
    """The first item of each text: rows of one text are one question. One that no enqueued file has is left out."""
    found: dict[bytes, int] = {}
    for start in range(0, len(text_hashes), _ASKED_ROWS):
        asked = items.c.text_hash.in_(text_hashes[start : start + _ASKED_ROWS])
        query = select(items.c.text_hash, func.min(items.c.id)).where(asked).group_by(items.c.text_hash)
        found.update((text_hash, item) for text_hash, item in connection.execute(query))
    return found


def _highest_of_its_range(connection: Connection, item: int) -> int:
    number = 0
    if is_partitioned(connection):
        query = select(item_partitions.c.number, item_partitions.c.last_item)
        of_item = query.where(item_partitions.c.first_item <= item, item_partitions.c.end_item > item)
        part = connection.execute(of_item).one_or_none()
        if part is None:
            return 0
        if part.last_item is not None:
            return int(part.last_item)
        number = part.number
    # Transactions that were undone have used up numbers too: of those nobody was ever told.
    return last_item(connection, partition=number)
