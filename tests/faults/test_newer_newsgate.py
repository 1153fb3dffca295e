"""Today's worker beside a newsgate to come: its messages, its bundles, its schema."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import redis

from newsgate.db.schema import HEAD_REVISION
from newsgate.worker.queue_names import CLASSIFY_QUEUE
from tests.faults.conftest import MakeSite
from tests.newer import newer_ring, set_schema, store_newer_model
from tests.services import RedisServer
from tests.texts import write_posts

_ROWS = 40
# Only a ring is fast enough for a test.
_NEVER_LOST = {"NEWSGATE_LOST_AFTER_SECONDS": "3600", "NEWSGATE_CHUNK_ROWS": "20"}


@pytest.mark.long
def test_what_a_worker_does_not_understand_is_left_to_others_and_told_once(
    new_site: MakeSite, own_redis: RedisServer, tmp_path: Path
) -> None:
    site = new_site("postgresql", broker_url=own_redis.url, extra=_NEVER_LOST)
    deaf = site.told(NEWSGATE_BROKER_URL="redis://127.0.0.1:1/0")
    newer = store_newer_model(site.database)
    theirs = deaf.world.run("enqueue", write_posts(tmp_path / "newer.csv", _ROWS, seed=1), "--model", str(newer))
    assert theirs.code == 0, theirs.err
    with site.started("worker") as worker, redis.Redis(port=own_redis.port) as client:
        site.wait_until_ready("worker")
        ours = deaf.world.run("enqueue", write_posts(tmp_path / "posts.csv", _ROWS, seed=2))
        assert ours.code == 0, ours.err
        for _ in range(3):
            client.lpush(CLASSIFY_QUEUE, json.dumps(newer_ring()))
        site.wait_for(2)
        assert site.figure("select max(attempt) from chunks where run_id = 1") == 0
        health = site.world.run("newsgate", "health")
        assert health.code == 0, health.out
        set_schema(site.database, "9999", oldest="9999")
        assert worker.wait(30) == 0
    with site.started("worker", log="again"):
        site.wait_for_words("waiting for the database", "again")
        health = site.world.run("newsgate", "health")
        # A supervisor has no reason to start it again.
        assert health.code == 0, health.out
        set_schema(site.database, HEAD_REVISION, oldest=HEAD_REVISION)
        site.wait_until_ready("again")
        site.wait_for(site.enqueue(write_posts(tmp_path / "after.csv", _ROWS, seed=3)))
    log, again = site.log("worker").read_text(), site.log("again").read_text()
    for words in (
        "taken as rings: this one knows version 1",
        f"model {newer} is left to newer workers: the bundle has format 99",
        "this worker ends, and leaves its work to newer ones: ",
    ):
        assert log.count(words) == 1, log
    assert again.count("waiting for the database: ") == 1, again
    assert [word for word in ("Traceback", "discarded") if word in log + again] == []
    site.world.assert_sound()
