"""Review sessions on both databases: to whom an item is offered, and what becomes of leases and answers."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from newsgate.db.labels import count_labels
from newsgate.db.review import (
    CannotUndoError,
    ReviewLeaseLostError,
)
from newsgate.tasks.labelling.review_session import ReviewSession
from tests.review_queue import ROWS, Queue, answer_all, shown, text_of

# A lease that has run out already: no test has to wait for one.
LAPSED = -1.0


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


def test_a_lease_that_ran_out_is_lost_where_the_next_one_has_another_row_of_the_text(queue: Queue) -> None:
    again = queue.classified([text_of(2)])
    # It was there before: a session that begins forgets what has run out.
    bob = ReviewSession(queue.database, reviewer="bob", batch=again, random_share=0.0)
    late = queue.session("ann", lease=LAPSED)
    assert shown(late).item.batch == queue.batch
    assert shown(bob).item.text == shown(late).item.text == text_of(2)
    with pytest.raises(ReviewLeaseLostError, match="not stored"):
        late.judge("real")
    bob.judge("fake")
    assert queue.said() == {text_of(2): ("fake", "uncertain", "bob")}
    late.close()
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


def test_undo_takes_back_a_skip_and_offers_the_skipped_text_again(queue: Queue) -> None:
    session = queue.session()
    shown(session)
    session.judge("fake")
    assert shown(session).item.text == text_of(3)
    session.skip()
    assert shown(session).item.text == text_of(4)
    assert session.undo()
    assert shown(session).item.text == text_of(3)
    assert (session.tally.labelled, session.tally.skipped) == (1, 0)
    assert queue.said() == {text_of(2): ("fake", "uncertain", "ann")}
    session.judge("real")
    assert shown(session).item.text == text_of(4)
    assert queue.said()[text_of(3)] == ("real", "uncertain", "ann")
    assert session.undo()
    assert session.undo()
    assert queue.said() == {}
    assert not session.undo()
    session.close()
    assert queue.leases() == 0


def test_undo_takes_back_the_skip_of_a_suspect(queue: Queue) -> None:
    queue.label(text_of(9))
    queue.suspect(text_of(9))
    session = queue.session()
    assert shown(session).chosen == "suspect"
    session.skip()
    shown(session)
    assert session.undo()
    assert (shown(session).item.text, shown(session).chosen) == (text_of(9), "suspect")
    session.close()
    assert len(queue.waiting()) == 1


def test_a_skipped_text_that_somebody_else_took_meanwhile_stays_theirs(queue: Queue) -> None:
    session = queue.session()
    shown(session)
    session.skip()
    bob = queue.session("bob")
    assert shown(bob).item.text == text_of(2)
    with pytest.raises(CannotUndoError, match="item 1 is with somebody else, or labelled"):
        session.undo()
    assert session.tally.skipped == 1
    # What was done before the skip can still be undone afterwards: the skip is out of the way.
    assert not session.undo()
    session.close()
    bob.close()


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


def test_an_answer_that_cannot_be_undone_does_not_stand_before_earlier_ones(queue: Queue) -> None:
    session = queue.session()
    first = shown(session).item.text
    session.judge("fake")
    second = shown(session).item.text
    session.judge("fake")
    queue.label(second, "real")
    with pytest.raises(CannotUndoError, match="labelled again"):
        session.undo()
    assert session.undo()
    assert shown(session).item.text == first
    assert session.tally.labelled == 1
    assert set(queue.said()) == {second}
    session.close()


def test_an_own_answer_is_undone_though_somebody_judged_the_text_before_it(queue: Queue) -> None:
    session = queue.session()
    text = shown(session).item.text
    # On the page of the item, which takes no lease.
    queue.label(text, "real")
    session.judge("fake")
    assert session.undo()
    assert queue.said()[text] == ("real", "direct", "bob")
    assert shown(session).item.text == text
    session.judge("real")
    with queue.database.read() as connection:
        assert count_labels(connection) == 2
    session.close()


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
