"""Deleting texts wherever they occur: the items that hold them, what is shown of refused rows, and what people said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from sqlalchemy import Connection, delete, func, or_, select, update

from newsgate.db.judgement_tables import labels, retracted_labels
from newsgate.db.tables import batches, items, rejects

Each = TypeVar("Each")

_ASKED_ROWS = 500
_ASKED_BEGINNINGS = 50
_FETCH_ROWS = 10_000


def find_texts(connection: Connection, hashes: Sequence[bytes]) -> dict[int, list[int]]:
    """The items that hold these texts, by batch."""
    found: dict[int, list[int]] = {}
    for some in _parts(hashes, _ASKED_ROWS):
        query = select(items.c.batch_id, items.c.id).where(items.c.text_hash.in_(some)).order_by(items.c.id)
        for batch, item in connection.execute(query):
            found.setdefault(batch, []).append(item)
    return dict(sorted(found.items()))


def batch_names(connection: Connection, numbers: Iterable[int]) -> dict[int, str]:
    """The names of these batches."""
    query = select(batches.c.id, batches.c.name).where(batches.c.id.in_(list(numbers)))
    return {row.id: row.name for row in connection.execute(query)}


def find_refused(connection: Connection, beginnings: Sequence[str]) -> list[tuple[int, int]]:
    """The refused rows that show one of these beginnings of a text: (batch, row)."""
    found: set[tuple[int, int]] = set()
    for some in _parts(beginnings, _ASKED_BEGINNINGS):
        shows = or_(*(rejects.c.raw.contains(each, autoescape=True) for each in some))
        found.update((row.batch_id, row.row) for row in connection.execute(select(rejects).where(shows)))
    return sorted(found)


def forget_refused(connection: Connection, refused: Sequence[tuple[int, int]]) -> None:
    """Show nothing of these refused rows any more; that they were refused, and why, stays."""
    for batch, row in refused:
        connection.execute(update(rejects).where(rejects.c.batch_id == batch, rejects.c.row == row).values(raw=""))


def labelled_only_there(connection: Connection, doomed: Sequence[int]) -> list[bytes]:
    """The texts of these batches that somebody has judged, by hash, but for those that stand in another batch too."""
    judged = select(labels.c.text_hash).union(select(retracted_labels.c.text_hash))
    mine = items.c.batch_id.in_(doomed)
    query = select(items.c.text_hash).distinct()
    found = set(connection.execute(query.where(mine, items.c.text_hash.in_(judged))).scalars())
    if found:
        # One pass over all items: there is no index of their hashes, and nothing else needs one.
        others = select(items.c.text_hash).where(~mine).execution_options(yield_per=_FETCH_ROWS)
        for hashes in connection.execute(others).scalars().partitions():
            found.difference_update(hashes)
    return sorted(found)


def count_judgements(connection: Connection, hashes: Sequence[bytes]) -> int:
    """How many judgements there are about these texts, those that were taken back included."""
    count = 0
    for some in _parts(hashes, _ASKED_ROWS):
        for table in (labels, retracted_labels):
            query = select(func.count()).select_from(table).where(table.c.text_hash.in_(some))
            count += connection.execute(query).scalar_one()
    return count


def delete_judgements(connection: Connection, hashes: Sequence[bytes]) -> int:
    """Delete every judgement about these texts, and its history; gives how many there were."""
    return sum(
        connection.execute(delete(table).where(table.c.text_hash.in_(hashes))).rowcount
        for table in (labels, retracted_labels)
    )


def _parts(whole: Sequence[Each], size: int) -> Iterator[list[Each]]:
    rest = iter(whole)
    while part := list(islice(rest, size)):
        yield part
