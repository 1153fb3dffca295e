"""A snapshot as a file in which a library may go back and forth."""

from __future__ import annotations

import errno
import io
import os

from newsgate.tasks.reading.snapshot import Snapshot


class SnapshotFile(io.RawIOBase):
    """The snapshot's bytes; closing it leaves the snapshot open.

    read_bytes: how many were read so far, some of them perhaps more than once.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.read_bytes = 0
        self._snapshot = snapshot
        self._at = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte, as in any file."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._snapshot.size_bytes}[whence]
        if start + offset < 0:
            # As a file of the system says it; zipfile looks before the beginning of a short archive, and expects that.
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        self._at = start + offset
        return self._at

    def tell(self) -> int:
        """The byte that is read next."""
        return self._at

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        """Fill the buffer as far as there are bytes."""
        data = self._snapshot.read_at(self._at, len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        self.read_bytes += len(data)
        return len(data)
