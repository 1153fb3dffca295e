"""A trainer on the private broker hears rings without Celery, and whatever else happens on that line."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
import redis

from newsgate.worker.broker_outage import OutageLog
from newsgate.worker.doorbell import Doorbell
from newsgate.worker.embedded_redis import EmbeddedRedis
from newsgate.worker.private_listener import PrivateListener
from newsgate.worker.queue_message import QueueMessage
from newsgate.worker.queue_names import CLASSIFY_QUEUE, CLASSIFY_TASK
from newsgate.worker.queue_sieve import QueueSieve
from newsgate.worker.settings import Settings, load_settings
from tests.services import short_folder, wait_until


@dataclass
class Site:
    """A private broker, a listener on it, and the chunks that it was rung for."""

    settings: Settings
    server: EmbeddedRedis
    waiting: set[int] = field(default_factory=set)
    heard: list[int | None] = field(default_factory=list)
    obey: Callable[[QueueMessage], None] = lambda _: None

    def listener(self) -> PrivateListener:
        sieve = QueueSieve(lambda chunks: self.waiting.intersection(chunks))

        def on_ring(message: QueueMessage) -> None:
            self.heard.append(message.chunk)
            sieve.note(useful=message.chunk in self.waiting)
            self.obey(message)

        return PrivateListener(
            self.settings,
            queue=CLASSIFY_QUEUE,
            task=CLASSIFY_TASK,
            on_ring=on_ring,
            outages=OutageLog("the broker"),
            sieve=sieve,
        )

    def ring(self, *chunks: int) -> None:
        bell = Doorbell(self.settings)
        bell.ring(chunks)
        assert bell.fault is None

    def client(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self.settings.broker_socket))


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with short_folder("newsgate-hear-") as home:
        monkeypatch.setenv("NEWSGATE_HOME", str(home))
        settings = load_settings()
        server = EmbeddedRedis(settings)
        server.start()
        yield Site(settings, server)
        server.stop()


def test_rings_are_heard_in_their_order_and_the_end_is_at_once(site: Site) -> None:
    listener = site.listener()
    site.waiting = {1, 2, 3, 4}
    site.ring(1, 2)
    listener.start()
    site.ring(3)
    wait_until(lambda: site.heard == [1, 2, 3], what="the rings are heard")
    began = time.monotonic()
    listener.end()
    listener.join()
    assert time.monotonic() - began < 2
    # It took nothing that it did not do.
    site.ring(4)
    assert site.client().llen(CLASSIFY_QUEUE) == 1


def test_what_is_no_ring_is_discarded_with_a_line_and_the_next_one_heard(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    junk = (b"", b"\xff\xfe", b"{}", b"[" * 100_000, b"x" * 5_000_000, b'{"headers": 1}')
    site.client().lpush(CLASSIFY_QUEUE, *junk)
    site.waiting = {7}
    site.ring(7)
    listener = site.listener()
    listener.start()
    wait_until(lambda: site.heard == [7], what="the rings are heard")
    listener.end()
    assert sum("discarded something" in message for message in caplog.messages) == len(junk)


def test_many_rings_that_bring_nothing_are_looked_through_in_blocks(site: Site) -> None:
    site.waiting = {40_000}
    site.ring(*range(1, 40_001))
    listener = site.listener()
    listener.start()
    wait_until(lambda: 40_000 in site.heard, what="the last ring is heard")
    listener.end()
    assert len(site.heard) < 1000


def test_a_ring_whose_work_fails_does_not_deafen(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    def fail(message: QueueMessage) -> None:
        if message.chunk == 1:
            raise OSError("no such thing")

    site.obey = fail
    site.waiting = {1, 2}
    site.ring(1, 2)
    listener = site.listener()
    listener.start()
    wait_until(lambda: site.heard == [1, 2], what="the rings are heard")
    listener.end()
    assert [message for message in caplog.messages if "Cannot connect" in message] == []
    assert "after a ring" in caplog.text


def test_a_broker_that_is_away_is_told_once_and_heard_when_it_is_back(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, logger="newsgate.worker")
    site.waiting = {1, 2}
    listener = site.listener()
    listener.start()
    site.ring(1)
    wait_until(lambda: site.heard == [1], what="the rings are heard")
    site.server.stop()
    wait_until(lambda: "Cannot connect to the broker" in caplog.text, what="it is told")
    site.server.start()
    site.ring(2)
    wait_until(lambda: site.heard == [1, 2], what="the rings are heard")
    listener.end()
    assert sum("Cannot connect" in message for message in caplog.messages) == 1
