"""A ring on the private broker's socket, without a client library, is what a worker's Celery reads."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from newsgate.worker.doorbell import Doorbell
from newsgate.worker.embedded_redis import EmbeddedRedis
from newsgate.worker.private_broker_line import BrokerRefusedError, answers, push
from newsgate.worker.queue_message import QueueMessage, parse_message
from newsgate.worker.queue_names import CLASSIFY_QUEUE, CLASSIFY_TASK, RETRAIN_TASK, TRAINING_QUEUE
from newsgate.worker.settings import load_settings
from tests.services import short_folder, wait_until

CHUNKS = [7, 8, 2**63 - 1]
_JOURNAL_BYTES = 6_000_000


def _bytes_in(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def warned(bell: Doorbell) -> str | None:
    return bell.fault


@pytest.fixture
def address() -> Iterator[Path]:
    with short_folder("newsgate-line-") as folder:
        yield folder / "redis.sock"


@pytest.fixture
def told(address: Path) -> Iterator[Callable[[bytes], None]]:
    """Let whoever asks on the socket be told these bytes, and then nothing more."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(address))
        server.listen()

        def tell(reply: bytes) -> None:
            def once() -> None:
                line, _ = server.accept()
                with line:
                    line.recv(65536)
                    line.sendall(reply)

            threading.Thread(target=once, daemon=True).start()

        yield tell


def test_chunks_and_trainers_are_rung_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    with short_folder("newsgate-line-") as home:
        monkeypatch.setenv("NEWSGATE_HOME", str(home))
        settings = load_settings()
        server = EmbeddedRedis(settings)
        server.start()
        try:
            assert answers(settings.broker_socket)
            bell = Doorbell(settings)
            bell.ring(CHUNKS)
            bell.ring_trainers()
            assert warned(bell) is None
            client = redis.Redis(unix_socket_path=str(settings.broker_socket), decode_responses=True)
            rung = [parse_message(json.loads(str(client.rpop(CLASSIFY_QUEUE)))) for _ in CHUNKS]
            assert rung == [QueueMessage(CLASSIFY_TASK, chunk) for chunk in CHUNKS]
            assert parse_message(json.loads(str(client.rpop(TRAINING_QUEUE)))) == QueueMessage(RETRAIN_TASK, None)
            client.config_set("maxmemory", "1")
            bell.ring([9])
            assert "memory" in (warned(bell) or "")
        finally:
            server.stop()
        assert not answers(settings.broker_socket)


def test_the_journal_does_not_keep_what_was_heard_long_ago() -> None:
    with short_folder("newsgate-line-") as home:
        settings = load_settings(home=home)
        server = EmbeddedRedis(settings)
        server.start()
        try:
            client = redis.Redis(unix_socket_path=str(settings.broker_socket))
            written = 0
            rings = [QueueMessage(CLASSIFY_TASK, chunk) for chunk in range(1, 1001)]
            while written < 3 * _JOURNAL_BYTES:
                push(settings.broker_socket, rings, queue=CLASSIFY_QUEUE, patience_seconds=5)
                written += int(client.memory_usage(CLASSIFY_QUEUE) or 0)
                client.delete(CLASSIFY_QUEUE)
            wait_until(lambda: _bytes_in(home / "redis") < _JOURNAL_BYTES, what="the journal is written anew")
        finally:
            server.stop()


@pytest.mark.parametrize(
    ("reply", "raised"),
    [
        (b"-OOM command not allowed\r\n", BrokerRefusedError),
        (b"-LOADING reading\r\n", BrokerRefusedError),
        (b"", OSError),
        (b":1", OSError),
        (b"HTTP/1.1 400 Bad Request\r\n", BrokerRefusedError),
        (b"x" * 5000, BrokerRefusedError),
    ],
)
def test_whatever_is_told_in_place_of_a_number_is_a_fault(
    address: Path, told: Callable[[bytes], None], reply: bytes, raised: type[Exception]
) -> None:
    told(reply)
    with pytest.raises(raised):
        push(address, [QueueMessage(CLASSIFY_TASK, 1)], queue=CLASSIFY_QUEUE, patience_seconds=5)


def test_a_silent_server_costs_no_more_than_the_patience(address: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(address))
        server.listen()
        with pytest.raises(TimeoutError):
            push(address, [QueueMessage(CLASSIFY_TASK, 1)], queue=CLASSIFY_QUEUE, patience_seconds=0.05)
