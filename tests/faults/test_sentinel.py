"""Behind Sentinels: another server becomes the master while a file is classified, and messages go on through it."""

from __future__ import annotations

from pathlib import Path

from tests.faults.conftest import MakeSite
from tests.faults.saboteur import SLOW
from tests.sentinels import MASTER, SECRETS, WatchedRedis, watched_redis
from tests.services import wait_until
from tests.texts import write_posts

_ROWS = 800


def test_a_replica_is_promoted_while_a_file_is_classified(new_site: MakeSite, tmp_path: Path) -> None:
    with watched_redis() as watched:
        site = new_site(broker_url=watched.url, extra={"NEWSGATE_CHUNK_ROWS": "20"})
        with site.started("worker") as worker:
            _wait_until_rung(watched)
            site.set_trap(SLOW, "0.5")
            batch = site.enqueue(write_posts(tmp_path / "posts.csv", _ROWS, seed=1))
            wait_until(lambda: site.done() > 0, what="the work has begun")
            # Also the Sentinel that is asked first.
            watched.kill_first_sentinel()
            watched.kill_master()
            assert site.waiting() > 0
            _wait_until_rung(watched)
            site.remove_trap(SLOW)
            after = site.world.run("enqueue", write_posts(tmp_path / "after.csv", _ROWS, seed=2))
            assert (after.code, "could not be rung" in after.err) == (0, False), after.err
            site.wait_for(batch)
            site.wait_for(batch + 1)
            doctor = site.world.run("newsgate", "doctor")
            assert f"?master_name={MASTER} answers" in doctor.out, doctor.out
            # A worker that was at work meanwhile may find the new master at its next look: it then says nothing.
            if "Cannot connect" in site.log("worker").read_text():
                site.wait_for_words("works again", "worker")
            worker.terminate()
            assert worker.wait(30) == 0
    site.assert_whole(batch, rows=_ROWS)
    site.assert_whole(batch + 1, rows=_ROWS)
    log = site.log("worker").read_text()
    assert [word for word in ("Traceback", *SECRETS) if word in log + doctor.out + after.err] == []
    # That it is away, that it is back, and at most one more reason in between.
    assert len([line for line in log.splitlines() if "broker" in line]) <= 3, log


def _wait_until_rung(watched: WatchedRedis) -> None:
    """Wait until the worker reads the queue of whichever server is the master."""
    with watched.client(watched.master) as client:
        wait_until(lambda: "brpop" in {each["cmd"] for each in client.client_list()}, what="the queue is read")
