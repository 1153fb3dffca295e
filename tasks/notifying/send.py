"""Send one notification: a POST of one JSON object, or a command that reads it. Both end in bounded time."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.client
import json
import os
import shlex
import signal
import socket
import ssl
import subprocess
import threading
from datetime import UTC, datetime
from urllib.parse import urlsplit

from newsgate import __version__
from newsgate.db.notifications import COMMAND, Owed
from newsgate.foundation.errors import NewsgateError
from newsgate.worker.settings import Settings

SIGNATURE_HEADER = "X-Newsgate-Signature"
_SHOWN_CHARS = 200


class NotSentError(NewsgateError):
    """The other side did not take it; its text says why."""


def send(owed: Owed, settings: Settings) -> None:
    """Tell one target that a run is over. Raises NotSentError."""
    body = json.dumps(message_of(owed)).encode()
    if owed.target == COMMAND:
        _run(shlex.split(settings.notify_command), body, seconds=settings.notify_timeout_seconds)
    else:
        _post(owed.target, body, secret=settings.notify_secret, seconds=settings.notify_timeout_seconds)


def message_of(owed: Owed) -> dict[str, object]:
    """What is said. `notification` is the same however often it is sent: by it a second one is known."""
    return {
        "notification": owed.number,
        "attempt": owed.attempt,
        "sent_at": datetime.now(UTC).isoformat(),
        "batch": owed.batch,
        "name": owed.name,
        "run": owed.run,
        "model": owed.model,
        "state": owed.run_state,
        "total": owed.total,
        "done": owed.done,
        "failed": owed.failed,
        "rejected": owed.rejected,
        "finished_at": None if owed.finished_at is None else owed.finished_at.isoformat(),
    }


def signature_of(body: bytes, secret: str) -> str:
    """What the header X-Newsgate-Signature says of a body: `sha256=` and its HMAC by the secret, in hexadecimal."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def _post(address: str, body: bytes, *, secret: str, seconds: float) -> None:
    headers = {"Content-Type": "application/json", "User-Agent": f"newsgate/{__version__}"}
    if secret:
        headers[SIGNATURE_HEADER] = signature_of(body, secret)
    parts = urlsplit(address)
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    connection = _connection(parts.scheme, parts.hostname or "", parts.port, seconds=seconds)
    late = threading.Event()

    def cut_off() -> None:
        late.set()
        # Each single step has its time; together they could take for ever.
        with contextlib.suppress(OSError, AttributeError):
            connection.sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut_off)
    timer.daemon = True
    timer.start()
    try:
        connection.request("POST", path, body=body, headers=headers)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException, ValueError) as error:
        told = f"no answer within {seconds:g} s" if late.is_set() or isinstance(error, TimeoutError) else _told(error)
        raise NotSentError(told) from error
    finally:
        timer.cancel()
        connection.close()
    # A redirection is not followed: whoever asked named the address.
    if not 200 <= status < 300:
        raise NotSentError(f"it answered {status} {http.client.responses.get(status, '')}".rstrip())


def _connection(scheme: str, host: str, port: int | None, *, seconds: float) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=seconds, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, port, timeout=seconds)


def _run(command: list[str], body: bytes, *, seconds: float) -> None:
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            # A group of its own: what it starts ends with it.
            start_new_session=True,
        )
    except OSError as error:
        raise NotSentError(f"the command cannot be run: {_told(error)}") from error
    try:
        _, said = process.communicate(body, timeout=seconds)
    except subprocess.TimeoutExpired as error:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise NotSentError(f"the command took more than {seconds:g} s") from error
    if process.returncode:
        lines = said.decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        raise NotSentError(f"the command ended with {process.returncode}{f': {last}' if last else ''}"[:_SHOWN_CHARS])


def _told(error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join((reason or type(error).__name__).split())[:_SHOWN_CHARS]
