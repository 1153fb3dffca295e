"""A worker killed after each step of classifying a chunk: nothing is lost, nothing stands twice, and it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from newsgate.db.tables import chunks
from tests.faults.conftest import MakeSite
from tests.faults.helpers import RESUME_SECONDS, Site
from tests.faults.saboteur import STEPS, STEPS_AHEAD
from tests.services import RedisServer, wait_until
from tests.texts import write_posts

_ROWS = 200


_SMALL_CHUNKS = {"NEWSGATE_CHUNK_ROWS": "20"}


@pytest.fixture(scope="module")
def on_sqlite(new_site: MakeSite) -> Iterator[Site]:
    """One running system; each test kills its worker and finds it working again."""
    made = new_site(extra=_SMALL_CHUNKS)
    with made.started("up"):
        made.wait_until_ready("up")
        yield made


@pytest.fixture(scope="module")
def on_postgresql(new_site: MakeSite, own_redis: RedisServer) -> Iterator[Site]:
    """The same on real servers."""
    made = new_site("postgresql", broker_url=own_redis.url, extra=_SMALL_CHUNKS)
    with made.started("up"):
        made.wait_until_ready("up")
        yield made


@pytest.mark.parametrize("step", STEPS)
def test_worker_killed_at_a_step_loses_nothing_and_doubles_nothing(step: str, on_sqlite: Site, tmp_path: Path) -> None:
    _kill_at(step, on_sqlite, tmp_path)


@pytest.mark.parametrize("step", STEPS_AHEAD)
def test_worker_killed_at_a_step_on_postgresql_loses_nothing_and_doubles_nothing(
    step: str, on_postgresql: Site, tmp_path: Path
) -> None:
    _kill_at(step, on_postgresql, tmp_path)


def test_what_a_killed_worker_had_ahead_is_not_held_against_its_texts(on_postgresql: Site, tmp_path: Path) -> None:
    file = write_posts(tmp_path / "posts.csv", _ROWS, seed=77)
    on_postgresql.set_trap("kill-at-ahead")
    batch = on_postgresql.enqueue(file)
    killed = on_postgresql.wait_for_trap("kill-at-ahead")
    reserved = select(chunks.c.id).where(
        chunks.c.worker.endswith(f":{killed}"), chunks.c.state == "queued", chunks.c.lease_until.is_not(None)
    )
    with on_postgresql.database.read() as connection:
        numbers = set(connection.execute(reserved).scalars())
    assert numbers
    on_postgresql.wait_for(batch)
    on_postgresql.assert_whole(batch, rows=_ROWS)
    with on_postgresql.database.read() as connection:
        found = connection.execute(select(chunks.c.state, chunks.c.attempt).where(chunks.c.id.in_(numbers))).all()
    assert set(found) == {("done", 1)}


def _kill_at(step: str, site: Site, tmp_path: Path) -> None:
    file = write_posts(tmp_path / "posts.csv", _ROWS, seed=[*STEPS, *STEPS_AHEAD].index(step))
    site.set_trap(f"kill-at-{step}")
    batch = site.enqueue(file)
    site.wait_for_trap(f"kill-at-{step}")
    done_then = site.done()
    wait_until(
        # Another worker may have done all the others before this one looks.
        lambda: site.running_chunks() == 0 and (site.done() > done_then or site.waiting() == 0),
        what="the chunks of the killed worker are taken over",
        seconds=site.lease_seconds + RESUME_SECONDS,
    )
    site.wait_for(batch)
    site.assert_whole(batch, rows=_ROWS)
