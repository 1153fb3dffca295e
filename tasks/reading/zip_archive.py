"""One file out of a .zip archive, read as a stream."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import IO, Literal

from newsgate.tasks.reading.errors import DamagedFileError, MemberError, NotTextError, quote_column
from newsgate.tasks.reading.gzip_stream import DAMAGED, ENDS_EARLY
from newsgate.tasks.reading.packing import without_packing
from newsgate.tasks.reading.unpacking import OUTPUT_BYTES

_DATA_SUFFIXES = frozenset(
    {".csv", ".tsv", ".tab", ".json", ".jsonl", ".ndjson", ".jsonlines", ".xlsx", ".ods", ".parquet"}
)
_TEXT_SUFFIXES = frozenset({".txt", ".text"})
_WORKBOOK_SUFFIXES = frozenset({".xlsx", ".ods"})
_DOCUMENTS = (
    ("xl/workbook.bin", "an .xlsb workbook"),
    ("word/document.xml", "a Word document"),
    ("ppt/presentation.xml", "a PowerPoint presentation"),
    ("Index/Document.iwa", "a Numbers or Pages document"),
    ("META-INF/container.xml", "an e-book"),
)
_OPEN_DOCUMENT, _ODS_MIMETYPE = (
    b"application/vnd.oasis.opendocument.",
    b"application/vnd.oasis.opendocument.spreadsheet",
)
_MOST_MIMETYPE_BYTES = 200
_MEMBERS_SHOWN = 10
_MOST_DIRECTORY_BYTES = 16_777_216
_END_BYTES = 66_000
_END, _END_64 = b"PK\x05\x06", b"PK\x06\x06"
_IS_LOCKED = 0x1
# The two that the zipfile module unpacks piece by piece.
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


class MemberStream:
    """The bytes of one file of an archive, with what `GzipStream` tells."""

    trailing = False

    def __init__(self, member: IO[bytes]) -> None:
        self.damage: str | None = None
        self._member = member

    def read(self, size_bytes: int, /) -> bytes:
        """Return the next bytes, at most `size_bytes`; none at the end or at a damage."""
        if self.damage is None:
            try:
                return self._member.read(min(size_bytes, OUTPUT_BYTES))
            except EOFError:
                self.damage = ENDS_EARLY
            except (zipfile.BadZipFile, zlib.error):
                self.damage = DAMAGED
        return b""


def open_archive(file: IO[bytes], *, where: str) -> zipfile.ZipFile:
    """Open an archive whose list of files is small enough. Raises DamagedFileError."""
    if _directory_bytes(file) > _MOST_DIRECTORY_BYTES:
        raise DamagedFileError("the archive lists too many files", where=where, remedy="Unpack it first")
    try:
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        is_workbook = PurePosixPath(where.casefold()).suffix in _WORKBOOK_SUFFIXES
        raise DamagedFileError(
            f"the {'workbook' if is_workbook else '.zip archive'} is damaged ({error})",
            where=where,
            remedy="Save it again, or as CSV" if is_workbook else "Make it, or download it, again",
        ) from error


def workbook_kind(archive: zipfile.ZipFile, *, where: str) -> Literal["xlsx", "ods"] | None:
    """Which workbook the archive is, if it is one. Raises NotTextError for other documents that are archives."""
    names = set(archive.namelist())
    for sign, what in _DOCUMENTS:
        if sign in names:
            raise NotTextError(f"this is {what}", where=where, remedy="Save it as .xlsx or CSV")
    if "[Content_Types].xml" in names:
        return "xlsx"
    if "mimetype" in names and archive.getinfo("mimetype").file_size < _MOST_MIMETYPE_BYTES:
        mimetype = archive.read("mimetype").strip()
        if mimetype.startswith(_ODS_MIMETYPE):
            return "ods"
        if mimetype.startswith(_OPEN_DOCUMENT):
            raise NotTextError("this is an OpenDocument file without sheets", where=where, remedy="Save it as CSV")
    return None


def data_files(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The archive's files without folders and what a Mac puts beside them."""
    return [
        each
        for each in archive.infolist()
        if not each.is_dir()
        and not each.filename.startswith("__MACOSX/")
        and not PurePosixPath(each.filename).name.startswith(".")
    ]


def choose_member(archive: zipfile.ZipFile, wanted: str | None, *, where: str) -> zipfile.ZipInfo:
    """The file that is meant: the one that was named, or the only one with rows. Raises MemberError."""
    files = data_files(archive)
    if not files:
        raise MemberError("the archive holds no file", where=where, remedy="Name another file")
    if wanted is not None:
        found = [each for each in files if each.filename == wanted]
        found = found or [each for each in files if PurePosixPath(each.filename).name == wanted]
    else:
        found = [each for each in files if _suffix(each) in _DATA_SUFFIXES] if len(files) > 1 else files
        # A chat or a list of texts, between pictures and sounds.
        found = found or [each for each in files if _suffix(each) in _TEXT_SUFFIXES] or files
    if len(found) == 1:
        return found[0]
    if wanted is not None and not found:
        what = f"the archive has no file {quote_column(wanted)}, but {list_members(files)}"
    else:
        what = f"the archive holds {len(found)} files: {list_members(found)}"
    raise MemberError(what, where=where, remedy=f"Name one, for instance with: --member {_typed(found or files)}")


def open_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, *, where: str) -> MemberStream:
    """Begin to read a file of the archive. Raises MemberError for one that is locked or packed in a rare way."""
    name = quote_column(member.filename)
    if member.flag_bits & _IS_LOCKED:
        raise MemberError(f"{name} is locked with a password", where=where, remedy="Unpack it first")
    if member.compress_type not in _METHODS:
        raise MemberError(
            f"{name} is packed by a method that is not read here ({member.compress_type})",
            where=where,
            remedy="Unpack it first",
        )
    try:
        return MemberStream(archive.open(member))
    except (zipfile.BadZipFile, NotImplementedError, OSError) as error:
        raise DamagedFileError(
            f"{name} in the archive is damaged ({error})", where=where, remedy="Make it, or download it, again"
        ) from error


def list_members(files: Sequence[zipfile.ZipInfo]) -> str:
    """Join the names for a message, at most ten of them."""
    shown = ", ".join(quote_column(each.filename) for each in files[:_MEMBERS_SHOWN])
    return shown if len(files) <= _MEMBERS_SHOWN else f"{shown} and {len(files) - _MEMBERS_SHOWN:,} more"


def _typed(files: Sequence[zipfile.ZipInfo]) -> str:
    return quote_column(max(files, key=lambda each: each.file_size).filename)


def _suffix(member: zipfile.ZipInfo) -> str:
    return PurePosixPath(without_packing(member.filename.casefold())).suffix


def _directory_bytes(file: IO[bytes]) -> int:
    """The size of the list of files, which is read at once; as the archive's end says."""
    size_bytes = file.seek(0, io.SEEK_END)
    file.seek(max(0, size_bytes - _END_BYTES))
    tail = file.read(_END_BYTES)
    if (end := tail.rfind(_END_64)) >= 0 and len(tail) >= end + 48:
        return int(struct.unpack_from("<Q", tail, end + 40)[0])
    if (end := tail.rfind(_END)) >= 0 and len(tail) >= end + 16:
        return int(struct.unpack_from("<L", tail, end + 12)[0])
    return 0
