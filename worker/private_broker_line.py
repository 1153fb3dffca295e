"""What newsgate says to its private broker without a client library: whether it answers, and a ring.

Loading Celery, kombu and redis-py takes longer than all else that `enqueue` does with a short file. A ring is one
command of the Redis protocol (RESP, https://redis.io/docs/latest/develop/reference/protocol-spec/), which pushes a
message as kombu would.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from pathlib import Path

from newsgate.worker.queue_message import QueueMessage, envelope_of

_PONG = b"+PONG"
_ANSWER_SECONDS = 2
_LONGEST_REPLY_BYTES = 4096


class BrokerRefusedError(Exception):
    """The broker answered with an error; the text is its own."""


def answers(address: Path) -> bool:
    """Whether a server on this Unix socket is ready for commands."""
    try:
        # While it reads its journal it answers with an error.
        return _asked(address, b"PING\r\n", patience_seconds=_ANSWER_SECONDS) == _PONG
    except OSError:
        return False


def push(address: Path, messages: Sequence[QueueMessage], *, queue: str, patience_seconds: float) -> None:
    """Put messages into a queue of the server on this Unix socket. Raises OSError and BrokerRefusedError."""
    envelopes = [json.dumps(envelope_of(message, queue=queue)).encode() for message in messages]
    reply = _asked(address, _command(b"LPUSH", queue.encode(), *envelopes), patience_seconds=patience_seconds)
    if not reply.startswith(b":"):
        raise BrokerRefusedError(reply.removeprefix(b"-").decode(errors="replace"))


def _command(*words: bytes) -> bytes:
    return b"".join([b"*%d\r\n" % len(words), *(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)])


def _asked(address: Path, command: bytes, *, patience_seconds: float) -> bytes:
    """Return the first line of the answer, without its end. Raises OSError, also where the line is cut off."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(patience_seconds)
        line.connect(str(address))
        line.sendall(command)
        reply = b""
        while not reply.endswith(b"\r\n") and len(reply) < _LONGEST_REPLY_BYTES:
            more = line.recv(_LONGEST_REPLY_BYTES)
            if not more:
                raise ConnectionResetError("Connection closed by server.")
            reply += more
        return reply.removesuffix(b"\r\n")
