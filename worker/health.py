"""What a long-running process says of itself, for whoever must know whether to start it again: a supervisor, a probe.

Each keeps a file, `health/PART.PID@HOST` in the home folder, and writes every few seconds whether it gets on. It holds
a lock on it, which goes with the process however that ends: so a locked file that is not written any more is a process
that hangs. A home folder may be shared by containers, whose processes have the same numbers, and by hosts, whose clocks
have begun at different times: each host reads its own files alone.
"""

from __future__ import annotations

import fcntl
import glob
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from newsgate.foundation.private_file import open_private
from newsgate.worker.settings import Settings

log = logging.getLogger("newsgate.worker")

SAY_SECONDS: Final = 5.0
# Longer than a database that is away may take to say so.
SILENT_AFTER_SECONDS: Final = 60.0
_READ_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class State:
    """Whether a process gets on, and what it does or lacks."""

    healthy: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Health:
    """What is known of a process that lives. part: `worker`, `trainer`, `beat` or `web`."""

    part: str
    process: int
    state: State


class Pulse:
    """When a loop last came round. Safe to share between threads.

    limit_seconds: how long a turn of it may take, with everything that it may wait for.
    """

    def __init__(self, *, limit_seconds: float) -> None:
        self._limit_seconds = limit_seconds
        self._at = time.monotonic()

    def beat(self) -> None:
        """Note that it comes round now."""
        self._at = time.monotonic()

    def state(self) -> State:
        """Whether it has come round lately."""
        seconds = time.monotonic() - self._at
        if seconds > self._limit_seconds:
            return State(healthy=False, detail=f"its loop has not come round for {seconds:.0f} s")
        return State(healthy=True, detail="it comes round")


class HealthFile:
    """Says in a file how a process is, for as long as the block lasts, in a thread of its own.

    look: asked for the state; what it raises is a state that is not healthy. A home folder that takes no file is told
    in the log: the process does its work without.
    """

    def __init__(self, settings: Settings, *, part: str, look: Callable[[], State]) -> None:
        self._settings = settings
        self._path = _folder(settings) / f"{part}.{os.getpid()}@{socket.gethostname()}"
        self._look = look
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Nobody may ever ask here, and each process that was killed has left its file.
            with suppress(OSError):
                read_health(self._settings)
            self._file = open_private(self._path, "w")
            # Who reads holds it for a moment.
            fcntl.flock(self._file, fcntl.LOCK_EX)
            self._write(State(healthy=True, detail="it begins"))
        except OSError as error:
            log.warning("`newsgate health` knows nothing of this process: %s: %s", self._path, error.strerror)
            return self
        self._thread = threading.Thread(target=self._keep_saying, name="health", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(SAY_SECONDS)
            with suppress(OSError):
                self._path.unlink()
        if self._file is not None:
            self._file.close()

    def _keep_saying(self) -> None:
        while not self._stop.wait(SAY_SECONDS):
            try:
                state = self._look()
            except Exception as error:  # noqa: BLE001 - whatever it is, it must be seen from outside
                state = State(healthy=False, detail=f"{type(error).__name__}: {error}")
            # A disk that is full now may have room again at the next turn.
            with suppress(OSError):
                self._write(state)

    def _write(self, state: State) -> None:
        assert self._file is not None  # noqa: S101 - opened before the thread begins
        # The clock that runs alike in every process of this machine, and that nobody can set.
        said = {"said": time.monotonic(), "healthy": state.healthy, "detail": " ".join(state.detail.split())}
        content = json.dumps(said).encode()
        os.pwrite(self._file.fileno(), content, 0)
        os.ftruncate(self._file.fileno(), len(content))


def read_health(settings: Settings) -> list[Health]:
    """Every process of this host and home folder that lives and says how it is, by part and number.

    Files that were left behind go.
    """
    found = []
    for path in sorted(_folder(settings).glob(f"*@{glob.escape(socket.gethostname())}")):
        part, _, number = path.name.partition("@")[0].rpartition(".")
        if number.isdigit():
            found += [Health(part, int(number), state) for state in _states_of_living(path)]
    return found


def _states_of_living(path: Path) -> Iterator[State]:
    with suppress(FileNotFoundError), path.open(encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            yield _state_in(file)
        else:
            # One without content is being made at this moment.
            if file.read(1):
                path.unlink(missing_ok=True)


def _state_in(file: IO[str]) -> State:
    for _ in range(_READ_ATTEMPTS):
        file.seek(0)
        # Nothing is there yet, or it is being written at this moment.
        with suppress(ValueError, KeyError):
            told = json.loads(file.read())
            seconds = time.monotonic() - told["said"]
            if seconds > SILENT_AFTER_SECONDS:
                return State(healthy=False, detail=f"it has said nothing for {seconds:.0f} s: it hangs")
            return State(told["healthy"], told["detail"])
        time.sleep(0.05)
    return State(healthy=True, detail="it begins")


def _folder(settings: Settings) -> Path:
    return settings.home / "health"
