"""A worker that is killed while it tells somebody that a batch is done: another tells it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from tests.integration.test_notifications import Listener, listener
from tests.programs import World, children_named
from tests.services import wait_until
from tests.texts import write_posts

__all__ = ["listener"]


def test_a_killed_worker_leaves_the_notification_to_another(world: World, tmp_path: Path, listener: Listener) -> None:
    quick = {"NEWSGATE_UP_WORKERS": "1", "NEWSGATE_SWEEP_SECONDS": "0.2", "NEWSGATE_NOTIFY_TIMEOUT_SECONDS": "3"}
    mine = replace(world, extra={**world.extra, **quick})
    # The first answer never comes.
    listener.answers = [None]
    with mine.started("up") as up:
        batch = mine.enqueue(write_posts(tmp_path / "posts.csv", 20), "--notify", listener.address)["batch"]
        wait_until(lambda: len(listener.heard) == 1, what="the end of the batch is told", seconds=120)
        for worker in children_named(up.pid, "worker"):
            worker.kill()
        sent = "select sent_at from notifications"
        wait_until(lambda: mine.figure(sent) is not None, what="another worker tells it", seconds=120)
    told = [json.loads(body) for *_, body in listener.heard]
    assert [(each["notification"], each["attempt"], each["batch"]) for each in told] == [(1, 1, batch), (1, 2, batch)]
    mine.assert_sound()
