"""What people are asked to judge next, and the leases that keep two reviewers apart.

A row of `review_leases` is an item somebody looks at. Its `lease_until` is also the lease's fence: whoever comes back
after the item was leased again carries another time, and nothing of theirs is written.

A suspect waits in the same table: chosen 'suspect', no reviewer, a lease that has run out. Its text is labelled
already, so it is offered because it stands there, and it leaves the table with its next label.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, insert, or_, select, text, update

from newsgate.db.errors import DatabaseError
from newsgate.db.item_numbers import draw_numbers, first_items, hold_items, item_spans
from newsgate.db.judgement_tables import labels, review_leases
from newsgate.db.labels import add_label
from newsgate.db.leases import has_lapsed, lease_of
from newsgate.db.review_conditions import is_free, is_in_no_hands, is_waiting_suspect
from newsgate.db.tables import items, models, runs, verdicts
from newsgate.db.types import database_time
from newsgate.db.upkeep_tables import shadow_verdicts

NOBODY = ""
# One that has run out at once.
_NO_LEASE = {"leased_at": database_time(), "lease_until": database_time()}
# How many of the least certain verdicts are looked at for some that are free, before all of them are.
_UNCERTAIN_WINDOWS = (2_000, 50_000, None)
_RANDOM_DRAWS = 4
# Any fixed number: on PostgreSQL it lets one process at a time hand out leases.
_REVIEW_LOCK = 0x72657677


class ReviewLeaseLostError(DatabaseError):
    """The lease ran out and somebody else was given the item; this answer was not stored."""

    def __init__(self, item: int) -> None:
        super().__init__(f"the lease on item {item} ran out and somebody else has it; this answer was not stored")
        self.item = item


class CannotUndoError(DatabaseError):
    """The label is not the latest of its text any more, or what was skipped is somebody else's by now."""

    def __init__(self, item: int, *, skipped: bool = False) -> None:
        taken = f"item {item} is with somebody else, or labelled by now; it stays skipped"
        super().__init__(taken if skipped else f"item {item} was labelled again meanwhile; its label stays")
        self.item = item


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item that may be offered, and its text's hash: two items of one text are one question."""

    item: int
    text_hash: bytes


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One item as people see it; the model's verdict is that of its batch's latest run, if there is one."""

    item: int
    batch: int
    row: int
    external_id: str | None
    text: str
    text_hash: bytes
    model_label: str | None
    p_fake: float | None


@dataclass(frozen=True, slots=True)
class Offer:
    """An item that one reviewer has the lease on, and why the queue picked it."""

    item: ReviewItem
    reviewer: str
    chosen: str
    lease_until: datetime


def uncertain_items(connection: Connection, *, batch: int | None, limit: int) -> list[Candidate]:
    """Free items of the latest runs, the ones whose p_fake is nearest to 0.5 first."""
    distance = func.abs(verdicts.c.p_fake - 0.5)
    found: list[Candidate] = []
    for window in _UNCERTAIN_WINDOWS:
        # The narrow scan comes first: it reads neither texts nor labels.
        nearest = (
            select(verdicts.c.item_id, distance.label("distance"))
            .where(verdicts.c.run_id.in_(latest_runs(batch)), verdicts.c.label.is_not(None))
            .order_by(distance, verdicts.c.item_id)
            .limit(window)
            .subquery()
        )
        query = (
            candidates()
            .join(nearest, nearest.c.item_id == items.c.id)
            .where(is_free())
            .order_by(nearest.c.distance, items.c.id)
        )
        found = _fetch(connection, query.limit(limit))
        if len(found) >= limit:
            break
    return found


def disputed_items(connection: Connection, *, batch: int | None, limit: int) -> list[Candidate]:
    """Free items on which a shadowing challenger contradicts the champion, the widest apart first."""
    apart = func.abs(shadow_verdicts.c.p_fake - verdicts.c.p_fake)
    is_challenger = or_(models.c.shadow_share.is_not(None), models.c.state == "candidate")
    query = (
        candidates()
        .join(shadow_verdicts, shadow_verdicts.c.item_id == items.c.id)
        .join(models, and_(models.c.number == shadow_verdicts.c.model, is_challenger))
        .join(
            verdicts,
            and_(verdicts.c.item_id == items.c.id, verdicts.c.run_id == shadow_verdicts.c.run_id),
        )
        .where(verdicts.c.label != shadow_verdicts.c.label, is_free())
        .order_by(apart.desc(), items.c.id)
    )
    return _fetch(connection, _in_batch(query, batch).limit(limit))


def suspect_items(connection: Connection, *, batch: int | None, limit: int) -> list[Candidate]:
    """The suspects that wait, the longest waiting first."""
    query = (
        candidates()
        .join(review_leases, review_leases.c.item_id == items.c.id)
        .where(review_leases.c.chosen == "suspect", has_lapsed(review_leases))
        .order_by(review_leases.c.lease_until, items.c.id)
    )
    return _fetch(connection, _in_batch(query, batch).limit(limit))


def random_items(connection: Connection, rng: random.Random, *, batch: int | None, limit: int) -> list[Candidate]:
    """Free items of the latest runs, each as likely as any other."""
    spans = item_spans(connection, batch=batch)
    free = _in_batch(
        candidates()
        .join(verdicts, verdicts.c.item_id == items.c.id)
        .where(verdicts.c.run_id.in_(latest_runs(batch)), verdicts.c.label.is_not(None), is_free()),
        batch,
    )
    # Numbers are drawn and those that are no free item are dropped, which costs the same however many items there are.
    found: dict[int, Candidate] = {}
    for _ in range(_RANDOM_DRAWS):
        drawn = draw_numbers(spans, rng, 8 * limit)
        by_item = {each.item: each for each in _fetch(connection, free.where(items.c.id.in_(drawn)))}
        found.update((item, by_item[item]) for item in drawn if item in by_item)
        if len(found) >= limit:
            return list(found.values())[:limit]
    # Few are free among many: they are listed instead.
    everything = _fetch(connection, free.order_by(items.c.id))
    return rng.sample(everything, min(limit, len(everything)))


def read_item(connection: Connection, item: int) -> ReviewItem | None:
    """One item with its text and its latest verdict."""
    latest = select(func.max(runs.c.id)).where(runs.c.batch_id == items.c.batch_id).correlate(items).scalar_subquery()
    query = (
        select(
            items.c.id.label("item"),
            items.c.batch_id.label("batch"),
            items.c.row,
            items.c.external_id,
            items.c.text,
            items.c.text_hash,
            verdicts.c.label.label("model_label"),
            verdicts.c.p_fake,
        )
        .join_from(items, verdicts, and_(verdicts.c.item_id == items.c.id, verdicts.c.run_id == latest), isouter=True)
        .where(items.c.id == item)
    )
    found = connection.execute(query).one_or_none()
    return None if found is None else ReviewItem(**found._mapping)


def claim_item(
    connection: Connection, item: int, *, reviewer: str, chosen: str, lease_seconds: float, is_undone: bool = False
) -> Offer | None:
    """Take the lease on an item, or None where somebody has it or its text, or where it is labelled by now.

    is_undone: the reviewer had it and took the answer back; what others have said of it meanwhile is theirs.
    """
    _one_at_a_time(connection)
    is_open = is_waiting_suspect() if chosen == "suspect" else is_in_no_hands() if is_undone else is_free()
    # Held until the end: no purge deletes the item, and where it did, there is nothing to offer.
    free = select(items.c.id).where(items.c.id == item, is_open).with_for_update(key_share=True, read=True, of=items)
    if connection.execute(free).one_or_none() is None:
        return None
    # A reviewer whose lease ran out on another row of this text has lost it too.
    same_text = select(items.c.text_hash).where(items.c.id == item).scalar_subquery()
    rows = select(items.c.id).where(items.c.text_hash == same_text, items.c.id != item)
    forget_lapsed_leases(connection, review_leases.c.item_id.in_(rows))
    values = {"reviewer": reviewer, "chosen": chosen, **lease_of(lease_seconds)}
    lease_until = connection.execute(
        update(review_leases)
        .where(review_leases.c.item_id == item)
        .values(values)
        .returning(review_leases.c.lease_until)
    ).scalar_one_or_none()
    if lease_until is None:
        lease_until = connection.execute(
            insert(review_leases).values(item_id=item, **values).returning(review_leases.c.lease_until)
        ).scalar_one()
    found = read_item(connection, item)
    if found is None:
        raise AssertionError("the item is held")
    return Offer(found, reviewer, chosen, lease_until)


def record_label(connection: Connection, offer: Offer, label: str) -> int:
    """Store the reviewer's answer and end the lease; gives the label's id. Raises ReviewLeaseLostError."""
    # The fence comes first, and every transaction takes leases before it adds labels: none waits for another in a ring.
    if connection.execute(delete(review_leases).where(_holds(offer))).rowcount != 1:
        raise ReviewLeaseLostError(offer.item.item)
    return add_label(connection, offer.item.text, label, labelled_by=offer.reviewer, chosen=offer.chosen)


def release_item(connection: Connection, offer: Offer) -> None:
    """Give the lease back unanswered; a suspect goes on waiting. Nothing happens where the lease was lost."""
    if offer.chosen == "suspect":
        waiting = {"reviewer": NOBODY, **_NO_LEASE}
        connection.execute(update(review_leases).where(_holds(offer)).values(waiting))
    else:
        connection.execute(delete(review_leases).where(_holds(offer)))


def undo_label(connection: Connection, offer: Offer, label_id: int, *, lease_seconds: float) -> Offer:
    """Take back the label that answered this offer, and lease its item again. Raises CannotUndoError.

    The one place where a label is deleted: it is the reviewer's own, and nobody has judged the text since.
    """
    _one_at_a_time(connection)
    latest = select(func.max(labels.c.id)).where(labels.c.text_hash == offer.item.text_hash).scalar_subquery()
    mine = and_(labels.c.id == label_id, labels.c.labelled_by == offer.reviewer, labels.c.id == latest)
    if connection.execute(delete(labels).where(mine)).rowcount != 1:
        raise CannotUndoError(offer.item.item)
    if offer.chosen == "suspect":
        _queue_suspects(connection, [offer.item.item])
    again = claim_item(
        connection,
        offer.item.item,
        reviewer=offer.reviewer,
        chosen=offer.chosen,
        lease_seconds=lease_seconds,
        is_undone=True,
    )
    if again is None:
        raise CannotUndoError(offer.item.item)
    return again


def add_suspects(connection: Connection, text_hashes: Sequence[bytes]) -> int:
    """Let these texts be reviewed again; gives how many now wait.

    A text that occurs in no enqueued file has no item to show and is left out, and so is one somebody judges just now.
    """
    _one_at_a_time(connection)
    return _queue_suspects(connection, sorted(first_items(connection, text_hashes).values()))


def clear_suspects(connection: Connection, text_hashes: Sequence[bytes]) -> bool:
    """Let these texts wait no longer: somebody judges them in another way. Gives whether any of them did wait."""
    settled = [item for item, waiting in _suspects(connection).items() if waiting in frozenset(text_hashes)]
    if not settled:
        return False
    nobody_has_it = review_leases.c.reviewer == NOBODY
    waiting = delete(review_leases).where(review_leases.c.item_id.in_(settled), nobody_has_it)
    return connection.execute(waiting).rowcount > 0


def suspect_texts(connection: Connection) -> frozenset[bytes]:
    """The hashes of the texts that wait to be judged again, those that somebody looks at now included."""
    return frozenset(_suspects(connection).values())


def forget_lapsed_leases(connection: Connection, *of_these: ColumnElement[bool]) -> None:
    """Remove the leases of reviewers who never came back; their items are free either way."""
    connection.execute(
        delete(review_leases).where(has_lapsed(review_leases), review_leases.c.chosen != "suspect", *of_these)
    )


def _one_at_a_time(connection: Connection) -> None:
    # Two reviewers could otherwise lease two items of one text at once: each would not see the other's lease.
    # SQLite's transactions that write take turns anyway.
    if connection.dialect.name == "postgresql":
        connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _REVIEW_LOCK})


def _queue_suspects(connection: Connection, found: Sequence[int]) -> int:
    forget_lapsed_leases(connection)
    query = select(review_leases.c.item_id, review_leases.c.chosen)
    there = {row.item_id: row.chosen for row in connection.execute(query)}
    fresh = hold_items(connection, [item for item in found if item not in there])
    if fresh:
        connection.execute(
            insert(review_leases).values(reviewer=NOBODY, chosen="suspect", **_NO_LEASE),
            [{"item_id": item} for item in fresh],
        )
    return sum(there.get(item, "suspect") == "suspect" for item in found)


def _suspects(connection: Connection) -> dict[int, bytes]:
    query = select(items.c.id, items.c.text_hash).join(review_leases).where(review_leases.c.chosen == "suspect")
    return {row.id: row.text_hash for row in connection.execute(query)}


def candidates() -> Select[Any]:
    """Begin a query for candidates."""
    return select(items.c.id.label("item"), items.c.text_hash).select_from(items)


def _fetch(connection: Connection, query: Select[Any]) -> list[Candidate]:
    return [Candidate(row.item, row.text_hash) for row in connection.execute(query)]


def _in_batch(query: Select[Any], batch: int | None) -> Select[Any]:
    return query if batch is None else query.where(items.c.batch_id == batch)


def latest_runs(batch: int | None) -> Select[Any]:
    """The number of the latest run of each batch."""
    query = select(func.max(runs.c.id)).group_by(runs.c.batch_id)
    return query if batch is None else query.where(runs.c.batch_id == batch)


def _holds(offer: Offer) -> ColumnElement[bool]:
    row = review_leases.c
    return and_(row.item_id == offer.item.item, row.reviewer == offer.reviewer, row.lease_until == offer.lease_until)
