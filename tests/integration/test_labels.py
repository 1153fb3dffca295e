"""Labels on both databases: their history, and what it says about their use."""

from __future__ import annotations

import pytest

from newsgate.db.batch_labels import judged_texts
from newsgate.db.batch_status import batch_status
from newsgate.db.errors import NoSuchItemError
from newsgate.db.label_history import given_labels
from newsgate.db.label_retraction import retract_latest_label
from newsgate.db.labels import (
    add_labels,
    count_labels,
    count_labels_since,
    count_pairs,
    latest_label_id,
    summarise_labels,
    text_hash,
)
from newsgate.db.review import add_suspects, suspect_texts
from newsgate.db.session import Database
from newsgate.tasks.labelling.label_item import ItemChoice, label_item
from tests.labels import TEXTS, add, current, item_of, said
from tests.partitions import partitioned_too
from tests.review_queue import Queue, score, text_of


def test_the_latest_label_is_current_and_the_earlier_ones_are_history(database: Database) -> None:
    first = add(database, "a", "fake")
    add(database, "b", "real", by="bob")
    assert [each.text for each in current(database)] == sorted(["a", "b"], key=text_hash)
    latest = add(database, "a", "real", by="bob", chosen="suspect")

    found = {each.text: each for each in current(database)}["a"]
    assert (found.id, found.label, found.labelled_by, found.chosen) == (latest, "real", "bob", "suspect")
    assert found.judgements == 2
    assert found.text_hash == text_hash("a")
    assert {each.text: each.label for each in current(database, up_to=latest - 1)} == {"a": "fake", "b": "real"}
    assert [each.text for each in current(database, up_to=first)] == ["a"]


def test_labels_are_counted_from_any_point(database: Database) -> None:
    with database.read() as connection:
        assert (latest_label_id(connection), count_labels_since(connection, 0)) == (0, 0)
    first = add(database, "a", "fake")
    with database.write() as connection:
        add_labels(connection, [("b", "real"), ("a", "real")], labelled_by="ann", chosen="file")
    with database.read() as connection:
        assert count_labels_since(connection, first) == 2
        assert count_labels_since(connection, latest_label_id(connection)) == 0
        assert count_labels(connection) == 3


@pytest.mark.parametrize(
    ("history", "judges", "is_test"),
    [
        (("uncertain", "direct"), False, False),
        (("random", "direct"), True, False),
        (("test", "suspect", "direct"), True, True),
        (("file", "test"), True, True),
    ],
)
def test_a_text_once_chosen_to_judge_models_does_so_for_good(
    database: Database, history: tuple[str, ...], judges: bool, is_test: bool
) -> None:
    for chosen in history:
        add(database, "a", "fake", chosen=chosen)
    [found] = current(database)
    assert (found.judges, found.is_test, found.chosen) == (judges, is_test, history[-1])


def test_the_summary_counts_texts_people_and_conflicts(database: Database) -> None:
    add(database, "a", "fake", by="ann")
    add(database, "a", "real", by="bob", chosen="random")
    add(database, "b", "fake", by="bob", chosen="random")
    with database.read() as connection:
        found = summarise_labels(connection)
    assert found.by_label == {"fake": 1, "real": 1}
    assert found.by_chosen == {"random": {"fake": 1, "real": 1}}
    assert found.by_person == {"bob": 2, "ann": 1}
    assert (found.judgements, found.texts, found.conflicts) == (3, 2, 1)


def test_pairs_are_of_people_with_the_latest_each_said(database: Database) -> None:
    for by, label in (("ann", "real"), ("ann", "fake"), ("bob", "fake"), ("cid", "real")):
        add(database, "a", label, by=by)
    add(database, "b", "real", by="ann")
    add(database, "b", "fake", by="file:posts.csv", chosen="file")
    with database.read() as connection:
        assert count_pairs(connection) == {("fake", "fake"): 1, ("fake", "real"): 2}


@partitioned_too
def test_labelling_an_item_is_about_its_text_and_settles_a_suspect(stored: Database) -> None:
    add(stored, TEXTS[0], "fake", by="bob")
    with stored.write() as connection:
        assert add_suspects(connection, [text_hash(TEXTS[0]), text_hash("in no file")]) == 1
    done = label_item(stored, ItemChoice(item_of(stored, TEXTS[0])), "real", by="ann")
    assert done.before is not None
    assert (done.before.labelled_by, done.before.label) == ("bob", "fake")
    assert said(stored) == {TEXTS[0]: "real"}
    with stored.read() as connection:
        assert suspect_texts(connection) == frozenset()
    with pytest.raises(NoSuchItemError, match="no item 999"):
        label_item(stored, ItemChoice(999), "real", by="ann")


def test_the_judged_texts_of_a_batch_know_which_were_drawn_from_it(queue: Queue) -> None:
    drawn, picked, twice = (text_of(row) for row in (2, 3, 4))
    queue.label(drawn, "real", chosen="random")
    queue.label(drawn, "fake", by="cem", chosen="import")
    queue.label(picked, chosen="uncertain")
    queue.label(picked, chosen="random")
    queue.label(twice, chosen="random")
    again = queue.classified([twice, twice, text_of(999)])
    with queue.database.read() as connection:
        [first, second] = (batch_status(connection, batch).run for batch in (queue.batch, again))
        found = judged_texts(connection, batch=queue.batch, run=first, after_label=0)
        assert [(each.p_fake, each.rows, each.label, each.is_drawn) for each in found] == [
            (score(2), 1, "fake", True),
            (score(3), 1, "fake", False),
            (score(4), 1, "fake", True),
        ]
        # Drawn from the batch before.
        [other] = judged_texts(connection, batch=again, run=second, after_label=0)
        assert (other.rows, other.is_drawn) == (2, False)
        learned = latest_label_id(connection)
        assert not any(each.is_drawn for each in judged_texts(connection, batch=1, run=first, after_label=learned))


def test_a_training_is_told_what_was_taken_back_in_the_order_it_was_given(database: Database) -> None:
    for text, by in (("one", "ann"), ("two", "bob"), ("one", "bob")):
        add(database, text, "fake", by=by, chosen="random")
    with database.write() as connection:
        assert retract_latest_label(connection, text_hash("two"), labelled_by="bob")
    with database.read() as connection:
        found = list(given_labels(connection, up_to=latest_label_id(connection)))
    assert [(each.text, each.judges, each.counts) for each in found] == [
        ("one", True, True),
        ("two", True, False),
        ("one", True, True),
    ]
    assert [each.id for each in found] == sorted(each.id for each in found)
