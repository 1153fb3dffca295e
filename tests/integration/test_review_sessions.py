"""The review queue on both databases: what it offers, to whom, and what becomes of leases, answers and undone ones."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, insert, select, update

from newsgate.db.audit import audit
from newsgate.db.batches import AcceptedRow, NewBatch, add_rows, create_batch, finish_loading
from newsgate.db.chunks import Verdict, claim_chunk, commit_chunk, load_texts
from newsgate.db.labels import add_label, count_labels, current_labels, text_hash
from newsgate.db.models import add_model
from newsgate.db.promotions import promote
from newsgate.db.review import (
    CannotUndoError,
    Offer,
    ReviewLeaseLostError,
    add_suspects,
    disputed_items,
    random_items,
    suspect_texts,
    uncertain_items,
)
from newsgate.db.session import Database
from newsgate.db.tables import models, review_leases, runs, shadow_verdicts
from newsgate.tasks.labelling.review_session import ReviewSession, pick_without_leases

# A lease that has run out already: no test has to wait for one.
LAPSED = -1.0
ROWS = 40


def text_of(row: int) -> str:
    return f"text of row {row}"


def score(row: int) -> float:
    """Row 2 is the least certain; each later one is a little more so, on alternating sides."""
    return 0.5 + (row - 1) * (0.01 if row % 2 == 0 else -0.01)


class Queue:
    """A database with one classified batch, and what reviewers do to it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.write() as connection:
            self.model = add_model(connection, name="test", bundle=b"not read here", metadata={})
            promote(connection, self.model, reason="the only one", figures={})
        self.batch = self.classified([text_of(row) for row in range(2, ROWS + 2)])

    def classified(self, texts: Sequence[str]) -> int:
        """Store a batch of these texts with a verdict each."""
        rows = [AcceptedRow(row, None, text, text_hash(text)) for row, text in enumerate(texts, start=2)]
        with self.database.write() as connection:
            loading = create_batch(connection, NewBatch("posts.csv", "0" * 64, 1, "{}"), model=self.model)
            chunk = add_rows(connection, loading, accepted=rows, refused=[], last_row=len(rows) + 1)
            finish_loading(connection, loading)
        assert chunk is not None
        with self.database.write() as connection:
            claim = claim_chunk(connection, chunk, worker="test", lease_seconds=60, max_attempts=2)
            assert claim is not None
            ids, _ = load_texts(connection, claim)
            commit_chunk(connection, claim, [_verdict(item, row) for row, item in enumerate(ids, start=2)])
        return loading.batch

    def session(self, reviewer: str = "ann", *, share: float = 0.0, lease: float = 60, seed: int = 0) -> ReviewSession:
        return ReviewSession(
            self.database,
            reviewer=reviewer,
            random_share=share,
            rng=random.Random(seed),
            lease_seconds=lease,
        )

    def label(self, text: str, label: str = "fake", *, by: str = "bob", chosen: str = "direct") -> None:
        with self.database.write() as connection:
            add_label(connection, text, label, labelled_by=by, chosen=chosen)

    def suspect(self, *texts: str) -> int:
        with self.database.write() as connection:
            return add_suspects(connection, [text_hash(text) for text in texts])

    def said(self) -> dict[str, tuple[str, str, str]]:
        with self.database.read() as connection:
            return {each.text: (each.label, each.chosen, each.labelled_by) for each in current_labels(connection)}

    def leases(self) -> int:
        with self.database.read() as connection:
            return connection.execute(select(func.count()).select_from(review_leases)).scalar_one()

    def waiting(self) -> frozenset[bytes]:
        with self.database.read() as connection:
            return suspect_texts(connection)


def _verdict(item: int, row: int) -> Verdict:
    return Verdict(item, "fake" if score(row) >= 0.5 else "real", score(row), 4, False, None)


def shown(session: ReviewSession) -> Offer:
    offer = session.current()
    assert offer is not None
    return offer


def answer_all(session: ReviewSession, label: str = "fake") -> list[Offer]:
    answered = []
    while (offer := session.current()) is not None:
        session.judge(label)
        answered.append(offer)
    return answered


@pytest.fixture
def queue(database: Database) -> Iterator[Queue]:
    yield Queue(database)
    with database.read() as connection:
        assert [finding for finding in audit(connection) if not finding.holds] == []


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


def test_two_reviewers_at_once_are_never_shown_the_same_text(queue: Queue) -> None:
    # Every text stands in two batches, so that a lease on one row has to cover the other.
    queue.classified([text_of(row) for row in range(2, ROWS + 2)])
    together = threading.Barrier(4)

    def review(name: str, seed: int) -> list[str]:
        session = queue.session(name, share=0.5, seed=seed)
        together.wait(30)
        return [offer.item.text for offer in answer_all(session)]

    with ThreadPoolExecutor(4) as pool:
        # The fourth is a second terminal of the first reviewer.
        named = (("ann", 1), ("bob", 2), ("cid", 3), ("ann", 4))
        answered = [text for done in pool.map(lambda each: review(*each), named) for text in done]
    assert sorted(answered) == sorted(text_of(row) for row in range(2, ROWS + 2))
    with queue.database.read() as connection:
        assert count_labels(connection) == ROWS
    assert queue.leases() == 0


def test_an_item_in_somebodys_hands_is_offered_to_nobody_else_until_they_quit(queue: Queue) -> None:
    queue.classified([text_of(2)])
    ann, bob = queue.session("ann"), queue.session("bob")
    assert shown(ann).item.text == text_of(2)
    assert shown(bob).item.text == text_of(3)
    ann.close()
    bob.close()
    assert queue.leases() == 0
    assert shown(queue.session("cid")).item.text == text_of(2)


def test_a_lease_that_ran_out_goes_to_the_next_and_the_late_answer_is_not_stored(queue: Queue) -> None:
    late = queue.session("ann", lease=LAPSED)
    assert shown(late).item.text == text_of(2)
    bob = queue.session("bob")
    assert shown(bob).item.text == text_of(2)
    with pytest.raises(ReviewLeaseLostError, match="not stored"):
        late.judge("real")
    assert shown(late).item.text == text_of(3)
    late.close()
    bob.judge("fake")
    assert queue.said() == {text_of(2): ("fake", "uncertain", "bob")}
    bob.close()


def test_a_lease_that_ran_out_unnoticed_loses_no_answer(queue: Queue) -> None:
    late = queue.session("ann", lease=LAPSED)
    shown(late)
    late.judge("real")
    assert queue.said() == {text_of(2): ("real", "uncertain", "ann")}


def test_what_is_labelled_meanwhile_is_not_offered(queue: Queue) -> None:
    session = queue.session()
    shown(session)
    queue.label(text_of(3))
    session.judge("fake")
    assert shown(session).item.text == text_of(4)
    session.close()


def test_a_skipped_row_is_left_to_others(queue: Queue) -> None:
    session = queue.session()
    session.skip() if session.current() else None
    assert text_of(2) not in {offer.item.text for offer in answer_all(session)}
    assert shown(queue.session("bob")).item.text == text_of(2)
    assert (session.tally.labelled, session.tally.skipped, session.tally.seen) == (ROWS - 1, 1, ROWS)


def test_undo_takes_back_labels_one_by_one_and_offers_the_items_again(queue: Queue) -> None:
    session = queue.session()
    assert not session.undo()
    for label in ("fake", "real"):
        shown(session)
        session.judge(label)
    assert shown(session).item.text == text_of(4)
    assert session.undo()
    assert shown(session).item.text == text_of(3)
    assert session.undo()
    assert queue.said() == {}
    assert session.tally.labelled == 0
    assert [offer.item.text for offer in answer_all(session, "real")][:4] == [text_of(row) for row in (2, 3, 4, 5)]
    assert queue.said()[text_of(2)] == ("real", "uncertain", "ann")
    with queue.database.read() as connection:
        assert count_labels(connection) == ROWS


def test_undo_leaves_a_text_alone_that_was_judged_again(queue: Queue) -> None:
    session = queue.session()
    shown(session)
    session.judge("fake")
    queue.label(text_of(2), "real")
    with pytest.raises(CannotUndoError, match="labelled again"):
        session.undo()
    assert queue.said()[text_of(2)] == ("real", "direct", "bob")
    assert session.tally.labelled == 1
    with queue.database.read() as connection:
        assert count_labels(connection) == 2


def test_agreement_with_the_model_is_counted_and_apart_for_random_rows(queue: Queue) -> None:
    session = queue.session(share=0.5)
    answered = []
    for _ in range(10):
        answered.append(shown(session))
        session.judge("fake")
    session.close()
    agreed = [offer.item.model_label == "fake" for offer in answered]
    at_random = [agrees for offer, agrees in zip(answered, agreed, strict=True) if offer.chosen == "random"]
    tally = session.tally
    assert (tally.compared, tally.agreed) == (10, sum(agreed))
    assert (tally.random_compared, tally.random_agreed) == (5, sum(at_random))


def test_the_queue_leaves_as_a_sheet_without_leases(queue: Queue) -> None:
    picked = list(pick_without_leases(queue.database, batch=None, random_share=0.25, limit=20, rng=random.Random(3)))
    assert Counter(each.chosen for each in picked) == {"random": 5, "uncertain": 15}
    assert len({each.item.text for each in picked}) == 20
    assert queue.leases() == 0
    everything = pick_without_leases(queue.database, batch=None, random_share=0.25, limit=1000)
    assert len(list(everything)) == ROWS
