"""Files of newsgate's own, which nobody but their owner may read, whatever the umask says."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import IO, Any, Final

# For programs that newsgate starts, and for those that write nothing a person asked for.
PRIVATE_UMASK: Final = 0o077
_PRIVATE_MODE: Final = 0o600


def open_private(path: Path, mode: str) -> IO[Any]:
    """Open a file as `Path.open` does; a new one is its owner's alone, and so is from now on one that was not.

    Raises OSError.
    """
    file: IO[Any] = open(path, mode, opener=_open)  # noqa: SIM115 - the caller closes it; Path has no opener
    return file


def _open(path: str, flags: int) -> int:
    descriptor = os.open(path, flags, _PRIVATE_MODE)
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) and status.st_mode & PRIVATE_UMASK and status.st_uid == os.geteuid():
        os.fchmod(descriptor, _PRIVATE_MODE)
    return descriptor
