"""The sieve: what brings nothing is taken out of the queue, what does stays, in its order."""

from __future__ import annotations

import json
import logging

import pytest

from newsgate.worker.queue_message import NotAMessageError, QueueMessage, envelope_of
from newsgate.worker.queue_names import CLASSIFY_QUEUE, CLASSIFY_TASK
from newsgate.worker.queue_sieve import QueueSieve, RefusalLog


class FakeQueue:
    """The end of a Redis list that messages are taken from: the last one is the next."""

    def __init__(self, *messages: bytes) -> None:
        self.list = list(reversed(messages))

    def rpop(self, _queue: str, count: int) -> list[bytes] | None:
        taken = [self.list.pop() for _ in range(min(count, len(self.list)))]
        return taken or None

    def rpush(self, _queue: str, *messages: bytes) -> None:
        self.list.extend(messages)


def _ring(chunk: int) -> bytes:
    return json.dumps(envelope_of(QueueMessage(CLASSIFY_TASK, chunk), queue=CLASSIFY_QUEUE)).encode()


def test_it_is_due_after_some_that_brought_nothing_in_a_row() -> None:
    sieve = QueueSieve(lambda _: ())
    for _ in range(4):
        sieve.note(useful=False)
    sieve.note(useful=True)
    for _ in range(4):
        sieve.note(useful=False)
    assert not sieve.is_due
    sieve.refuse(NotAMessageError("junk"))
    assert sieve.is_due


def test_what_waits_stays_in_its_order_and_the_rest_goes() -> None:
    wanted = [_ring(3), _ring(5)]
    queue = FakeQueue(_ring(1), wanted[0], b"junk", _ring(2), wanted[1], _ring(3))
    sieve = QueueSieve(lambda chunks: {3, 5} & set(chunks))
    sieve.clear(queue, CLASSIFY_QUEUE)
    assert queue.rpop(CLASSIFY_QUEUE, 10) == wanted


def test_thousands_that_bring_nothing_end_at_the_first_block_that_does() -> None:
    queue = FakeQueue(*[_ring(number) for number in range(1, 3001)], _ring(4000), _ring(4001))
    asked: list[int] = []

    def waiting(chunks: object) -> set[int]:
        asked.append(1)
        return {4000, 4001}

    QueueSieve(waiting).clear(queue, CLASSIFY_QUEUE)
    assert len(queue.list) == 2
    assert len(asked) == 7


def test_where_the_database_fails_the_queue_stays_as_it_is() -> None:
    messages = [_ring(1), _ring(2)]
    queue = FakeQueue(*messages)

    def fail(_: object) -> set[int]:
        raise OSError("away")

    QueueSieve(fail).clear(queue, CLASSIFY_QUEUE)
    assert queue.rpop(CLASSIFY_QUEUE, 10) == messages


def test_a_flood_of_refusals_is_a_few_lines(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    refusals = RefusalLog()
    for number in range(10_000):
        refusals.add(f"reason {number}")
    assert len(caplog.records) == 30
    assert "reason 0" in caplog.records[0].getMessage()
