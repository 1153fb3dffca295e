"""What is pushed into the queue by hand is no message: it is discarded with a line in the log, and never executed."""

from __future__ import annotations

import base64
import json
import os
import pickle
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis

from newsgate.worker.queue_names import CLASSIFY_QUEUE, CLASSIFY_TASK
from tests.faults.conftest import MakeSite
from tests.faults.helpers import Site
from tests.services import RedisServer, wait_until
from tests.texts import write_posts

_FUZZED = 200
_FLOOD = 50_000
# A tenth of what such a message cost before; on a quiet machine it takes a tenth of this.
_REFUSED_SECONDS = 0.0002
_MORE_BYTES = 20 * 1024 * 1024


class _Creates:
    """Unpickling one creates a file: what an attacker would do with the first line they may run."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self._path,)


@pytest.fixture(scope="module")
def site(new_site: MakeSite, own_redis: RedisServer) -> Iterator[Site]:
    """One worker for everything that is thrown at it; it must outlive all of it."""
    made = new_site(broker_url=own_redis.url, extra={"NEWSGATE_LOST_AFTER_SECONDS": "30"})
    with made.started("worker") as worker:
        made.wait_until_ready("worker")
        yield made
        assert worker.poll() is None


def _envelope(body: object, *, task: str = CLASSIFY_TASK, **changed: Any) -> dict[str, Any]:
    """A message the way Celery sends one."""
    return {
        "body": base64.b64encode(json.dumps(body).encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"lang": "py", "task": task, "id": "by-hand", "root_id": "by-hand", "argsrepr": "", "retries": 0},
        "properties": {
            "correlation_id": "by-hand",
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": CLASSIFY_QUEUE},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": "by-hand",
        },
        **changed,
    }


def _call(*arguments: object, **named: object) -> list[object]:
    return [list(arguments), named, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]


def _without(key: str, *, below: str | None = None) -> dict[str, Any]:
    envelope = _envelope(_call(1))
    del (envelope[below] if below else envelope)[key]
    return envelope


JUNK: dict[str, object] = {
    "another task": _envelope(_call(1), task="os.system"),
    "a number beyond the database": _envelope(_call(10**30)),
    "a word": _envelope(_call("1; drop table chunks")),
    "a table": _envelope(_call({"$gt": ""})),
    "no argument": _envelope(_call()),
    "too many arguments": _envelope(_call(1, 2, 3)),
    "arguments by name": _envelope(_call(path="/etc/passwd")),
    "a body that is no call": _envelope({"chunk": 1}),
    "a body of another length": _envelope([[1]]),
    "an empty body": _envelope(None),
    "a body that is no base64": {**_envelope(None), "body": "%%%"},
    "no headers": _without("headers"),
    "headers that are none": _envelope(_call(1), headers=[1, 2]),
    "no properties": _without("properties"),
    "no delivery tag": _without("delivery_tag", below="properties"),
    "no id": _without("id", below="headers"),
    "a time limit": _envelope(
        _call(-1), headers={"task": CLASSIFY_TASK, "id": "by-hand", "timelimit": ["x", "y"], "eta": "never"}
    ),
    "a list": [1, 2, 3],
    "a number": 7,
}


def _throw(server: RedisServer, *messages: bytes) -> None:
    """Push into the queue and wait until the worker has taken all of it."""
    with redis.Redis(port=server.port) as client:
        client.lpush(CLASSIFY_QUEUE, *messages)
        wait_until(lambda: client.llen(CLASSIFY_QUEUE) == 0, what="everything is taken from the queue")


def _assert_at_work(site: Site, file: Path) -> None:
    batch = site.enqueue(file)
    site.wait_for(batch, seconds=20)
    site.assert_whole(batch, rows=10)


def _written_since(site: Site, position: int) -> str:
    return site.log("worker").read_text()[position:]


@pytest.mark.parametrize("kind", JUNK)
def test_a_message_that_is(kind: str, site: Site, own_redis: RedisServer, tmp_path: Path) -> None:
    position = len(site.log("worker").read_text())
    _throw(own_redis, json.dumps(JUNK[kind]).encode())
    wait_until(lambda: _written_since(site, position) != "", what="the log says that something was discarded")


def test_a_pickle_in_a_proper_envelope_is_not_unpickled(site: Site, own_redis: RedisServer, tmp_path: Path) -> None:
    created = tmp_path / "created"
    pickled = base64.b64encode(pickle.dumps(_call(_Creates(str(created))))).decode()
    assert pickle.loads(base64.b64decode(pickled)) is not None
    assert created.is_dir(), "the pickle is live"
    created.rmdir()
    position = len(site.log("worker").read_text())
    for content_type in ("application/x-python-serialize", "application/data", "application/x-yaml"):
        for encoding in ("binary", "utf-8"):
            changed = {"body": pickled, "content-type": content_type, "content-encoding": encoding}
            _throw(own_redis, json.dumps(_envelope(None) | changed).encode())
    wait_until(lambda: _written_since(site, position).count("not JSON") == 6, what="it is refused by its type")
    _assert_at_work(site, write_posts(tmp_path / "posts.csv", 10, seed=1))
    assert not created.exists()


def test_envelopes_with_bytes_changed_at_random(site: Site, own_redis: RedisServer, tmp_path: Path) -> None:
    rng = random.Random(7)
    messages = []
    for _ in range(_FUZZED):
        message = bytearray(json.dumps(_envelope(_call(rng.randint(-3, 3)))).encode())
        for _ in range(rng.randint(1, 8)):
            message[rng.randrange(len(message))] = rng.randrange(256)
        messages.append(bytes(message[: rng.choice((None, None, rng.randrange(len(message))))]))
    _throw(own_redis, *messages)
    _assert_at_work(site, write_posts(tmp_path / "posts.csv", 10, seed=2))


def test_a_log_line_cannot_be_forged(site: Site, own_redis: RedisServer, tmp_path: Path) -> None:
    forged = "x\nFORGED 2026-01-01 CRITICAL newsgate.worker: everything is lost"
    position = len(site.log("worker").read_text())
    by_id = _envelope(_call(1))
    by_id["headers"] |= {"id": forged, "root_id": forged, "argsrepr": forged}
    _throw(
        own_redis, *(json.dumps(each).encode() for each in (by_id, _envelope(_call(forged)), _envelope(1, task=forged)))
    )
    _assert_at_work(site, write_posts(tmp_path / "posts.csv", 10, seed=3))
    assert not [line for line in _written_since(site, position).splitlines() if line.startswith("FORGED")]


@pytest.mark.parametrize("kind", ["chunks that are not there", "messages for next year", "what is no message"])
def test_a_flood_neither_delays_work_nor_stays_in_memory(
    kind: str, site: Site, own_redis: RedisServer, tmp_path: Path
) -> None:
    later = {"eta": "2099-01-01T00:00:00+00:00", "task": CLASSIFY_TASK, "id": "by-hand", "lang": "py"}

    def flood(number: int) -> dict[str, Any]:
        if kind == "messages for next year":
            return _envelope(_call(number), headers=later)
        return _envelope(_call(10**9 + number), task="os.system" if kind == "what is no message" else CLASSIFY_TASK)

    worker = next(process for process in psutil.process_iter() if _is_worker_of(process, site))
    before_bytes = worker.memory_info().rss
    messages = [json.dumps(flood(number)).encode() for number in range(_FLOOD)]
    with redis.Redis(port=own_redis.port) as client:
        for start in range(0, _FLOOD, 10_000):
            client.lpush(CLASSIFY_QUEUE, *messages[start : start + 10_000])
        began = time.monotonic()
        _assert_at_work(site, write_posts(tmp_path / "posts.csv", 10, seed=len(kind)))
        wait_until(lambda: client.llen(CLASSIFY_QUEUE) == 0, what="the flood is over", seconds=60)
        seconds = time.monotonic() - began
    assert seconds / _FLOOD < _REFUSED_SECONDS
    assert worker.memory_info().rss - before_bytes < _MORE_BYTES


def _is_worker_of(process: psutil.Process, site: Site) -> bool:
    try:
        return process.environ().get("NEWSGATE_HOME") == str(site.world.home) and "worker" in process.cmdline()
    except psutil.Error:
        return False
