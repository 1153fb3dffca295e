"""The files that settings are read from, and whether they may be obeyed.

A folder may be anybody's, and a file in it would say where a person's texts go. So only one that this user or root
owns, and that nobody else can write, is read.
"""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from newsgate.foundation.errors import WrongUsageError

ENV_FILE = ".env"
TOML_FILE = "newsgate.toml"


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """path: its place, None where there is none. distrusted: why it is not read, None where it is."""

    path: Path | None
    distrusted: str | None = None

    @property
    def warning(self) -> str | None:
        """What to say about a file that is there and not read."""
        return f"{self.path} is not read: {self.distrusted}" if self.distrusted else None


@contextmanager
def open_settings_file(path: Path) -> Iterator[tuple[SettingsFile, str | None]]:
    """What is known of the file, and a path to read it by while the block lasts; None where it must not be read.

    The path leads to the very file that was looked at, whatever becomes of its name meanwhile. Raises WrongUsageError
    for one that cannot be read.
    """
    shown = shown_path(path)
    try:
        # A pipe of that name would otherwise be waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        yield SettingsFile(None), None
        return
    except OSError as error:
        distrusted = None
        with suppress(OSError):
            distrusted = _distrusted(path.stat(), shown)
        if distrusted is None:
            raise _unreadable(error, shown) from error
        yield SettingsFile(path, distrusted), None
        return
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            # Of some other program: virtual environments are called so.
            yield SettingsFile(None), None
            return
        distrusted = _distrusted(status, shown)
        yield SettingsFile(path, distrusted), None if distrusted else f"/proc/self/fd/{descriptor}"
    except UnicodeDecodeError as error:
        raise WrongUsageError("this file is not UTF-8", where=shown, remedy="Save it as UTF-8") from error
    except OSError as error:
        raise _unreadable(error, shown) from error
    finally:
        os.close(descriptor)


def env_file_path() -> Path:
    """Where a `.env` is looked for."""
    return Path.cwd() / ENV_FILE


def toml_file_path(folder: Path) -> Path:
    """Where a newsgate.toml is looked for in a folder."""
    return folder / TOML_FILE


def find_settings_file(path: Path) -> SettingsFile:
    """What is known of the file. Raises WrongUsageError."""
    with open_settings_file(path) as (found, _):
        return found


def shown_path(path: Path) -> str:
    """What a person is told a file is called: its name in the current folder, its whole path anywhere else."""
    return path.name if path.parent == Path.cwd() else str(path)


def _unreadable(error: OSError, shown: str) -> WrongUsageError:
    return WrongUsageError(
        f"this file cannot be read: {error.strerror}", where=shown, remedy="Allow it, or move the file away"
    )


def _distrusted(status: os.stat_result, shown: str) -> str | None:
    if not stat.S_ISREG(status.st_mode):
        return "it is no file"
    if status.st_uid not in (os.getuid(), 0):
        return f"it belongs to another user ({_user_name(status.st_uid)}). Copy it, or leave the folder"
    if others_can_write(status):
        return f"other users can write it. Run: chmod go-w {shown}"
    return None


def others_can_write(status: os.stat_result) -> bool:
    """Whether its permissions let anybody but its owner write the file."""
    in_group = bool(status.st_mode & stat.S_IWGRP) and not _is_own_group(status.st_gid)
    return bool(status.st_mode & stat.S_IWOTH) or in_group


def _is_own_group(group: int) -> bool:
    """Whether it is a group of this user alone, as many distributions make one for each user."""
    try:
        user = pwd.getpwuid(os.getuid())
        entry = grp.getgrgid(group)
    except KeyError:
        return False
    return group == user.pw_gid and entry.gr_name == user.pw_name and set(entry.gr_mem) <= {user.pw_name}


def _user_name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
