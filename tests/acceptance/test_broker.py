"""The broker is a doorbell: what happens when it is absent, forgets everything, or says nonsense."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import redis

from newsgate.worker.queue_names import CLASSIFY_QUEUE
from tests.programs import World
from tests.services import free_port, running_redis, wait_until
from tests.texts import write_posts


def test_without_any_broker_the_sweeper_does_the_work(alone: World, tmp_path: Path) -> None:
    nowhere = {"NEWSGATE_BROKER_URL": f"redis://127.0.0.1:{free_port()}/0", "NEWSGATE_LOST_AFTER_SECONDS": "0.5"}
    world = replace(alone, extra=nowhere)
    with world.started("worker") as worker:
        done = world.run("enqueue", write_posts(tmp_path / "posts.csv", 3000))
        assert done.code == 0
        assert "the broker could not be rung" in done.err
        assert world.wait_for(1).done == 3000
        worker.terminate()
        assert worker.wait(20) == 0
    world.assert_sound()


def test_messages_that_are_lost_repeated_or_nonsense_change_nothing(alone: World, tmp_path: Path) -> None:
    with running_redis("newsgate-redis-") as server, redis.Redis(port=server.port) as client:
        # So that each file has two chunks, and two messages.
        told = {"NEWSGATE_CHUNK_ROWS": "1000", "NEWSGATE_LOST_AFTER_SECONDS": "0.5"}
        world = replace(alone, extra={"NEWSGATE_BROKER_URL": server.url, **told})
        world.run("enqueue", write_posts(tmp_path / "lost.csv", 1500, seed=1))
        assert client.llen(CLASSIFY_QUEUE) == 2
        client.flushall()

        world.run("enqueue", write_posts(tmp_path / "twice.csv", 1500, seed=2))
        for message in client.lrange(CLASSIFY_QUEUE, 0, -1):
            client.lpush(CLASSIFY_QUEUE, message)
        for junk in (b"", b"not json", b'{"body": 7}', b"\x80\x04\x95pickle"):
            client.lpush(CLASSIFY_QUEUE, junk)

        with world.started("worker") as worker:
            assert world.wait_for(1).done == 1500
            assert world.wait_for(2).done == 1500
            wait_until(lambda: client.llen(CLASSIFY_QUEUE) == 0, what="the queue is empty")
            assert worker.poll() is None
    world.assert_sound()
