"""The review queue on both databases: what it offers, in which order, and why."""

from __future__ import annotations

import random
from collections import Counter

from sqlalchemy import insert, select, update

from newsgate.db.labels import text_hash
from newsgate.db.model_registry import add_model
from newsgate.db.review import (
    disputed_items,
    random_items,
    uncertain_items,
)
from newsgate.db.tables import models, runs
from newsgate.db.upkeep_tables import shadow_verdicts
from newsgate.tasks.labelling.review_session import pick_without_leases
from tests.partitions import partitioned_too
from tests.review_queue import ROWS, Queue, answer_all, shown, text_of


def test_the_least_certain_rows_come_first_and_each_text_once(queue: Queue) -> None:
    queue.classified([text_of(2), text_of(3), text_of(2)])
    session = queue.session()
    answered = answer_all(session)
    assert [offer.item.text for offer in answered[:6]] == [text_of(row) for row in (2, 3, 4, 5, 6, 7)]
    assert len(answered) == ROWS
    assert {offer.chosen for offer in answered} == {"uncertain"}
    assert session.tally.labelled == ROWS


def test_the_random_share_is_stored_with_the_labels(queue: Queue) -> None:
    queue.classified([f"another text {number}" for number in range(160)])
    session = queue.session(share=0.3)
    for _ in range(100):
        assert session.current() is not None
        session.judge("real")
    assert Counter(chosen for _, chosen, _ in queue.said().values()) == {"random": 30, "uncertain": 70}


def test_random_items_are_any_free_item_with_equal_chances(queue: Queue) -> None:
    queue.classified([f"another text {number}" for number in range(10)])
    for row in range(2, 22):
        queue.label(text_of(row))
    rng = random.Random(1)
    drawn: Counter[int] = Counter()
    with queue.database.read() as connection:
        for _ in range(300):
            drawn.update(each.item for each in random_items(connection, rng, batch=queue.batch, limit=5))
    assert len(drawn) == 20
    assert sum(drawn.values()) == 1500
    assert max(drawn.values()) < 2 * min(drawn.values())


def test_few_free_items_among_many_are_found_at_random_too(queue: Queue) -> None:
    for row in range(2, ROWS):
        queue.label(text_of(row))
    answered = answer_all(queue.session(share=1.0))
    assert {offer.item.text for offer in answered} == {text_of(ROWS), text_of(ROWS + 1)}
    assert {offer.chosen for offer in answered} == {"random"}


def test_a_batch_may_be_reviewed_alone_and_only_its_latest_run_counts(queue: Queue) -> None:
    second = queue.classified(["one", "two"])
    with queue.database.read() as connection:
        assert len(uncertain_items(connection, batch=second, limit=50)) == 2
        assert len(random_items(connection, random.Random(0), batch=second, limit=50)) == 2
    with queue.database.write() as connection:
        newer = add_model(connection, name="newer", bundle=b"another", metadata={})
        now = select(runs.c.created_at).where(runs.c.batch_id == second).scalar_subquery()
        connection.execute(insert(runs).values(batch_id=second, model=newer, state="cancelled", created_at=now))
    with queue.database.read() as connection:
        assert uncertain_items(connection, batch=second, limit=50) == []
        assert random_items(connection, random.Random(0), batch=second, limit=50) == []


@partitioned_too
def test_what_a_challenger_sees_differently_is_offered_the_widest_apart_first(queue: Queue) -> None:
    with queue.database.read() as connection:
        ids = [each.item for each in uncertain_items(connection, batch=None, limit=50)]
        run = connection.execute(select(runs.c.id)).scalar_one()
    # Row 2 is fake at 0.51, row 3 real at 0.48, row 4 fake at 0.53.
    said = [(ids[0], "real", 0.4), (ids[1], "fake", 0.9), (ids[2], "fake", 0.99)]
    with queue.database.write() as connection:
        challenger = add_model(connection, name="challenger", bundle=b"another", metadata={})
        rows = [
            {"item_id": item, "model": challenger, "run_id": run, "label": label, "p_fake": p_fake}
            for item, label, p_fake in said
        ]
        connection.execute(insert(shadow_verdicts), rows)
    session = queue.session()
    first = shown(session)
    assert (first.item.text, first.chosen) == (text_of(3), "disagreement")
    session.judge("fake")
    assert shown(session).chosen == "uncertain"
    session.judge("fake")
    session.close()
    with queue.database.read() as connection:
        assert disputed_items(connection, batch=None, limit=9) == []

    queue.label(text_of(2))
    with queue.database.write() as connection:
        connection.execute(update(models).where(models.c.number == challenger).values(state="rejected"))
    with queue.database.read() as connection:
        assert disputed_items(connection, batch=None, limit=9) == []


def test_a_suspect_is_offered_again_until_it_is_judged(queue: Queue) -> None:
    queue.label(text_of(9), "fake")
    assert queue.suspect(text_of(9), "in no file") == 1
    assert queue.suspect(text_of(9)) == 1
    session = queue.session()
    assert (shown(session).item.text, shown(session).chosen) == (text_of(9), "suspect")
    assert queue.suspect(text_of(9)) == 1
    session.skip()
    assert shown(session).chosen == "uncertain"
    session.close()
    assert queue.waiting() == {text_hash(text_of(9))}

    later = queue.session("cid")
    assert shown(later).chosen == "suspect"
    later.judge("real")
    assert queue.said()[text_of(9)] == ("real", "suspect", "cid")
    assert queue.waiting() == frozenset()
    later.undo()
    assert queue.said()[text_of(9)] == ("fake", "direct", "bob")
    assert shown(later).chosen == "suspect"
    later.close()
    assert queue.waiting() == {text_hash(text_of(9))}


def test_the_queue_leaves_as_a_sheet_without_leases(queue: Queue) -> None:
    picked = list(pick_without_leases(queue.database, batch=None, random_share=0.25, limit=20, rng=random.Random(3)))
    assert Counter(each.chosen for each in picked) == {"random": 5, "uncertain": 15}
    assert len({each.item.text for each in picked}) == 20
    assert queue.leases() == 0
    everything = pick_without_leases(queue.database, batch=None, random_share=0.25, limit=1000)
    assert len(list(everything)) == ROWS
