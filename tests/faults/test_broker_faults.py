"""A broker that dies, freezes, forgets, fills up or is not there: the rows are safe, and all are classified."""

from __future__ import annotations

import random
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import redis

from newsgate.worker.doorbell import Doorbell
from newsgate.worker.private_broker_line import answers
from newsgate.worker.settings import load_settings
from tests.faults.conftest import MakeSite
from tests.faults.helpers import Site, meanwhile, stopwatch
from tests.faults.saboteur import SLOW
from tests.programs import children_named
from tests.services import RedisServer, free_port, running_redis, wait_until
from tests.texts import write_posts

_KILLS = 20
_ROWS = 400
_ENQUEUE_SECONDS = 6.0
_STOP_SECONDS = 5.0


@pytest.fixture(scope="module")
def site(new_site: MakeSite, own_redis: RedisServer) -> Iterator[Site]:
    """One running worker for all faults of its broker; it must outlive every one of them."""
    made = new_site(broker_url=own_redis.url, extra={"NEWSGATE_CHUNK_ROWS": "20"})
    with made.started("worker") as worker:
        made.wait_until_ready("worker")
        yield made
        assert worker.poll() is None
        worker.terminate()
        assert worker.wait(30) == 0


@contextmanager
def _frozen(server: RedisServer) -> Iterator[None]:
    assert server.process is not None
    server.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        server.process.send_signal(signal.SIGCONT)


@contextmanager
def _out_of_memory(server: RedisServer) -> Iterator[None]:
    with redis.Redis(port=server.port) as client:
        client.config_set("maxmemory", 1)
        try:
            yield
        finally:
            client.config_set("maxmemory", 0)


@contextmanager
def _again_and_again(command: tuple[str, ...], server: RedisServer) -> Iterator[None]:
    def keep_on(over: threading.Event) -> None:
        with redis.Redis(port=server.port) as client:
            while not over.wait(0.05):
                client.execute_command(*command)

    with meanwhile(keep_on):
        yield


FAULTS: dict[str, Callable[[RedisServer], AbstractContextManager[None]]] = {
    "flushed": lambda server: _again_and_again(("FLUSHALL",), server),
    "connections cut": lambda server: _again_and_again(("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"), server),
    "frozen": _frozen,
    "refused": RedisServer.away,
    "out of memory": _out_of_memory,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broker_that_is(fault: str, site: Site, own_redis: RedisServer, tmp_path: Path) -> None:
    file = write_posts(tmp_path / "posts.csv", _ROWS, seed=list(FAULTS).index(fault))
    with FAULTS[fault](own_redis):
        with stopwatch() as taken:
            batch = site.enqueue(file)
        assert taken[0] < _ENQUEUE_SECONDS
        site.wait_for(batch)
        site.assert_whole(batch, rows=_ROWS)
    after = site.enqueue(write_posts(tmp_path / "after.csv", _ROWS, seed=100 + list(FAULTS).index(fault)))
    site.wait_for(after)
    site.assert_whole(after, rows=_ROWS)


def test_a_message_lost_in_a_steady_stream_is_noticed(site: Site, own_redis: RedisServer, tmp_path: Path) -> None:
    first = site.enqueue(write_posts(tmp_path / "first.csv", 10, seed=200))
    site.wait_for(first)
    # An enqueue whose broker refuses it: nobody hears of its chunks.
    deaf = site.told(NEWSGATE_BROKER_URL=f"redis://127.0.0.1:{free_port()}/0")
    with _ringing_all_the_time(own_redis, chunk=site.figure("select min(id) from chunks")):
        lost = deaf.enqueue(write_posts(tmp_path / "lost.csv", 60, seed=201))
        newer = site.enqueue(write_posts(tmp_path / "newer.csv", 60, seed=202))
        site.wait_for(newer)
        site.wait_for(lost, seconds=10)
    site.assert_whole(lost, rows=60)


def test_a_broker_killed_twenty_times(site: Site, own_redis: RedisServer, tmp_path: Path) -> None:
    site.set_trap(SLOW, "0.02")
    rng = random.Random(5)
    batches = []
    for kill in range(_KILLS):
        if kill % 5 == 0:
            with stopwatch() as taken:
                batches.append(site.enqueue(write_posts(tmp_path / f"{kill}.csv", _ROWS, seed=300 + kill)))
            assert taken[0] < _ENQUEUE_SECONDS
        own_redis.kill()
        goal = site.done() + rng.choice((0, 1, 40))
        if rng.random() < 0.5:
            own_redis.start()
        wait_until(lambda goal=goal: site.done() >= goal or site.waiting() == 0, what="work goes on")  # type: ignore[misc]
        if own_redis.process is None:
            own_redis.start()
    for batch in batches:
        site.wait_for(batch)
    site.remove_trap(SLOW)
    for batch in batches:
        site.assert_whole(batch, rows=_ROWS)


def test_up_starts_a_private_broker_that_was_killed_again(new_site: MakeSite, tmp_path: Path) -> None:
    site = new_site(extra={"NEWSGATE_CHUNK_ROWS": "20"})
    with site.started("up") as up:
        site.wait_until_ready("up")
        (broker,) = children_named(up.pid, "redis.sock")
        broker.kill()
        batch = site.enqueue(write_posts(tmp_path / "posts.csv", _ROWS, seed=400))
        site.wait_for(batch)
        wait_until(lambda: answers(site.world.home / "redis" / "redis.sock"), what="another broker answers")
        assert up.poll() is None
    site.assert_whole(batch, rows=_ROWS)


def test_a_broker_absent_from_the_start_for_long_and_then_there(new_site: MakeSite, tmp_path: Path) -> None:
    port = free_port()
    site = new_site(broker_url=f"redis://127.0.0.1:{port}/0", extra={"NEWSGATE_CHUNK_ROWS": "20"})
    with site.started("worker") as worker:
        batches = []
        for number in range(3):
            with stopwatch() as taken:
                batches.append(site.enqueue(write_posts(tmp_path / f"{number}.csv", _ROWS, seed=number)))
            assert taken[0] < _ENQUEUE_SECONDS
            site.wait_for(batches[-1])
        server = RedisServer(tmp_path / "redis", port=port)
        server.start()
        try:
            with redis.Redis(port=port) as client:
                wait_until(lambda: len(client.client_list(_type="normal")) > 1, what="the worker has found its broker")
        finally:
            server.kill()
        with stopwatch() as taken:
            worker.terminate()
            assert worker.wait(30) == 0
        assert taken[0] < _STOP_SECONDS
    for batch in batches:
        site.assert_whole(batch, rows=_ROWS)


def test_sigterm_ends_a_worker_whose_broker_is_frozen(new_site: MakeSite) -> None:
    # A broker of its own: what other tests left in a queue, and their worker, would reach this one too.
    with running_redis("newsgate-frozen-") as server:
        site = new_site(broker_url=server.url)
        with site.started("worker") as worker:
            site.wait_for_words("listening:", "worker")
            with _frozen(server), stopwatch() as taken:
                worker.terminate()
                assert worker.wait(30) == 0
    assert taken[0] < _STOP_SECONDS
    site.world.assert_sound()


@contextmanager
def _ringing_all_the_time(server: RedisServer, *, chunk: int) -> Iterator[None]:
    """Never let the broker be quiet: ring for a chunk that is done, over and over."""

    def ring(over: threading.Event) -> None:
        bell = Doorbell(load_settings(broker_url=server.url))
        while not over.wait(0.1):
            bell.ring([chunk])
        bell.close()

    with meanwhile(ring):
        yield
