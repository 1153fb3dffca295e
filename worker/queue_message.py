"""What a message of newsgate looks like, and nothing else does.

Whoever reaches the broker can put anything into the queue. A message says which task it rings for, and for
`newsgate.classify` the number of a chunk. Everything else that Celery would obey or remember (a time to wait for, a
limit, a name that reaches the log) is left behind: what goes on is made anew of these two facts.

Programs of two versions may share a queue. A message says in a header by which version of this file it was made; one
without it is of version 1. What a newer one says beside its task is not read: a message is only a ring, and whoever
hears it looks into the database.
"""

from __future__ import annotations

import base64
import json
import logging
import threading
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from newsgate.worker.queue_names import CLASSIFY_TASK, RETRAIN_TASK

log = logging.getLogger("newsgate.worker")

# Names of tasks and queues are the same in all versions, and so is where the version stands.
MESSAGE_VERSION: Final = 1
VERSION_HEADER: Final = "newsgate"
# What the database can hold as a chunk's number.
_LARGEST_CHUNK = 2**63 - 1
_SHOWN_CHARS = 100
_told_newer = threading.Event()


class NotAMessageError(ValueError):
    """Something in the queue that newsgate has not put there; its text is safe to log."""


@dataclass(frozen=True, slots=True)
class QueueMessage:
    """A ring: for a chunk; where that is None for the trainers, or for whatever chunk waits."""

    task: str
    chunk: int | None


def parse_message(raw: object) -> QueueMessage:
    """Read an envelope as Celery's protocol 2 has it, already decoded from JSON. Raises NotAMessageError."""
    try:
        headers, body = raw["headers"], raw["body"]  # type: ignore[index]
        task, version = headers["task"], headers.get(VERSION_HEADER, 1)
        if not (headers["id"] and raw["properties"]["delivery_tag"]):  # type: ignore[index]
            raise NotAMessageError("it has no name")
        delayed = headers.get("eta") is not None or headers.get("expires") is not None
        if raw["content-type"] != "application/json":  # type: ignore[index]
            raise NotAMessageError(f"its content is {_shown(raw['content-type'])}, not JSON")  # type: ignore[index]
        is_newer = type(version) is int and version > MESSAGE_VERSION and task in (CLASSIFY_TASK, RETRAIN_TASK)
        arguments, named, _ = ([], {}, {}) if is_newer else json.loads(base64.b64decode(body, validate=True))
    except NotAMessageError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NotAMessageError(f"it is no envelope: {_shown(error)}") from error
    if is_newer:
        _tell_newer(version)
        return QueueMessage(task, None)
    if version != MESSAGE_VERSION:
        raise NotAMessageError(f"its version is {_shown(version)}")
    if delayed:
        raise NotAMessageError("it has a time to wait for")
    if task == RETRAIN_TASK and not arguments and not named:
        return QueueMessage(RETRAIN_TASK, None)
    if task != CLASSIFY_TASK:
        raise NotAMessageError(f"its task is {_shown(task)}")
    if named or not isinstance(arguments, list) or len(arguments) != 1 or not _is_chunk(arguments[0]):
        raise NotAMessageError(f"it names no chunk: {_shown(arguments)}, {_shown(named)}")
    return QueueMessage(CLASSIFY_TASK, arguments[0])


def envelope_of(message: QueueMessage, *, queue: str) -> dict[str, Any]:
    """The message as Celery reads it, with nothing in it that came from outside but the chunk's number."""
    name = str(uuid.uuid4())
    arguments = [] if message.chunk is None else [message.chunk]
    return {
        "body": base64.b64encode(json.dumps([arguments, {}, {}]).encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {
            "lang": "py",
            "task": message.task,
            "id": name,
            "root_id": name,
            "retries": 0,
            "eta": None,
            "expires": None,
            "timelimit": [None, None],
            "argsrepr": repr(tuple(arguments)),
            "kwargsrepr": "{}",
            "ignore_result": True,
            VERSION_HEADER: MESSAGE_VERSION,
        },
        "properties": {
            "correlation_id": name,
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": queue},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": name,
        },
    }


def envelopes_of(messages: Iterable[QueueMessage], *, queue: str) -> list[bytes]:
    """The messages as they stand in the queue."""
    return [json.dumps(envelope_of(message, queue=queue)).encode() for message in messages]


def _tell_newer(version: int) -> None:
    """Say so once a process, and not for every message."""
    if _told_newer.is_set():
        return
    _told_newer.set()
    log.warning(
        "messages of version %d, of a newer newsgate, are taken as rings: this one knows version %d",
        version,
        MESSAGE_VERSION,
    )


def _is_chunk(value: object) -> bool:
    # `True` is an int to Python.
    return type(value) is int and 0 < value <= _LARGEST_CHUNK


def _shown(value: object) -> str:
    """What came from outside, on one line that nothing in it can end."""
    return repr(str(value) if isinstance(value, Exception) else value)[:_SHOWN_CHARS]
