"""A purge that is killed half-way, beside a worker that has rows of the same batch in hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.conftest import MakeSite
from tests.faults.helpers import Site
from tests.faults.saboteur import SLOW
from tests.services import RedisServer, wait_until
from tests.texts import write_posts

_SMALL_CHUNKS = {"NEWSGATE_CHUNK_ROWS": "20"}
_ROWS, _OTHER_ROWS = 4_000, 200


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, new_site: MakeSite) -> Site:
    """A system of its own for each test, nothing of it started yet."""
    if request.param == "sqlite":
        return new_site(extra=_SMALL_CHUNKS)
    redis: RedisServer = request.getfixturevalue("own_redis")
    return new_site("postgresql", broker_url=redis.url, extra=_SMALL_CHUNKS)


def test_a_purge_killed_half_way_beside_a_worker_goes_on_and_nothing_comes_back(site: Site, tmp_path: Path) -> None:
    site.set_trap(SLOW, "0.05")
    gone = site.enqueue(write_posts(tmp_path / "gone.csv", _ROWS))
    with site.started("up"):
        wait_until(lambda: site.done() > 100, what="rows of it are classified")
        other = site.enqueue(write_posts(tmp_path / "other.csv", _OTHER_ROWS, seed=1))
        with site.world.started("purge", str(gone), "--yes") as purge:
            query = "select purged_rows from batches where id = :batch"
            wait_until(lambda: site.figure(query, batch=gone) > 0, what="some of its rows are deleted")
            purge.kill()
            purge.wait(10)
        site.world.assert_sound()
        deleted = site.figure(query, batch=gone)
        assert deleted < _ROWS, "it was over before it was killed"
        assert site.world.status(gone).state == "purging"

        site.remove_trap(SLOW)
        done = site.world.run("newsgate", "purge", str(gone), "--yes")
        assert (done.code, f"deleted: {_ROWS - deleted} rows" in done.err) == (0, True), done.err
        (tmp_path / "one.txt").write_text(site.figure('select text from items where "row" = 100'))
        assert site.world.run("newsgate", "purge", "--text", tmp_path / "one.txt", "--yes").code == 0
        site.wait_for(other)

    left = site.figure("select count(*) from items where batch_id = :batch", batch=other)
    assert left < _OTHER_ROWS
    now = site.world.status(other)
    assert (now.state, now.total, now.done, now.purged_rows) == ("done", left, left, _OTHER_ROWS - left)
    old = site.world.status(gone)
    assert (old.state, old.total, old.done, old.purged_rows) == ("purged", 0, 0, _ROWS)
    assert site.enqueue(tmp_path / "gone.csv") not in (gone, other)
    assert site.figure("select count(*) from items") == left + _ROWS
    assert site.running_chunks() == 0
    site.world.assert_sound()
    assert "Traceback" not in site.log("up").read_text()
