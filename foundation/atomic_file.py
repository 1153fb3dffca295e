"""Files that appear under their name when they are whole, or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

# Of a new file, less the umask. Never for others to write, though a umask of nothing would allow it.
_NEW_FILE_MODE = 0o644
_OPEN_FILES = Path("/proc/self/fd")
_WITHOUT_NAME = getattr(os, "O_TMPFILE", 0) | os.O_WRONLY | os.O_CLOEXEC


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """A file to write, which takes the place of what was at `path` when the block ends well, even after a power cut.

    A block that raises leaves `path` as it was, and a program that is killed too, with nothing beside it. A link stays
    one, and what it leads to is replaced; a file that was there hands on its permissions. A pipe or a device is written
    into directly. Raises OSError.
    """
    there = _mode_at(path)
    if there is not None and not stat.S_ISREG(there):
        with path.open("wb") as device:
            yield device
        return
    target = Path(os.path.realpath(path))
    # Short, because the name of `target` may be as long as names get.
    temporary = target.with_name(f".newsgate-{secrets.token_hex(8)}")
    descriptor, has_name = _open_beside(temporary)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if there is not None:
                os.fchmod(file.fileno(), stat.S_IMODE(there))
            yield file
            file.flush()
            os.fsync(file.fileno())
            if not has_name:
                _give_name(file.fileno(), temporary)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _mode_at(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


def _open_beside(temporary: Path) -> tuple[int, bool]:
    """A new file in the folder of that name, and whether it has it: one without a name goes with its program."""
    if _OPEN_FILES.is_dir():
        with suppress(OSError):
            return os.open(temporary.parent, _WITHOUT_NAME, _NEW_FILE_MODE), False
    # Not every file system knows that. Not mkstemp, whose files nobody else may read whatever the umask says.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    return os.open(temporary, flags, _NEW_FILE_MODE), True


def _give_name(descriptor: int, name: Path) -> None:
    folder = os.open(name.parent, os.O_RDONLY)
    try:
        # With a folder, Python asks the system to follow the link that /proc has.
        os.link(_OPEN_FILES / str(descriptor), name.name, dst_dir_fd=folder)
    finally:
        os.close(folder)


def _sync_folder(folder: Path) -> None:
    """Make the renaming itself durable, where the system knows how."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
