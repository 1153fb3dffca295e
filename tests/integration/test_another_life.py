"""A replica or a backup takes the database's place while workers go on: numbers are given a second time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from newsgate.db.chunks import commit_chunk, load_texts
from newsgate.db.commit_at_once import commit_at_once
from newsgate.db.errors import ChunkFencedError
from newsgate.db.session import Database
from newsgate.db.shadow import set_shadow
from newsgate.db.tables import chunks, models
from newsgate.db.upkeep_tables import shadow_verdicts
from newsgate.db.verdicts import Verdict, Verdicts
from newsgate.model.bundle import bundle_sha256, read_bundle
from newsgate.model.starter import starter_bundle
from newsgate.tasks.classifying.classify_waiting import classify_waiting
from tests.bundles import contrary_bundle, remade, scores_of, store_bundle
from tests.desk import Desk
from tests.integration.chunk_steps import take

ROWS = 25


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(database, tmp_path)
    yield made
    made.assert_sound()


def _give_the_number_again(desk: Desk, number: int, bundle: bytes) -> None:
    """The model of this number was lost, and the next one that was made has it."""
    again = {"bundle": bundle, "sha256": bundle_sha256(bundle), "size_bytes": len(bundle)}
    with desk.database.write() as connection:
        connection.execute(update(models).where(models.c.number == number).values(again))


def test_a_number_that_is_given_again_is_the_model_that_has_it_now(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    first = desk.enqueue(ROWS)
    assert classify_waiting(desk.context, threading.Event()) == 3
    _give_the_number_again(desk, 1, contrary_bundle())
    second = desk.enqueue(ROWS, seed=1)
    assert classify_waiting(desk.context, threading.Event()) == 3
    for batch, bundle in ((first, starter_bundle()), (second, contrary_bundle())):
        found = desk.results(batch)
        right = scores_of(bundle, [each.text for each in found]).p_fake.tolist()
        assert [each.p_fake for each in found] == pytest.approx(right, abs=1e-3)
    assert "model 1 is another one than before" in caplog.text


def _cooler_bundle() -> bytes:
    metadata = read_bundle(starter_bundle()).metadata
    return remade(starter_bundle(), metadata=replace(metadata, temperature=metadata.temperature / 2))


def test_so_is_the_model_that_shadows(desk: Desk) -> None:
    challenger = store_bundle(desk.database, contrary_bundle(), name="challenger")
    with desk.database.write() as connection:
        set_shadow(connection, challenger, share=1.0)
    desk.work_off(desk.enqueue(ROWS))
    cooler = _cooler_bundle()
    _give_the_number_again(desk, challenger, cooler)
    batch = desk.enqueue(ROWS, seed=1)
    desk.work_off(batch)
    with desk.database.read() as connection:
        query = select(shadow_verdicts.c.item_id, shadow_verdicts.c.p_fake)
        said = {row.item_id: row.p_fake for row in connection.execute(query)}
    found = desk.results(batch)
    right = scores_of(cooler, [each.text for each in found]).p_fake.tolist()
    assert [said[each.item] for each in found] == pytest.approx(right, abs=1e-3)


@pytest.mark.parametrize("at_once", [False, True], ids=["in steps", "at once"])
def test_an_attempt_of_the_other_life_stores_nothing(desk: Desk, at_once: bool) -> None:
    if at_once and desk.database.is_sqlite:
        pytest.skip("SQLite has no way to go")
    batch = desk.enqueue(3)
    (chunk,) = desk.waiting(batch)
    claim = take(desk, chunk)
    with desk.database.read() as connection:
        ids, _ = load_texts(connection, claim)
    said = Verdicts.of([Verdict(item, "real", 0.1, 4, False, None) for item in ids])
    # The same numbers, and another worker's attempt.
    with desk.database.write() as connection:
        later = claim.lease_until + timedelta(seconds=5)
        connection.execute(update(chunks).where(chunks.c.id == chunk).values(worker="two", lease_until=later))
    if at_once:
        with desk.database.at_once() as connection, pytest.raises(ChunkFencedError):
            commit_at_once(connection, claim, said, summary="{}")
    else:
        with desk.database.write() as connection, pytest.raises(ChunkFencedError):
            commit_chunk(connection, claim, said)
    assert desk.results(batch) == []
