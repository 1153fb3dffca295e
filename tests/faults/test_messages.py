"""What is pushed into the queue by hand is no message: it is discarded with a line in the log, and never executed."""

from __future__ import annotations

import base64
import json
import os
import pickle
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from newsgate.worker.celery import CLASSIFY_QUEUE, CLASSIFY_TASK
from tests.faults.conftest import MakeSite
from tests.faults.helpers import Site
from tests.services import RedisServer, wait_until
from tests.texts import write_posts

_FUZZED = 200


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
    wait_until(lambda: "ContentDisallowed" in _written_since(site, position), what="it is refused by its type")
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
