"""The newsgate that was released last, run beside this one.

It is the newest tag that `make release` has set. Before the first tag it is the commit named here, with which the
changelog got its first release. The same libraries run it, so a release may need none that is gone from
requirements/dev.txt.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from benchmarks.pipeline.beside import check_out
from benchmarks.shared.processes import ROOT, BenchmarkError
from tests.programs import Done, World, spawned

# 0.2.0.
FIRST_RELEASE: Final = "493e7723b3266adcb7034177a89903bb838705b4"
_ALL_ARE_NEEDED = bool(os.environ.get("NEWSGATE_TESTS_NEED_ALL"))
_PROGRAM_SECONDS = 120
_RUN: Final = "import sys; from newsgate.{module} import main; sys.argv[0] = {module!r}; main()"


class Release:
    """The files of a released commit, and its programs in a world. world: tells no setting that it does not know."""

    def __init__(self, tree: Path, world: World) -> None:
        self._tree = tree
        self._world = world

    def run(self, program: str, *arguments: str | Path) -> Done:
        """Run `newsgate` or `enqueue` of that release to its end."""
        done = subprocess.run(
            self._command(program, *map(str, arguments)),
            env=self._environment,
            cwd=self._tree,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PROGRAM_SECONDS,
            check=False,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    @contextmanager
    def started(self, *arguments: str, log: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run `newsgate` of that release beside the test."""
        output = self._world.home.parent / f"{log}.log"
        command = self._command("newsgate", *arguments)
        with spawned(command, environment=self._environment, log=output, cwd=self._tree) as process:
            yield process

    def _command(self, program: str, *arguments: str) -> list[str]:
        module = "enqueue" if program == "enqueue" else "main"
        return [sys.executable, "-c", _RUN.format(module=module), *arguments]

    @property
    def _environment(self) -> dict[str, str]:
        return {**self._world.environment, "PYTHONPATH": str(self._tree)}


def last_release() -> str:
    """The commit or tag. Fails the test, or skips it, where the history is not there."""
    tags = _git("tag", "--list", "v*", "--sort=-version:refname").split()
    found = tags[0] if tags else FIRST_RELEASE
    if not _git("rev-parse", "--verify", "--quiet", f"{found}^{{commit}}"):
        reason = f"this checkout has no history: commit {found} is not in it (git fetch --unshallow --tags)"
        pytest.fail(reason) if _ALL_ARE_NEEDED else pytest.skip(reason)
    return found


def released_in(world: World) -> Release:
    """The last release, in a world. Its files are made once for each checkout."""
    try:
        return Release(check_out(last_release()), world)
    except BenchmarkError as error:
        raise AssertionError(f"the last release cannot be made ready: {error}") from error


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()
