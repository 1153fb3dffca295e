"""The XML files in a workbook, each parsed as a stream, without anything in them that grows when it is read."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from typing import IO, Protocol
from xml.parsers import expat

from newsgate.tasks.reading.errors import DamagedFileError
from newsgate.tasks.reading.unpacking import BombGuard, Unpacked
from newsgate.tasks.reading.zip_archive import open_archive, open_member

_PIECE_BYTES = 65_536
# A tag is in memory as a whole, and so is what stands around it.
_MOST_TAG_BYTES = 8_388_608


class BrokenPartError(Exception):
    """The XML ends early, is none, or holds what no program writes into a workbook."""


class PartHandler(Protocol):
    """Is told what stands in a part, in its order; names are without their prefix."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""

    def text(self, text: str) -> None:
        """Characters, perhaps not all of them."""


class WorkbookParts:
    """The files in one workbook."""

    def __init__(self, file: IO[bytes], *, where: str) -> None:
        self._file = file
        self._where = where
        self._archive: zipfile.ZipFile = open_archive(file, where=where)
        self._names = {each.casefold(): each for each in self._archive.namelist()}

    def has(self, name: str) -> bool:
        """Whether there is such a part, in whatever case."""
        return name.casefold() in self._names

    def open(self, name: str) -> Unpacked:
        """The bytes of a part. Raises DamagedFileError where there is none."""
        if not self.has(name):
            raise DamagedFileError(
                f"the workbook is damaged: it has no {name}", where=self._where, remedy="Save it again, or as CSV"
            )
        member = self._archive.getinfo(self._names[name.casefold()])
        stream = open_member(self._archive, member, where=self._where)
        return BombGuard(stream, lambda: member.compress_size)

    def parse(self, name: str, handler: PartHandler) -> None:
        """Tell a handler all that is in a small part. Raises DamagedFileError."""
        try:
            for _ in parse_pieces(self.open(name), handler):
                pass
        except BrokenPartError as error:
            raise broken_part(name, error, where=self._where) from error

    def close(self) -> None:
        """Release the file."""
        self._archive.close()
        self._file.close()


def broken_part(name: str, error: BrokenPartError, *, where: str) -> DamagedFileError:
    """Say which part of a workbook is broken, and how."""
    return DamagedFileError(f"the workbook is damaged: {name} {error}", where=where, remedy="Save it again, or as CSV")


def parse_pieces(stream: Unpacked, handler: PartHandler) -> Iterator[None]:
    """Parse a part, and yield after each piece of it. Raises BrokenPartError."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    guard = _Guard(handler)
    parser.StartElementHandler = guard.first_start
    parser.StartDoctypeDeclHandler = _refuse_doctype
    guard.parser = parser
    quiet_bytes = 0
    while True:
        data = stream.read(_PIECE_BYTES)
        at = parser.CurrentByteIndex
        try:
            parser.Parse(data, not data)
        except (expat.ExpatError, ValueError) as error:
            raise BrokenPartError(f"cannot be read ({error})") from error
        quiet_bytes = 0 if parser.CurrentByteIndex != at else quiet_bytes + len(data)
        if quiet_bytes > _MOST_TAG_BYTES:
            raise BrokenPartError("holds a tag that is too long")
        yield
        if not data:
            return


class _Guard:
    """Hands the parser's words on to a handler: as they are where names have no prefix, else without it."""

    parser: expat.XMLParserType

    def __init__(self, handler: PartHandler) -> None:
        self._handler = handler

    def first_start(self, name: str, attributes: dict[str, str]) -> None:
        handler, parser = self._handler, self.parser
        if ":" in name:
            parser.StartElementHandler = self.start
            parser.EndElementHandler = self.end
        else:
            parser.StartElementHandler = handler.start
            parser.EndElementHandler = handler.end
        parser.CharacterDataHandler = handler.text
        handler.start(name.rpartition(":")[2], attributes)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._handler.start(name.rpartition(":")[2], attributes)

    def end(self, name: str) -> None:
        self._handler.end(name.rpartition(":")[2])


def _refuse_doctype(*_: object) -> None:
    # Where entities are declared, of which each may stand for many others; no workbook has any.
    raise BrokenPartError("declares a document type")


def local_name(name: str) -> str:
    """The name of an attribute without its prefix."""
    return name.rpartition(":")[2]
