"""The bytes that hold the rows: those of the file, or those that are packed in it."""

from __future__ import annotations

import io
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Literal

from newsgate.tasks.reading.errors import NotTextError, UnusedOptionError
from newsgate.tasks.reading.file_signatures import refuse_known_formats, refuse_tar
from newsgate.tasks.reading.gzip_stream import ByteStream
from newsgate.tasks.reading.packing import ZIP_MAGICS, Packing, packing_of, refuse_misnamed, without_packing
from newsgate.tasks.reading.snapshot import Snapshot, SnapshotReader
from newsgate.tasks.reading.snapshot_file import SnapshotFile

if TYPE_CHECKING:
    from newsgate.tasks.reading.unpacking import Unpacked

ContentKind = Literal["text", "xlsx", "ods", "parquet"]
HEAD_BYTES = 4096
_BUFFER_BYTES = 262_144
_PARQUET_MAGIC = b"PAR1"


class Pass:
    """One reading of the bytes from the first to the last.

    reader: of the whole file's bytes, where they are read in order.
    file: the same, where they are read here and there.
    """

    def __init__(
        self, stream: ByteStream, *, reader: SnapshotReader | None, file: SnapshotFile | None, unpacked: Unpacked | None
    ) -> None:
        self.read = stream.read
        self._reader = reader
        self._file = file
        self._unpacked = unpacked

    @property
    def position_bytes(self) -> int:
        """How many bytes of the whole file were read so far."""
        if self._reader is not None:
            return self._reader.position_bytes
        return self._file.read_bytes if self._file else 0

    @property
    def damage(self) -> str | None:
        """Why the bytes ended before the compressed file said so; None while all is well."""
        return self._unpacked.damage if self._unpacked else None

    @property
    def trailing(self) -> bool:
        """Whether something other than zero bytes follows the compressed data."""
        return self._unpacked.trailing if self._unpacked else False

    @property
    def is_packed(self) -> bool:
        """Whether the bytes are not those of the file itself."""
        return self._unpacked is not None

    def sha256_to_the_end(self) -> str | None:
        """The digest of the whole file, whose rest is read for it; None where its bytes were not read in order."""
        if self._reader is None:
            return None
        self._reader.drain()
        return self._reader.hexdigest()


class Content:
    """What a snapshot holds; `member` names a file in a .zip archive.

    name: the name that tells the format, without the ending of a compression. member: the one that was chosen.
    kind: how its bytes are to be read.

    Raises ReadError for what holds no rows: another archive, a document, a picture.
    """

    def __init__(self, snapshot: Snapshot, *, member: str | None, spool_folder: Path) -> None:
        self.member: str | None = None
        self._snapshot = snapshot
        self._spool_folder = spool_folder
        self._packing: Packing | None = None
        self._file: SnapshotFile | None = None
        self.kind: ContentKind = "text"
        head = snapshot.read_at(0, HEAD_BYTES)
        name = snapshot.name
        if head.startswith(ZIP_MAGICS):
            # What unpacks is loaded where something is packed, here and below.
            from newsgate.tasks.reading.zip_archive import choose_member, open_archive, workbook_kind

            with open_archive(self._buffered(), where=name) as archive:
                kind = workbook_kind(archive, where=name)
                if kind is not None:
                    self.kind = kind
                else:
                    self.member = choose_member(archive, member, where=name).filename
                    name = PurePosixPath(self.member).name
        if member is not None and self.member is None:
            raise UnusedOptionError("this is no .zip archive", option="--member", where=snapshot.name)
        if self.kind == "text":
            self._look_inside(name)
        self.name = without_packing(name)

    @property
    def is_packed(self) -> bool:
        """Whether the bytes are not those of the file itself."""
        return self._packing is not None or self.member is not None

    @property
    def position_bytes(self) -> int:
        """How many bytes of the whole file were read for the latest `as_file`."""
        return self._file.read_bytes if self._file else 0

    def open(self) -> Pass:
        """Begin another pass."""
        if self.member is None:
            reader = SnapshotReader(self._snapshot)
            if self._packing is None:
                return Pass(reader, reader=reader, file=None, unpacked=None)
            from newsgate.tasks.reading.unpacking import unpack

            stream = unpack(reader, self._packing, consumed=lambda: reader.position_bytes, where=self._snapshot.name)
            return Pass(stream, reader=reader, file=None, unpacked=stream)
        return self._open_member(self.member)

    def _open_member(self, name: str) -> Pass:
        from newsgate.tasks.reading.unpacking import BombGuard, unpack
        from newsgate.tasks.reading.zip_archive import open_archive, open_member

        file = SnapshotFile(self._snapshot)
        archive = open_archive(io.BufferedReader(file, _BUFFER_BYTES), where=self._snapshot.name)
        info = archive.getinfo(name)
        member = open_member(archive, info, where=self._snapshot.name)
        # The archive's list of files is read too, and some of it again and again.
        most_bytes = info.compress_size

        def consumed() -> int:
            return min(file.read_bytes, most_bytes)

        unpacked: Unpacked = BombGuard(member, consumed)
        if self._packing is not None:
            unpacked = unpack(unpacked, self._packing, consumed=consumed, where=self._snapshot.name)
        return Pass(unpacked, reader=None, file=file, unpacked=unpacked)

    def as_file(self) -> IO[bytes]:
        """The bytes as a file in which a library may go back and forth; packed ones go into a nameless one."""
        if not self.is_packed:
            return self._buffered()
        import tempfile

        stream = self.open()
        self._spool_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        spool = tempfile.TemporaryFile(dir=self._spool_folder)  # noqa: SIM115 - the caller closes it
        while data := stream.read(_BUFFER_BYTES):
            spool.write(data)
        spool.seek(0)
        return spool

    def _buffered(self) -> io.BufferedReader:
        self._file = SnapshotFile(self._snapshot)
        return io.BufferedReader(self._file, _BUFFER_BYTES)

    def _look_inside(self, name: str) -> None:
        where = self._snapshot.name
        head = _first_bytes(self.open())
        self._packing = packing_of(head)
        if self._packing is not None:
            head = _first_bytes(self.open())
        else:
            refuse_misnamed(name)
        refuse_tar(head, where=where)
        if head.startswith(ZIP_MAGICS):
            from newsgate.tasks.reading.zip_archive import open_archive, workbook_kind

            with self.as_file() as file, open_archive(file, where=where) as archive:
                kind = workbook_kind(archive, where=where)
            if kind is None:
                raise NotTextError("this is a .zip archive in another", where=where, remedy="Unpack it first")
            self.kind = kind
        elif head.startswith(_PARQUET_MAGIC):
            self.kind = "parquet"
        else:
            refuse_known_formats(head, where=where)


def _first_bytes(stream: Pass) -> bytes:
    head = b""
    while len(head) < HEAD_BYTES and (more := stream.read(HEAD_BYTES)):
        head += more
    return head
