"""Programs that outlived the `newsgate up` that started them: how they are found, and ended.

Each supervised program holds a lock on a file of its own, `processes/NAME.PID` in the home folder. The lock goes with
the process however that ends, so a locked file names a process that lives, and a number that was given to another
process meanwhile is never mistaken for it.
"""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from newsgate.foundation.private_file import open_private
from newsgate.worker.settings import Settings

_POLL_SECONDS = 0.05
_KILLED_SECONDS = 10.0

# Kept open to the end of the process: an object that is collected would give its lock back.
_held: list[IO[str]] = []


def register_process(settings: Settings, *, name: str) -> None:
    """From now until it ends, let this process be found by the next `newsgate up` in this home folder."""
    folder = _folder(settings)
    folder.mkdir(mode=0o700, exist_ok=True)
    for _ in _living(folder):
        pass
    file = open_private(folder / f"{name}.{os.getpid()}", "w")
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    _held.append(file)


def end_left_behind(settings: Settings, *, patience_seconds: float) -> list[str]:
    """End every registered process, by SIGKILL where it takes longer than `patience_seconds`; gives name and number.

    Only for one that holds the home folder's lock: the programs of a `newsgate up` that lives are registered too.
    """
    folder = _folder(settings)
    folder.mkdir(mode=0o700, exist_ok=True)
    found = list(_living(folder))
    _signal(found, signal.SIGTERM)
    if not _all_gone(folder, within_seconds=patience_seconds):
        _signal(_living(folder), signal.SIGKILL)
        # One that gives back much memory is not gone at once, and is still there for whoever is told that it was ended.
        _all_gone(folder, within_seconds=_KILLED_SECONDS)
    return [f"{name} (process {pid})" for name, pid in found]


def _folder(settings: Settings) -> Path:
    return settings.home / "processes"


def _living(folder: Path) -> Iterator[tuple[str, int]]:
    """Name and number of each process that holds its file; the files of those that are gone are removed."""
    for path in sorted(folder.iterdir()):
        name, _, number = path.name.rpartition(".")
        if not number.isdigit():
            continue
        with suppress(FileNotFoundError), path.open("r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield name, int(number)
            else:
                path.unlink(missing_ok=True)


def _all_gone(folder: Path, *, within_seconds: float) -> bool:
    deadline = time.monotonic() + within_seconds
    while list(_living(folder)):
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _signal(processes: Iterator[tuple[str, int]] | list[tuple[str, int]], number: signal.Signals) -> None:
    for _, pid in processes:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
