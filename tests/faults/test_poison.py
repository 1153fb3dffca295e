"""A row that cannot be classified: it alone fails, with its reason, however it takes its process down."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import MakeSite
from tests.faults.helpers import Site, posts_with, write_texts
from tests.faults.saboteur import SLOW, poison
from tests.services import RedisServer

_ROWS = 24
_POISONED_PLACE = 9
_FIRST_ROW = 2
# Each death costs a lease, so the deadlier the poison, the smaller its chunks.
CHUNK_ROWS = {"raise": 8, "nan": 8, "exit": 4, "hang": 2}
REASONS = {
    "raise": "ValueError: this text is poison",
    "nan": "the model gave no finite probability for this text",
    "exit": "the worker died or hung on this text, 2 times",
    "hang": "the worker died or hung on this text, 2 times",
}


@pytest.fixture(scope="module")
def site(new_site: MakeSite) -> Iterator[Site]:
    """One running system for every poison; it must outlive them all."""
    made = new_site(extra={"NEWSGATE_LEASE_SECONDS": "1"})
    with made.started("up") as up:
        made.wait_until_ready("up")
        yield made
        assert up.poll() is None


@pytest.mark.parametrize("kind", REASONS)
def test_a_poison_row_fails_alone_and_says_why(kind: str, site: Site, tmp_path: Path) -> None:
    texts = posts_with({_POISONED_PLACE: poison(kind)}, count=_ROWS, seed=list(REASONS).index(kind))
    small = site.told(NEWSGATE_CHUNK_ROWS=str(CHUNK_ROWS[kind]))
    batch = small.enqueue(write_texts(tmp_path / "posts.csv", texts))
    site.wait_for(batch)
    site.assert_whole(batch, rows=_ROWS, failed=1)
    failed = site.figure(
        "select \"row\" || ' ' || error from results where batch = :batch and error is not null", batch=batch
    )
    assert failed == f"{_POISONED_PLACE + _FIRST_ROW} {REASONS[kind]}"


def test_a_poison_row_whose_attempt_the_database_has_not_heard_of_fails_alone(
    new_site: MakeSite, own_redis: RedisServer, tmp_path: Path
) -> None:
    # On PostgreSQL the worker may end before the attempt counts: that happens once.
    texts = posts_with({3: poison("exit")}, count=8, seed=55)
    extra = {"NEWSGATE_LEASE_SECONDS": "1", "NEWSGATE_CHUNK_ROWS": "1"}
    site = new_site("postgresql", broker_url=own_redis.url, extra=extra)
    with site.started("up") as up:
        site.wait_until_ready("up")
        batch = site.enqueue(write_texts(tmp_path / "posts.csv", texts))
        site.wait_for(batch)
        assert up.poll() is None
    site.assert_whole(batch, rows=8, failed=1)
    failed = site.figure("select error from results where batch = :batch and error is not null", batch=batch)
    assert failed == REASONS["exit"]


def test_two_killers_at_once_take_no_neighbour_with_them(site: Site, tmp_path: Path) -> None:
    # Two threads share a process: what the one kills was in the other's hands too.
    deadly = {1: poison("abort"), 6: poison("abort")}
    site.set_trap(SLOW, "0.5")
    alone = site.told(NEWSGATE_CHUNK_ROWS="1")
    batch = alone.enqueue(write_texts(tmp_path / "posts.csv", posts_with(deadly, count=8, seed=99)))
    site.wait_for(batch)
    site.assert_whole(batch, rows=8, failed=2)
