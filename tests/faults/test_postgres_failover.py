"""A PostgreSQL that dies for good, and its replica, which is promoted while a file is classified."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.faults.conftest import MakeSite
from tests.faults.helpers import Site
from tests.faults.saboteur import SLOW
from tests.replicas import address_of_both, replicated_postgres
from tests.services import RedisServer, wait_until
from tests.texts import write_posts

_ROWS = 600
_SMALL_CHUNKS = {"NEWSGATE_CHUNK_ROWS": "20"}


def test_a_replica_that_commits_waited_for_has_every_verdict(
    new_site: MakeSite, own_redis: RedisServer, tmp_path: Path
) -> None:
    with replicated_postgres() as (primary, replica):
        url = primary.prepared_database()
        primary.wait_for_replica()
        address = address_of_both(url, primary, replica)
        site = new_site(database_url=address, broker_url=own_redis.url, extra=_SMALL_CHUNKS)
        with site.started("worker"):
            site.set_trap(SLOW, "0.2")
            batch = site.enqueue(write_posts(tmp_path / "posts.csv", _ROWS, seed=1))
            wait_until(lambda: site.done() > 2, what="the work has begun")
            before = _verdicts(site)
            primary.stop()
            replica.promote()
            site.remove_trap(SLOW)
            assert before
            assert before.items() <= _verdicts(site).items()
            site.wait_for(batch)
            after = site.enqueue(write_posts(tmp_path / "after.csv", 40, seed=2))
            site.wait_for(after)
            assert before.items() <= _verdicts(site).items()
            doctor = site.world.run("newsgate", "doctor")
            assert doctor.code == 0, doctor.out
        site.assert_whole(batch, rows=_ROWS)
        site.assert_whole(after, rows=40)


def test_what_a_replica_did_not_have_is_as_if_it_had_never_been(
    new_site: MakeSite, own_redis: RedisServer, tmp_path: Path
) -> None:
    with replicated_postgres() as (primary, replica):
        url = primary.prepared_database()
        primary.wait_until_followed()
        # The one that takes no writes is asked first.
        address = address_of_both(url, replica, primary)
        site = new_site(database_url=address, broker_url=own_redis.url, extra=_SMALL_CHUNKS)
        with site.started("worker"):
            site.set_trap(SLOW, "0.1")
            batch = site.enqueue(write_posts(tmp_path / "posts.csv", _ROWS, seed=1))
            wait_until(lambda: site.done() > 2, what="the work has begun")
            replica.stop()
            seen = site.done()
            lost = write_posts(tmp_path / "lost.csv", 40, seed=2)
            assert site.enqueue(lost) == batch + 1
            wait_until(lambda: site.done() > seen + 2, what="chunks are done that the replica does not have")
            primary.stop()
            replica.start_again()
            replica.promote()
            # It is a state that the primary was once in, and the audit can find nothing wrong in that.
            assert site.figure("select count(*) from batches") == 1
            site.world.assert_sound()
            site.remove_trap(SLOW)
            site.wait_for(batch)
            # Whoever types the command again is told of a new batch.
            again = site.enqueue(lost)
            site.wait_for(again)
        site.assert_whole(batch, rows=_ROWS)
        site.assert_whole(again, rows=40)


def _verdicts(site: Site) -> dict[int, Any]:
    with site.database.read() as connection:
        found = connection.exec_driver_sql("select item, label, p_fake from results where label is not null")
        return {row.item: (row.label, row.p_fake) for row in found}
