"""Keeps one program running: starts it, starts it again whenever it ends, stops it on request."""

from __future__ import annotations

import logging
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

log = logging.getLogger("newsgate.supervisor")

_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 15.0
# A program that lived this long ended for a reason of its own, not because it cannot start.
_HEALTHY_SECONDS = 20.0


class Supervisor:
    """Runs `command` until `stop`, restarting it after a pause that doubles while it keeps ending young.

    output: a file that takes what the program prints; None leaves it on this terminal.
    """

    def __init__(self, name: str, command: Sequence[str], *, output: Path | None = None) -> None:
        self.name = name
        self.early_deaths = 0
        self._command = list(command)
        self._output = output
        self._stop = threading.Event()
        # Held while a process is made or told to stop, so that `stop` never misses one that is just being made.
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, name=f"supervise-{name}", daemon=True)

    @property
    def pid(self) -> int | None:
        """The program's process, while one runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    @property
    def started(self) -> bool:
        """Whether `start` was called."""
        return self._thread.ident is not None

    def start(self) -> None:
        """Start the program and keep it running."""
        self._thread.start()

    def stop(self, *, patience_seconds: float) -> None:
        """Ask the program to finish what it does, and end it where it takes longer than `patience_seconds`."""
        with self._turn:
            self._stop.set()
            process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(patience_seconds)
            except subprocess.TimeoutExpired:
                log.warning("%s did not stop within %g s and was killed", self.name, patience_seconds)
                process.kill()
        self._thread.join()

    def _run(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while not self._stop.is_set():
            started = time.monotonic()
            code = self._run_once()
            if self._stop.is_set():
                return
            lived = time.monotonic() - started
            # A negative code is a signal: it was killed, which says nothing about whether it can start.
            blameless = code < 0 or lived >= _HEALTHY_SECONDS
            self.early_deaths = 0 if blameless else self.early_deaths + 1
            pause = _FIRST_PAUSE_SECONDS if blameless else min(pause * 2, _LONGEST_PAUSE_SECONDS)
            log.warning("%s ended with %d after %.1f s; it starts again in %g s", self.name, code, lived, pause)
            self._stop.wait(pause)

    def _run_once(self) -> int:
        with self._turn:
            if self._stop.is_set():
                return 0
            process = self._process = self._spawn()
        return process.wait()

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self._output.open("ab") if self._output else nullcontext() as output:
            # A session of its own: Ctrl-C must reach the supervisor alone, which then stops its programs in order.
            return subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
