"""`newsgate up` at a terminal or before a pipe, either of which can go away while it works."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Final

import psutil

from benchmarks.shared.home import program
from benchmarks.shared.processes import BenchmarkError
from tests.programs import kill_tree, processes_in

_LOOK_SECONDS: Final = 0.1
_BLOCK_BYTES: Final = 65536
# More than the 30 s in which `newsgate up` lets its workers finish.
_STOP_LIMIT_SECONDS: Final = 50.0
# However `up` ends, so long may what it started live on.
_LEFT_BEHIND_SECONDS: Final = 10.0


class UpProcess:
    """A running `newsgate up`. What it prints goes on to `log` for as long as its terminal or pipe is open."""

    def __init__(self, *, environment: Mapping[str, str], folder: Path, log: BinaryIO, at_terminal: bool) -> None:
        self._home = environment["NEWSGATE_HOME"]
        self._reading, writing = pty.openpty() if at_terminal else os.pipe()
        self.process = subprocess.Popen(
            # `setsid --ctty` makes it the terminal's own program: who closes the terminal hangs up on it.
            [*(("setsid", "--ctty") if at_terminal else ()), program("newsgate"), "up"],
            env=environment,
            cwd=folder,
            stdin=writing if at_terminal else subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
            start_new_session=not at_terminal,
        )
        os.close(writing)
        self._closing = threading.Event()
        self._pump = threading.Thread(target=self._copy_to, args=(log,), daemon=True)
        self._pump.start()
        self.at_terminal = at_terminal

    @property
    def pid(self) -> int:
        return self.process.pid

    def close_output(self) -> None:
        """Close the terminal, or the pipe's other end."""
        self._closing.set()
        self._pump.join()

    def stop(self) -> None:
        """Ask it to end. Raises BenchmarkError where it ends badly or not in time."""
        self.process.terminate()
        self.wait_for_good_end()

    def wait_for_good_end(self) -> None:
        """Raises BenchmarkError where it ends badly or not in time."""
        try:
            code = self.process.wait(_STOP_LIMIT_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise BenchmarkError(f"`newsgate up` did not end within {_STOP_LIMIT_SECONDS:g} s") from error
        if code != 0:
            raise BenchmarkError(f"`newsgate up` ended with {code}")

    def kill(self) -> None:
        """SIGKILL for it alone: what it started must see to its own end."""
        self.process.kill()
        self.process.wait()

    def kill_with_all(self) -> None:
        """SIGKILL for it and all it started."""
        kill_tree(self.pid)
        self.process.wait()

    def left_behind(self, *, but: int | None = None) -> list[str]:
        """The commands that still run in its home some seconds after its end, without process `but`."""
        until = time.monotonic() + _LEFT_BEHIND_SECONDS
        while (found := _commands_in(self._home, but=but)) and time.monotonic() < until:
            time.sleep(_LOOK_SECONDS)
        return found

    def _copy_to(self, log: BinaryIO) -> None:
        with contextlib.suppress(OSError):
            while not self._closing.is_set():
                if select.select([self._reading], [], [], _LOOK_SECONDS)[0]:
                    block = os.read(self._reading, _BLOCK_BYTES)
                    if not block:
                        break
                    log.write(block)
                    log.flush()
        os.close(self._reading)


def _commands_in(home: str, *, but: int | None) -> list[str]:
    found = []
    for process in processes_in(home):
        with contextlib.suppress(psutil.Error):
            if process.pid != but:
                found.append(" ".join(process.cmdline()))
    return found
