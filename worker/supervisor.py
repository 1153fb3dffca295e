"""Keeps one program running: starts it, starts it again whenever it ends, stops it on request."""

from __future__ import annotations

import logging
import os
import signal
import socket
import stat
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path

from newsgate.foundation.private_file import PRIVATE_UMASK, open_private

log = logging.getLogger("newsgate.supervisor")

_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 15.0
# A program that lived this long ended for a reason of its own, not because it cannot start.
_HEALTHY_SECONDS = 20.0


def tell_supervisor() -> None:
    """Say that this process has begun its work: what ends it from now on is not that it cannot start.

    A supervised program's standard input is a line to its supervisor; without one nothing happens.
    """
    with suppress(OSError):
        if stat.S_ISSOCK(os.fstat(0).st_mode):
            os.write(0, b".")


class Supervisor:
    """Runs `command` until `stop`, restarting it after a pause that doubles while it keeps ending young.

    output: a file that takes what the program prints; None leaves it on this terminal. environment: what it sees beside
    this process's own. begin_after_seconds: how long after `start` the program is started first.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        output: Path | None = None,
        environment: Mapping[str, str] | None = None,
        begin_after_seconds: float = 0.0,
    ) -> None:
        self.name = name
        self.early_deaths = 0
        # Of these, those in a row in which it ran and ended by itself: not for want of processes or memory.
        self.early_exits = 0
        self._command = list(command)
        self._output = output
        self._begin_after_seconds = begin_after_seconds
        self._environment = dict(environment or {})
        self._stop = threading.Event()
        # Held while a process is made or told to stop, so that `stop` never misses one that is just being made.
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
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

    @property
    def given_up(self) -> bool:
        """Whether it is not started again."""
        return self._stop.is_set()

    def give_up(self) -> None:
        """Do not start the program again once it has ended."""
        self._stop.set()

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
        if self._line is not None:
            self._line.close()

    def _run(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        self._stop.wait(self._begin_after_seconds)
        while not self._stop.is_set():
            started = time.monotonic()
            code = self._run_once()
            if self._stop.is_set():
                return
            lived = time.monotonic() - started
            # A negative code is a signal: it was killed, which says nothing about whether it can start. Nor does the
            # end of one that had begun its work: a text may have taken it down.
            blameless = code is not None and (code < 0 or lived >= _HEALTHY_SECONDS or self._had_begun())
            self.early_deaths = 0 if blameless else self.early_deaths + 1
            self.early_exits = 0 if blameless else self.early_exits + (code is not None)
            pause = _FIRST_PAUSE_SECONDS if blameless else min(pause * 2, _LONGEST_PAUSE_SECONDS)
            how = "could not be started" if code is None else f"ended with {code} after {lived:.1f} s"
            log.warning("%s %s; it starts again in %g s", self.name, how, pause)
            self._stop.wait(pause)

    def _run_once(self) -> int | None:
        """Run the program to its end; gives its exit code, None where it could not be started."""
        with self._turn:
            if self._stop.is_set():
                return 0
            try:
                process = self._process = self._spawn()
            except Exception as error:
                # The machine may be short of processes, memory or files for a while; whatever it is, a program whose
                # supervisor ended would be gone for good.
                log.error("%s: %r", self.name, error, exc_info=not isinstance(error, OSError))
                return None
        return process.wait()

    def _had_begun(self) -> bool:
        if self._line is None:
            return False
        try:
            return bool(self._line.recv(1, socket.MSG_DONTWAIT))
        except OSError:
            return False

    def _spawn(self) -> subprocess.Popen[bytes]:
        if self._line is not None:
            self._line.close()
        self._line, theirs = socket.socketpair()
        with theirs, open_private(self._output, "ab") if self._output else nullcontext() as output:
            return subprocess.Popen(
                self._command,
                stdin=theirs.fileno(),
                stdout=output,
                stderr=output,
                env={**os.environ, **self._environment},
                # Ctrl-C must reach the supervisor alone, which then stops its programs in order.
                start_new_session=True,
                umask=PRIVATE_UMASK,
            )
