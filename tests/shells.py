"""Real shells on a terminal of their own, in which a test types and presses the tabulator key."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

# Set where no test may be skipped for what is not installed. Read now: tests see no settings of whoever runs them.
_ALL_ARE_NEEDED = bool(os.environ.get("NEWSGATE_TESTS_NEED_ALL"))
_SECONDS = 60.0
# What a shell draws with, and is no text.
_CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r|\x07|\x08")
_START = {"bash": ["bash", "-i"], "zsh": ["zsh", "-i"], "fish": ["fish", "-i"]}


def require_program(name: str, *, package: str | None = None) -> None:
    """Skip the test where a program is not installed; where none may be skipped, fail. package: its name in Debian."""
    if shutil.which(name) is None:
        told = f"{name} is not installed: apt-get install {package or name}"
        if _ALL_ARE_NEEDED:
            pytest.fail(told)
        pytest.skip(told)


class Shell:
    """A shell that somebody sits at."""

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal
        self.shown = ""

    def type(self, text: str) -> None:
        """Type, and forget what was shown before."""
        self.shown = ""
        os.write(self._terminal, text.encode())

    def wait_for(self, wanted: str) -> None:
        """Read the screen until it shows `wanted`."""
        deadline = time.monotonic() + _SECONDS
        while wanted not in _CONTROLS.sub("", self.shown):
            if time.monotonic() > deadline:
                raise AssertionError(f"{wanted!r} is not shown, but {self.shown!r}")
            if select.select([self._terminal], [], [], 0.1)[0]:
                self.shown += os.read(self._terminal, 65536).decode(errors="replace")


@contextmanager
def running_shell(name: str, *, environment: Mapping[str, str]) -> Iterator[Shell]:
    """The shell with its start files, ready to be typed at."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(environment["HOME"])
        os.execvpe(name, _START[name], dict(environment))
    try:
        shell = Shell(terminal)
        shell.type("echo rea''dy\n")
        shell.wait_for("ready")
        yield shell
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(terminal)
