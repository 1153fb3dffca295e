"""A ring to a broker over TCP, without Celery: a worker reads it, and its connection is kept and made anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing

import pytest
import redis

from newsgate.worker.broker_address import parse_broker_addresses
from newsgate.worker.queue_message import QueueMessage, parse_message
from newsgate.worker.queue_names import CLASSIFY_QUEUE, CLASSIFY_TASK
from newsgate.worker.redis_line import RedisLine
from tests.services import RedisServer, free_port, running_redis


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with running_redis("newsgate-line-") as made:
        yield made


def _line(*urls: str) -> RedisLine:
    return RedisLine(parse_broker_addresses(";".join(urls)), patience_seconds=5)


def _ring(line: RedisLine, *chunks: int) -> None:
    line.push([QueueMessage(CLASSIFY_TASK, chunk) for chunk in chunks], queue=CLASSIFY_QUEUE)


def _heard(server: RedisServer) -> list[int | None]:
    with redis.Redis(port=server.port) as client:
        found = client.rpop(CLASSIFY_QUEUE, 100) or []
        return [parse_message(json.loads(each)).chunk for each in found]


def test_rings_are_heard_in_their_order_over_one_connection(server: RedisServer) -> None:
    with redis.Redis(port=server.port) as client, closing(_line(server.url)) as line:
        before = int(client.info()["total_connections_received"])
        for chunk in (1, 2):
            _ring(line, chunk)
        _ring(line, 3, 4)
        assert int(client.info()["total_connections_received"]) == before + 1
    assert _heard(server) == [1, 2, 3, 4]


def test_a_connection_that_was_cut_is_made_anew(server: RedisServer) -> None:
    with redis.Redis(port=server.port) as client, closing(_line(server.url)) as line:
        _ring(line, 1)
        client.client_kill_filter(skipme=True, _type="normal")
        _ring(line, 2)
    assert _heard(server) == [1, 2]


def test_the_first_address_that_takes_messages_is_rung(server: RedisServer) -> None:
    nobody = f"redis://127.0.0.1:{free_port()}/0"
    with closing(_line(nobody, server.url)) as line:
        _ring(line, 1)
        _ring(line, 2)
    assert _heard(server) == [1, 2]


def test_where_none_takes_them_the_fault_of_the_first_is_raised(server: RedisServer) -> None:
    nobody = f"redis://127.0.0.1:{free_port()}/0"
    with (
        closing(_line(nobody, f"{server.url}?username=nobody&password=x")) as line,
        pytest.raises(redis.ConnectionError, match="refused"),
    ):
        _ring(line, 1)
