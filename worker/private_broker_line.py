"""What newsgate says to its private broker without a client library: whether it answers, and rings, given and heard.

Loading Celery, kombu and redis-py takes longer than all else that `enqueue` does with a short file. A ring is one
command of the Redis protocol (RESP, https://redis.io/docs/latest/develop/reference/protocol-spec/), which pushes a
message as kombu would.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from newsgate.worker.queue_message import QueueMessage, envelopes_of

_PONG = b"+PONG"
_ANSWER_SECONDS = 2
_LONGEST_REPLY_BYTES = 4096
_END = b"\r\n"
_CUT_OFF = "Connection closed by server."


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
    command = _command(b"LPUSH", queue.encode(), *envelopes_of(messages, queue=queue))
    reply = _asked(address, command, patience_seconds=patience_seconds)
    if not reply.startswith(b":"):
        raise BrokerRefusedError(reply.removeprefix(b"-").decode(errors="replace"))


class PrivateLine:
    """A connection to the server on this Unix socket that stays open, for as long as the block lasts.

    Every call raises OSError, also where the line was cut off, and BrokerRefusedError. After OSError it is of no use.
    """

    def __init__(self, address: Path, *, patience_seconds: float) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.settimeout(patience_seconds)
            self._socket.connect(str(address))
        except OSError:
            self._socket.close()
            raise
        self._answers = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._answers.close()
        self._socket.close()

    def wait_for_message(self, queue: str, *, seconds: int) -> bytes | None:
        """Take the next message out of a queue; None where none came in so many seconds."""
        reply = self._call(b"BRPOP", queue.encode(), b"%d" % seconds)
        # The name of the queue, and what was in it.
        return reply[1] if isinstance(reply, list) else None

    def rpop(self, queue: str, count: int) -> list[bytes]:
        """Take so many messages out of a queue, the oldest first."""
        reply = self._call(b"RPOP", queue.encode(), b"%d" % count)
        return reply if isinstance(reply, list) else []

    def rpush(self, queue: str, *messages: bytes) -> None:
        """Put messages back to where they are taken from."""
        self._call(b"RPUSH", queue.encode(), *messages)

    def hang_up(self) -> None:
        """Cut the line off, from another thread than the one that waits."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def _call(self, *words: bytes) -> Any:
        self._socket.sendall(_command(*words))
        return self._reply()

    def _reply(self) -> Any:
        line = self._answers.readline(_LONGEST_REPLY_BYTES)
        if not line.endswith(_END):
            raise ConnectionResetError(_CUT_OFF)
        kind, told = line[:1], line[1 : -len(_END)]
        if kind == b"-":
            raise BrokerRefusedError(told.decode(errors="replace"))
        if kind not in b"$*":
            return told
        size = int(told)
        if size < 0:
            return None
        if kind == b"*":
            return [self._reply() for _ in range(size)]
        content = self._answers.read(size + len(_END))
        if len(content) < size + len(_END):
            raise ConnectionResetError(_CUT_OFF)
        return content[:size]


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
                raise ConnectionResetError(_CUT_OFF)
            reply += more
        return reply.removesuffix(b"\r\n")
