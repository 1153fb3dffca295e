"""Workers that are killed, stopped and frozen while they work."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from tests.faults.conftest import MakeSite
from tests.faults.helpers import RESUME_SECONDS, Site, has_ended, posts_with, stopwatch, write_texts
from tests.faults.saboteur import SLOW, UNWATCHED, poison
from tests.programs import BIN, children_named, kill_tree
from tests.services import RedisServer, wait_until
from tests.texts import write_posts

_SUPERVISORS = 3
_STOP_SECONDS = 5.0
_SMALL_CHUNKS = {"NEWSGATE_CHUNK_ROWS": "20"}


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, new_site: MakeSite) -> Site:
    """A system of its own for each test, nothing of it started yet."""
    if request.param == "sqlite":
        return new_site(extra=_SMALL_CHUNKS)
    redis: RedisServer = request.getfixturevalue("own_redis")
    return new_site("postgresql", broker_url=redis.url, extra=_SMALL_CHUNKS)


# On a busy machine starting so many workers takes minutes.
@pytest.mark.timeout(580)
@pytest.mark.parametrize(("least_kills", "rows"), [(6, 1000), pytest.param(50, 4000, marks=pytest.mark.slow)])
def test_workers_killed_at_random(
    least_kills: int, rows: int, new_site: MakeSite, own_redis: RedisServer, tmp_path: Path
) -> None:
    site = new_site("postgresql", broker_url=own_redis.url, extra=_SMALL_CHUNKS)
    # So that most kills hit a chunk, and the rows last: a killed worker's start takes ten times as long as this.
    site.set_trap(SLOW, "0.2")
    rng = random.Random(20)
    batches: list[int] = []
    with ExitStack() as stack:
        names = [f"up-{number}" for number in range(_SUPERVISORS)]
        ups = [stack.enter_context(site.beside(name).started("up", log=name)) for name in names]
        kills = 0
        while kills < least_kills:
            if site.waiting() < rows / 2:
                file = write_posts(tmp_path / f"posts-{len(batches)}.csv", rows, seed=len(batches))
                batches.append(site.enqueue(file))
            # Some at once, wherever the new worker is by then, others when they have done something.
            goal = site.done() + rng.choice((0, 1, 10))
            wait_until(lambda goal=goal: site.done() >= goal or site.waiting() == 0, what="work goes on")  # type: ignore[misc]
            up = rng.choice(ups)
            wait_until(lambda up=up: bool(children_named(up.pid, "worker")), what="it has a worker")  # type: ignore[misc]
            for worker in children_named(up.pid, "worker"):
                worker.kill()
                kills += 1
        site.remove_trap(SLOW)
        held = site.held_chunks()
        wait_until(
            lambda: held.isdisjoint(site.held_chunks()),
            what="the chunks of the dead are taken over",
            seconds=site.lease_seconds + RESUME_SECONDS,
        )
        for batch in batches:
            site.wait_for(batch)
    for batch in batches:
        site.assert_whole(batch, rows=rows)


def test_sigterm_in_mid_chunk_finishes_it_and_leaves_no_lease(site: Site, tmp_path: Path) -> None:
    # Time enough that the watchdog has no say, however busy the machine is.
    site = site.told(NEWSGATE_LEASE_SECONDS="30")
    site.set_trap(SLOW, "1")
    site.enqueue(write_posts(tmp_path / "posts.csv", 200))
    with site.started("worker") as worker:
        wait_until(lambda: site.running_chunks() > 0, what="a chunk is in hand")
        before = site.done()
        with stopwatch() as taken:
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(30) == 0, site.log("worker").read_text()
    assert taken[0] < _STOP_SECONDS
    assert site.running_chunks() == 0
    assert site.done() > before
    site.world.assert_sound()


def test_sigterm_to_a_worker_whose_sweeper_hangs(new_site: MakeSite, tmp_path: Path) -> None:
    extra = {"NEWSGATE_CHUNK_ROWS": "4", "NEWSGATE_BROKER_URL": "redis://127.0.0.1:1/0"}
    site = new_site(extra=extra)
    site.enqueue(write_texts(tmp_path / "posts.csv", posts_with({1: poison("hang")}, count=4, seed=1)))
    with site.started("worker") as worker:
        wait_until(lambda: site.running_chunks() > 0, what="the sweeper has the chunk")
        worker.send_signal(signal.SIGTERM)
        wait_until(lambda: worker.poll() is not None, what="it ends", seconds=site.lease_seconds + _STOP_SECONDS)
    site.world.assert_sound()


def test_a_worker_that_slept_past_its_lease_writes_nothing(site: Site, tmp_path: Path) -> None:
    site.set_trap(UNWATCHED)
    site.set_trap("stop-at-classified")
    batch = site.enqueue(write_posts(tmp_path / "posts.csv", 20))
    with site.started("worker", log="late") as late:
        assert site.wait_for_trap("stop-at-classified") == late.pid
        # The one that takes over stops at the same place: only the late one could write now.
        site.set_trap("stop-at-classified")
        with site.started("worker", log="heir") as heir:
            assert site.wait_for_trap("stop-at-classified") == heir.pid
            late.send_signal(signal.SIGCONT)
            wait_until(lambda: "was taken over after attempt 1" in site.log("late").read_text(), what="it is fenced")
            assert site.figure("select count(*) from verdicts") == 0
            assert site.done() == 0
            late.terminate()
            late.wait(30)
            heir.send_signal(signal.SIGCONT)
            site.wait_for(batch)
    assert site.figure("select attempt from chunks") == 2
    site.assert_whole(batch, rows=20)


def test_a_worker_that_slept_past_its_lease_ends_itself(new_site: MakeSite, tmp_path: Path) -> None:
    # One thread: another one could be frozen inside a commit, and SQLite lets nobody write until that ends.
    site = new_site(extra={**_SMALL_CHUNKS, "NEWSGATE_WORKER_THREADS": "1"})
    site.set_trap("stop-at-loaded")
    batch = site.enqueue(write_posts(tmp_path / "posts.csv", 200))
    with site.started("up"):
        sleeper = site.wait_for_trap("stop-at-loaded")
        with site.beside("other").started("worker"):
            site.wait_for(batch)
        site.set_trap(SLOW, "3")
        os.kill(sleeper, signal.SIGCONT)
        wait_until(lambda: has_ended(sleeper), what="its watchdog ends it")
        site.remove_trap(SLOW)
        site.wait_until_ready("up", workers=2)
    site.assert_whole(batch, rows=200)


def test_a_worker_killed_while_no_other_can_be_started(
    new_site: MakeSite, own_redis: RedisServer, tmp_path: Path
) -> None:
    site = new_site(broker_url=own_redis.url)
    with site.started("up") as up:
        site.wait_until_ready("up")
        supervisor = psutil.Process(up.pid)
        before = supervisor.rlimit(psutil.RLIMIT_NOFILE)
        supervisor.rlimit(psutil.RLIMIT_NOFILE, (3, before[1]))
        for worker in children_named(up.pid, "worker"):
            worker.kill()
        wait_until(lambda: "Too many open files" in site.log("up").read_text(), what="it cannot be started")
        supervisor.rlimit(psutil.RLIMIT_NOFILE, before)
        batch = site.enqueue(write_posts(tmp_path / "posts.csv", 200))
        site.wait_for(batch)
        assert up.poll() is None
    site.assert_whole(batch, rows=200)


@pytest.mark.parametrize("program", ["worker", "trainer", "beat"])
def test_a_program_whose_parent_dies_while_it_starts(new_site: MakeSite, program: str) -> None:
    site = new_site()
    log = site.log(program)
    # The shell is gone before the program has imported anything.
    script = f'"$0" {program} --with-parent $$ </dev/null >"{log}" 2>&1 & echo $!'
    shell = subprocess.run(
        ["sh", "-c", script, BIN / "newsgate"], env=site.world.environment, capture_output=True, text=True, check=True
    )
    orphan = int(shell.stdout)
    try:
        wait_until(lambda: has_ended(orphan), what="it ends")
    finally:
        kill_tree(orphan)
    assert "the process that started this one is gone" in log.read_text()
    site.world.assert_sound()
