"""A home folder that takes nothing: one line says what is wrong, where, and what helps."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.programs import World
from tests.services import short_folder
from tests.texts import write_posts


@pytest.fixture
def disk() -> Iterator[Path]:
    """A small file system of its own: permissions mean nothing to root, who runs the tests in CI."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    with short_folder("newsgate-home-disk-") as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)], check=True)
        try:
            yield folder
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _make_read_only(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)


def _fill(disk: Path) -> None:
    # Small at the end, so that not even a byte is left.
    for size in (65536, 1):
        with (disk / f"ballast{size}").open("wb", buffering=0) as stream, suppress(OSError):
            while stream.write(b"0" * size):
                pass


@pytest.mark.parametrize(
    ("spoil", "told", "remedy"),
    [
        (_make_read_only, "it cannot be written: Read-only file system", "Let this user write there"),
        (_fill, "it cannot be written: No space left on device", "Make room there"),
    ],
    ids=["read-only", "full"],
)
def test_a_home_that_takes_nothing_is_told_in_one_line(
    disk: Path, prepared_home: Path, spoil: Callable[[Path], None], told: str, remedy: str
) -> None:
    home = disk / "home"
    shutil.copytree(prepared_home, home)
    spoil(disk)
    world = World(home, f"sqlite:///{home / 'newsgate.db'}")
    up = world.run("newsgate", "up")
    assert up.code == 1
    (line,) = [line for line in up.err.splitlines() if "running as root" not in line]
    assert line.startswith(f"error: {home}")
    assert told in line
    assert f"{remedy}, or set NEWSGATE_HOME to " in line
    for command in (("status",), ("classify", write_posts(disk.parent / f"{disk.name}.csv", 3)), ("doctor",)):
        done = world.run("newsgate", *command)
        assert done.code == 1
        assert "Traceback" not in done.err
        assert "standard output" not in done.err
        assert command == ("doctor",) or len(done.err.splitlines()) == 1
    (disk.parent / f"{disk.name}.csv").unlink()


def test_something_else_in_the_place_of_a_file_or_a_folder_is_named(untouched: World, prepared_home: Path) -> None:
    for name, is_folder in (("up.lock", True), ("processes", False), ("redis", False), ("redis/redis.log", True)):
        shutil.copytree(prepared_home, untouched.home)
        there = untouched.home / name
        there.parent.mkdir(mode=0o700, exist_ok=True)
        if is_folder:
            there.mkdir()
        else:
            there.touch()
        up = untouched.run("newsgate", "up")
        assert up.code == 1
        (line,) = [line for line in up.err.splitlines() if "running as root" not in line]
        assert line.startswith(f"error: {there}: it cannot be written: ")
        assert line.endswith(". Remove what stands in its place, or set NEWSGATE_HOME to another folder")
        assert "Traceback" not in untouched.run("newsgate", "doctor").err
        shutil.rmtree(untouched.home)
