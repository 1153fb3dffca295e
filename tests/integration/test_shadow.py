"""A challenger that scores what the champion scores, unseen, on both databases."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy import Row, select

from newsgate.db.chunks import Claim
from newsgate.db.errors import DatabaseError, NoSuchModelError
from newsgate.db.model_registry import add_model
from newsgate.db.shadow import Comparison, clear_shadows, compare_shadows, find_shadows, set_shadow
from newsgate.db.tables import items
from newsgate.db.upkeep_tables import shadow_verdicts
from newsgate.model.labels import label_of
from newsgate.model.starter import starter_bundle
from newsgate.tasks.classifying.classify_chunk import classify_chunk
from newsgate.tasks.classifying.reclassify import reclassify, requeue_batch
from newsgate.tasks.classifying.shadow_scoring import is_shadowed, shadow_chunk
from tests.bundles import contrary_bundle, scores_of, store_bundle
from tests.desk import Desk
from tests.partitions import partitioned_too
from tests.texts import posts

ROWS = 60


@pytest.fixture
def challenger(desk: Desk) -> int:
    """A model besides the starter, which is number 1 and champion."""
    desk.enqueue(1, seed=99)
    return store_bundle(desk.database, contrary_bundle(), name="contrary")


def _shadow(desk: Desk, model: int, share: float) -> None:
    with desk.database.write() as connection:
        set_shadow(connection, model, share=share)


def _said(desk: Desk) -> list[Row[int, str, float, int]]:
    """(row, label, p_fake, model) of every shadow verdict, in the order of the file."""
    query = select(items.c.row, shadow_verdicts.c.label, shadow_verdicts.c.p_fake, shadow_verdicts.c.model)
    with desk.database.read() as connection:
        return list(connection.execute(query.join_from(shadow_verdicts, items).order_by(items.c.row)))


def _compared(desk: Desk) -> list[Comparison]:
    with desk.database.read() as connection:
        return compare_shadows(connection)


# Which chunks


def test_a_share_is_that_share_of_the_chunks_and_always_the_same_ones() -> None:
    tenth = {chunk for chunk in range(20_000) if is_shadowed(chunk, share=0.1)}
    assert 1900 < len(tenth) < 2100
    assert tenth < {chunk for chunk in range(20_000) if is_shadowed(chunk, share=0.2)}
    assert all(is_shadowed(chunk, share=1.0) for chunk in range(1000))
    assert not any(is_shadowed(chunk, share=0.0) for chunk in range(1000))
    # Fixed for good: another version of newsgate chooses the same ones.
    assert [chunk for chunk in range(40) if is_shadowed(chunk, share=0.1)] == [18, 29]


def test_the_chunks_shadowed_are_those_the_hash_names(desk: Desk, challenger: int) -> None:
    _shadow(desk, challenger, 0.5)
    batch = desk.enqueue(ROWS)
    desk.work_off(batch)
    expected = [chunk for chunk in desk.chunks(batch) if is_shadowed(chunk.id, share=0.5)]
    assert 0 < len(expected) < 6
    rows = [row for chunk in expected for row in range(chunk.first_row, chunk.last_row + 1)]
    assert [each.row for each in _said(desk)] == rows


# What is stored


@partitioned_too
def test_shadow_verdicts_are_the_challengers_and_no_results(desk: Desk, challenger: int) -> None:
    _shadow(desk, challenger, 1.0)
    batch = desk.enqueue(ROWS)
    desk.work_off(batch)
    texts = posts(ROWS)
    p_shadow, p_shown = (scores_of(data, texts).p_fake.tolist() for data in (contrary_bundle(), starter_bundle()))
    said = _said(desk)
    assert [each.p_fake for each in said] == pytest.approx(p_shadow, abs=1e-6)
    assert [each.label for each in said] == [label_of(p) for p in p_shadow]
    assert {each.model for each in desk.results(batch)} == {1}
    assert [each.p_fake for each in desk.results(batch)] == pytest.approx(p_shown, abs=1e-6)

    (comparison,) = _compared(desk)
    assert (comparison.model, comparison.beside, comparison.share, comparison.rows) == (challenger, 1, 1.0, ROWS)
    differ = sum(label_of(p) != label_of(q) for p, q in zip(p_shadow, p_shown, strict=True))
    assert differ > 0
    assert (comparison.disagreements, comparison.disagreement) == (differ, differ / ROWS)
    change = sum(abs(p - q) for p, q in zip(p_shadow, p_shown, strict=True)) / ROWS
    assert comparison.mean_change == pytest.approx(change, abs=1e-6)


def test_a_row_is_shadowed_once_however_often_it_is_classified(desk: Desk, challenger: int) -> None:
    batch = desk.enqueue(ROWS)
    desk.finish(batch, failing=range(2, 12))
    _shadow(desk, challenger, 1.0)
    requeue_batch(batch, settings=desk.settings, database=desk.database)
    desk.work_off(batch)
    first = _said(desk)
    assert [each.row for each in first] == list(range(2, 12))
    chunk = next(each for each in desk.chunks(batch) if each.first_row == 2)
    with desk.database.read() as connection:
        query = (
            select(items.c.id, items.c.text).where(items.c.batch_id == batch, items.c.row < 22).order_by(items.c.row)
        )
        rows = connection.execute(query).all()
    claim = Claim(chunk.id, 1, chunk.run_id, batch, 1, 2, 21, lease_until=chunk.queued_at)
    shadow_chunk(
        claim,
        [row.id for row in rows],
        [row.text for row in rows],
        database=desk.database,
        models=desk.context.models,
        in_flight=desk.context.in_flight,
    )
    assert [each.row for each in _said(desk)] == list(range(2, 22))
    assert _said(desk)[:10] == first


# What may go wrong, and what may not come of it


def test_a_challenger_that_cannot_be_loaded_costs_nothing(
    desk: Desk, challenger: int, caplog: pytest.LogCaptureFixture
) -> None:
    with desk.database.write() as connection:
        broken = add_model(connection, name="broken", bundle=b"no bundle", metadata={})
    _shadow(desk, broken, 1.0)
    batch = desk.enqueue(ROWS)
    with caplog.at_level(logging.WARNING, "newsgate.worker"):
        desk.work_off(batch)
    assert [each.error for each in desk.results(batch)] == [None] * ROWS
    assert len([each for each in caplog.messages if "was not shadowed: BundleError" in each]) == 6
    assert _said(desk) == []


def test_a_chunk_is_done_before_its_shadow_begins(desk: Desk, challenger: int) -> None:
    _shadow(desk, challenger, 1.0)
    batch = desk.enqueue(5)
    seen: list[int] = []
    read_bundle = desk.context.models._read_bundle

    def read(number: int) -> bytes:
        if number == challenger:
            seen.append(len(desk.results(batch)))
        return read_bundle(number)

    desk.context.models._read_bundle = read
    desk.work_off(batch)
    assert seen == [5]


def test_only_the_champions_runs_are_shadowed(desk: Desk, challenger: int) -> None:
    batch = desk.enqueue(ROWS, model=challenger)
    _shadow(desk, challenger, 1.0)
    desk.work_off(batch)
    assert _said(desk) == []
    reclassify(batch, model=1, settings=desk.settings, database=desk.database)
    desk.work_off(batch)
    assert len(_said(desk)) == ROWS


# Turning it on and off


def test_one_challenger_shadows_at_a_time_until_it_is_turned_off(desk: Desk, challenger: int) -> None:
    assert _compared(desk) == []
    _shadow(desk, challenger, 0.25)
    assert _compared(desk) == [Comparison(challenger, 0.25, 1, 0, 0, None)]
    with desk.database.write() as connection:
        other = add_model(connection, name="other", bundle=b"other", metadata={})
    _shadow(desk, other, 0.5)
    assert [(each.model, each.share) for each in _compared(desk)] == [(other, 0.5)]
    with desk.database.write() as connection:
        assert clear_shadows(connection) == [other]
        assert clear_shadows(connection) == []
        assert find_shadows(connection, 1) == []


def test_what_was_said_is_shown_after_it_is_turned_off(desk: Desk, challenger: int) -> None:
    _shadow(desk, challenger, 1.0)
    batch = desk.enqueue(ROWS)
    first, *rest = desk.waiting(batch)
    classify_chunk(first, desk.context, from_broker=True)
    with desk.database.write() as connection:
        clear_shadows(connection)
    for chunk in rest:
        classify_chunk(chunk, desk.context, from_broker=True)
    assert [(each.share, each.rows) for each in _compared(desk)] == [(None, 10)]


def test_neither_the_champion_nor_a_model_that_is_not_there_can_shadow(desk: Desk, challenger: int) -> None:
    with pytest.raises(DatabaseError, match="model 1 is the champion"):
        _shadow(desk, 1, 0.1)
    with pytest.raises(NoSuchModelError):
        _shadow(desk, 77, 0.1)
