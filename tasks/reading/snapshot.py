"""The raw bytes of the input, frozen at the moment of opening: hashed once, read again, compared."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import stat
import sys
from pathlib import Path
from typing import IO

from newsgate.tasks.reading.errors import FileChangedError, MissingFileError, ReadError, UnreadableFileError
from newsgate.tasks.reading.row_maker import storable

_COPY_BYTES = 1_048_576
_ADDRESS = re.compile(r"(?:https?|ftp)://", re.IGNORECASE)


class Snapshot:
    """The first `size_bytes` of one open file, whatever is appended to it later."""

    def __init__(self, file: IO[bytes], *, name: str, size_bytes: int, sha256: str | None = None) -> None:
        self.name = name
        self.size_bytes = size_bytes
        self._file = file
        self._sha256 = sha256

    @property
    def sha256(self) -> str:
        """The hex digest of the bytes, computed on first use and then remembered."""
        if self._sha256 is None:
            reader = SnapshotReader(self)
            reader.drain()
            self._sha256 = reader.hexdigest()
        return self._sha256

    def read_at(self, position_bytes: int, size_bytes: int) -> bytes:
        """Read at most `size_bytes`; raises FileChangedError when bytes of the snapshot are gone."""
        size_bytes = min(size_bytes, self.size_bytes - position_bytes)
        if size_bytes <= 0:
            return b""
        try:
            data = os.pread(self._file.fileno(), size_bytes, position_bytes)
        except OSError as error:
            raise _unreadable(self.name, error) from error
        if not data:
            raise self.changed("became shorter while it was read")
        return data

    def has_grown(self) -> bool:
        """Whether the file is longer now than when it was opened."""
        return os.fstat(self._file.fileno()).st_size > self.size_bytes

    def changed(self, how: str) -> FileChangedError:
        """Name the error for bytes that are no longer those that were hashed."""
        return FileChangedError(f"the file {how}", where=self.name, remedy="Run again when nothing writes to it")

    def close(self) -> None:
        """Release the file; a spooled one is gone with it."""
        self._file.close()


class SnapshotReader:
    """One pass over a snapshot from its first byte, hashing as it goes."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.position_bytes = 0
        self._snapshot = snapshot
        self._hash = hashlib.sha256()

    def read(self, size_bytes: int) -> bytes:
        """Return the next bytes, at most `size_bytes`; none at the end of the snapshot."""
        data = self._snapshot.read_at(self.position_bytes, size_bytes)
        self._hash.update(data)
        self.position_bytes += len(data)
        return data

    def drain(self) -> None:
        """Read what is left, for its hash."""
        while self.read(_COPY_BYTES):
            pass

    def hexdigest(self) -> str:
        """The SHA-256 of the bytes read so far."""
        return self._hash.hexdigest()


def open_snapshot(path: str, *, spool_folder: Path, stdin: IO[bytes] | None = None) -> Snapshot:
    """Open a regular file as it is, or copy a stream ("-", a pipe) to a nameless file in `spool_folder`."""
    if path == "-":
        if stdin is None:
            if sys.stdin is None:
                raise UnreadableFileError("standard input is closed", remedy="Pipe the rows in, or name a file")
            stdin = sys.stdin.buffer
        return _spool(stdin, name="stdin", spool_folder=spool_folder)
    # As it is stored and told: the bytes of a name need not be text.
    name = storable(Path(path).name)
    file = _open(path)
    try:
        status = os.fstat(file.fileno())
        if stat.S_ISREG(status.st_mode):
            return Snapshot(file, name=name, size_bytes=status.st_size)
        snapshot = _spool(file, name=name, spool_folder=spool_folder)
    except BaseException:
        file.close()
        raise
    file.close()
    return snapshot


def spool_stream(stream: IO[bytes], *, name: str, spool_folder: Path) -> Snapshot:
    """Copy a stream to a nameless file in `spool_folder`; name: by which it is told. Raises UnreadableFileError."""
    return _spool(stream, name=name, spool_folder=spool_folder)


def is_address(path: str) -> bool:
    """Whether what was named is in the web, and no file here."""
    return _ADDRESS.match(path) is not None


def _open(path: str) -> IO[bytes]:
    try:
        return Path(path).open("rb")
    except FileNotFoundError as error:
        if is_address(path):
            remedy = f"Download it first, for instance with: curl -fLO {shlex.quote(path)}"
            raise MissingFileError("this is an address, and only files are read", where=path, remedy=remedy) from error
        remedy = "Check the path, or give - to read standard input"
        raise MissingFileError("there is no such file", where=path, remedy=remedy) from error
    except IsADirectoryError as error:
        raise UnreadableFileError("this is a directory", where=path, remedy="Name a file in it") from error
    except PermissionError as error:
        raise UnreadableFileError(
            "no permission to read the file", where=path, remedy=f"Allow it, for instance with: chmod u+r {path}"
        ) from error
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def _spool(stream: IO[bytes], *, name: str, spool_folder: Path) -> Snapshot:
    # Most inputs are files, which are read where they are.
    import tempfile

    try:
        spool_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Nameless from the start, so that not even a killed process leaves it behind; its mode is 0600.
        spool = tempfile.TemporaryFile(dir=spool_folder)  # noqa: SIM115 - the snapshot closes it
    except OSError as error:
        raise _cannot_spool(spool_folder, error) from error
    digest = hashlib.sha256()
    size_bytes = 0
    try:
        while data := _read_stream(stream, name):
            digest.update(data)
            size_bytes += len(data)
            _write_all(spool.fileno(), data, spool_folder)
    except BaseException:
        spool.close()
        raise
    return Snapshot(spool, name=name, size_bytes=size_bytes, sha256=digest.hexdigest())


def _read_stream(stream: IO[bytes], name: str) -> bytes:
    try:
        return stream.read(_COPY_BYTES)
    except (OSError, ValueError) as error:
        raise _unreadable(name, error) from error


def _write_all(descriptor: int, data: bytes, spool_folder: Path) -> None:
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(descriptor, view) :]
    except OSError as error:
        raise _cannot_spool(spool_folder, error) from error


def _cannot_spool(spool_folder: Path, error: OSError) -> ReadError:
    reason = error.strerror or error
    return UnreadableFileError(
        f"cannot keep a copy of the input ({reason})",
        where=str(spool_folder),
        remedy="Make room there, or put the rows into a file and name it",
    )


def _unreadable(where: str, error: Exception) -> UnreadableFileError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else error
    return UnreadableFileError(f"cannot be read ({reason})", where=where, remedy="Check the path and the disk")
