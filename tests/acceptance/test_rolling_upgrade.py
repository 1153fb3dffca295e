"""Workers of the last release and of today on one database and one broker, while rows flow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from newsgate.db.schema import HEAD_REVISION
from tests.bundles import contrary_bundle, store_bundle
from tests.programs import World
from tests.released import Release, released_in
from tests.services import PostgresServer, RedisServer, short_folder, wait_until
from tests.texts import write_posts

_ROWS = 1200
_SETTINGS = {
    "NEWSGATE_CHUNK_ROWS": "20",
    "NEWSGATE_LEASE_SECONDS": "5",
    "NEWSGATE_SWEEP_SECONDS": "0.5",
    "NEWSGATE_LOST_AFTER_SECONDS": "1",
}


@dataclass(frozen=True)
class _Both:
    """One world, in which programs of both versions run."""

    world: World
    before: Release

    @property
    def schema(self) -> str:
        return str(self.world.figure("select version_num from alembic_version"))

    def verdicts(self, batch: int) -> tuple[Any, ...]:
        """Rows with a verdict, different ones of them, and those with an error."""
        query = "select {} from results where batch = :batch"
        counts = ("count(*)", 'count(distinct "row")', "count(error)")
        return tuple(self.world.figure(query.format(count), batch=batch) for count in counts)

    def workers_of(self, batch: int) -> set[int]:
        """The processes that have classified chunks of the batch."""
        query = text(
            "select distinct c.worker from chunks c join runs r on r.id = c.run_id"
            " where r.batch_id = :batch and c.state = 'done'"
        )
        with self.world.database.read() as connection:
            found = connection.execute(query, {"batch": batch}).scalars()
            return {int(name.rpartition(":")[2]) for name in found}


@pytest.fixture(params=["postgresql", "sqlite"])
def both(request: pytest.FixtureRequest, redis_server: RedisServer) -> Iterator[_Both]:
    with short_folder("newsgate-upgrade-") as folder:
        url = f"sqlite:///{folder / 'home' / 'newsgate.db'}"
        if request.param == "postgresql":
            server: PostgresServer = request.getfixturevalue("postgres_server")
            url = server.new_database()
        addresses = {"NEWSGATE_DATABASE_URL": url, "NEWSGATE_BROKER_URL": redis_server.url}
        world = World(folder / "home", url, _SETTINGS | addresses)
        world.home.mkdir()
        yield _Both(world, released_in(world))
    world.database.close()


@pytest.mark.long
def test_hosts_are_upgraded_one_after_the_other(both: _Both, tmp_path: Path) -> None:
    world, before = both.world, both.before
    made = before.run("newsgate", "migrate")
    assert (made.code, both.schema < HEAD_REVISION) == (0, True), made.err
    with before.started("worker", log="before") as old:
        # Under the workers of before, which go on.
        first = before.run("enqueue", write_posts(tmp_path / "first.csv", _ROWS, seed=1))
        assert first.code == 0, first.err
        if not world.database.is_sqlite:
            # A file is migrated by whoever comes first.
            too_early = world.run("newsgate", "worker")
            assert too_early.code == 1
            assert "Run `newsgate migrate`" in too_early.err.splitlines()[-1]
        wait_until(lambda: world.figure("select sum(done) from runs") > 0, what="rows flow")
        migrated = world.run("newsgate", "migrate")
        assert (migrated.code, both.schema) == (0, HEAD_REVISION), migrated.err
        with world.started("worker") as new:
            wait_until(
                lambda: "listening" in (world.home.parent / "worker.log").read_text(), what="today's worker is ready"
            )
            world.wait_for(1)
            # Both hear the rings of today's enqueue.
            world.enqueue(write_posts(tmp_path / "second.csv", 2 * _ROWS, seed=2))
            world.wait_for(2)
            assert both.workers_of(2) == {old.pid, new.pid}
            refused = before.run("enqueue", write_posts(tmp_path / "refused.csv", 10, seed=3))
            assert (refused.code, len(refused.err.splitlines())) == (1, 1), refused.err
            assert "Install the newsgate that made it" in refused.err
            assert [both.verdicts(batch) for batch in (1, 2)] == [(_ROWS, _ROWS, 0), (2 * _ROWS, 2 * _ROWS, 0)]
            _promote_a_newer_model(both, tmp_path)
            old.terminate()
            assert old.wait(30) == 0
            # What the released worker could not read it has failed, and says so; nothing else has to be done again.
            requeued = world.run("newsgate", "requeue", "3")
            assert requeued.code in (0, 1), requeued.err
            world.wait_for(3)
            assert both.verdicts(3) == (_ROWS, _ROWS, 0)
    log = (world.home.parent / "worker.log").read_text()
    assert [word for word in ("Traceback", "discarded") if word in log] == [], log
    world.assert_sound()


def _promote_a_newer_model(both: _Both, folder: Path) -> None:
    """A bundle of today's format becomes champion, and a file is classified with it while the old worker lives."""
    number = store_bundle(both.world.database, contrary_bundle(), name="today's")
    promoted = both.world.run("newsgate", "promote", str(number), "--reason", "it is newer")
    assert promoted.code == 0, promoted.err
    both.world.enqueue(write_posts(folder / "third.csv", _ROWS, seed=4))
    both.world.wait_for(3)
    rows, different, failed = both.verdicts(3)
    assert (rows, different) == (_ROWS, _ROWS)
    assert failed < _ROWS, "today's worker had its share"
    both.world.assert_sound()
