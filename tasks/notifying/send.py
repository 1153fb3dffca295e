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
import tempfile
import threading
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import IO
from urllib.parse import urlsplit

from newsgate import __version__
from newsgate.db.notifications import COMMAND, Owed
from newsgate.foundation.errors import NewsgateError
from newsgate.worker.settings import Settings

SIGNATURE_HEADER = "X-Newsgate-Signature"
_SHOWN_CHARS = 200
_READ_BYTES = 4096


class NotSentError(NewsgateError):
    """The other side did not take it; its text says why."""


class NobodyAnsweredError(NotSentError):
    """The other side said nothing: what else it is to be told would only wait there too."""


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
    status = _Exchange(address, body, headers, seconds=seconds).status()
    # A redirection is not followed: whoever asked named the address.
    if not 200 <= status < 300:
        raise NotSentError(f"it answered {status} {http.client.responses.get(status, '')}".rstrip())


class _Exchange:
    """One POST, in a thread that can be left behind: nothing ends the system's search for a name, and each step has its
    time, but together they could take for ever."""

    def __init__(self, address: str, body: bytes, headers: dict[str, str], *, seconds: float) -> None:
        self._parts = urlsplit(address)
        self._body = body
        self._headers = headers
        self._seconds = seconds
        self._socket: socket.socket | None = None
        self._late = threading.Event()
        self._answer: Future[int] = Future()

    def status(self) -> int:
        """The status of the answer. Raises NobodyAnsweredError."""
        threading.Thread(target=self._run, name="notification", daemon=True).start()
        try:
            return self._answer.result(self._seconds)
        except TimeoutError as error:
            raise NobodyAnsweredError(f"no answer within {self._seconds:g} s") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise NobodyAnsweredError(_told(error)) from error
        finally:
            self._late.set()
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    def _run(self) -> None:
        try:
            self._answer.set_result(self._exchange())
        except Exception as error:  # noqa: BLE001 - whoever waits is told
            self._answer.set_exception(error)
        finally:
            if self._socket is not None:
                self._socket.close()

    def _exchange(self) -> int:
        parts = self._parts
        secured = parts.scheme == "https"
        host, port = parts.hostname or "", parts.port or (443 if secured else 80)
        self._socket = socket.create_connection((host, port), timeout=self._seconds)
        kind = http.client.HTTPSConnection if secured else http.client.HTTPConnection
        connection = kind(host, port, timeout=self._seconds)
        if secured:
            context = ssl.create_default_context()
            # Shaking hands is a step of its own, so that this socket, and no other, is the one that is cut off.
            secure = context.wrap_socket(self._socket, server_hostname=host, do_handshake_on_connect=False)
            self._socket = secure
            secure.do_handshake()
        if self._late.is_set():
            # It is tried again, or was meanwhile.
            raise TimeoutError
        connection.sock = self._socket
        path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
        connection.request("POST", path, body=self._body, headers=self._headers)
        return connection.getresponse().status


def _run(command: list[str], body: bytes, *, seconds: float) -> None:
    # A file: a pipe would be waited for until all that the command has started let go of it.
    with tempfile.TemporaryFile() as said:
        _run_into(said, command, body, seconds=seconds)


def _run_into(said: IO[bytes], command: list[str], body: bytes, *, seconds: float) -> None:
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
            # A group of its own: what it starts ends with it.
            start_new_session=True,
        )
    except OSError as error:
        raise NotSentError(f"the command cannot be run: {_told(error)}") from error
    try:
        process.communicate(body, timeout=seconds)
    except subprocess.TimeoutExpired as error:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise NobodyAnsweredError(f"the command took more than {seconds:g} s") from error
    if process.returncode:
        said.seek(max(said.tell() - _READ_BYTES, 0))
        lines = said.read(_READ_BYTES).decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        raise NotSentError(f"the command ended with {process.returncode}{f': {last}' if last else ''}"[:_SHOWN_CHARS])


def _told(error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join((reason or type(error).__name__).split())[:_SHOWN_CHARS]
