"""Formats that are not text, told by their first bytes."""

from __future__ import annotations

from pathlib import PurePath

from newsgate.tasks.reading.errors import DamagedFileError, NotTextError
from newsgate.tasks.reading.gzip_stream import GZIP_MAGIC

_SAVE_AS_CSV = "Save it as CSV"
_ZIP_MAGIC = b"PK\x03\x04"
_BZIP2_BLOCK = b"1AY&SY"
_FORMATS = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an .xls workbook", _SAVE_AS_CSV),
    (b"%PDF-", "a PDF document", "Export its rows as CSV"),
    (b"PAR1\x15", "a Parquet file", "Export it as CSV or JSONL"),
    (b"SQLite format 3\0", "an SQLite database", "Export the table as CSV"),
    (b"\xfd7zXZ\0", "an xz file", "Pipe it in: xzcat FILE | enqueue -"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file", "Pipe it in: zstdcat FILE | enqueue -"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "Unpack it first"),
)
_CONTROLS = bytes(byte for byte in range(32) if byte not in b"\t\n\v\f\r\x1b\x1c\x1d\x1e\x1f")
_BINARY_CONTROLS = 20
_BINARY_CONTROLS_SHARE = 0.05


def is_gzip(head: bytes, *, name: str) -> bool:
    """Whether the bytes are gzip's; raises DamagedFileError when only the name says so."""
    if head.startswith(GZIP_MAGIC):
        return True
    if PurePath(name).suffix.casefold() == ".gz":
        raise DamagedFileError(
            "this is not a gzip file, though its name ends in .gz",
            where=name,
            remedy="Rename it without .gz, or compress it again",
        )
    return False


def refuse_known_formats(head: bytes, *, where: str) -> None:
    """Raise NotTextError, naming the format, for the workbooks and archives people mistake for CSV."""
    if head.startswith(_ZIP_MAGIC):
        if b"[Content_Types].xml" in head or b"xl/" in head or PurePath(where).suffix.casefold() == ".xlsx":
            raise NotTextError("this is an .xlsx workbook", where=where, remedy=_SAVE_AS_CSV)
        raise NotTextError("this is a .zip archive", where=where, remedy="Unpack it first")
    if head.startswith(b"BZh") and head[4:10] == _BZIP2_BLOCK:
        raise NotTextError("this is a bzip2 file", where=where, remedy="Pipe it in: bzcat FILE | enqueue -")
    for magic, what, remedy in _FORMATS:
        if head.startswith(magic):
            raise NotTextError(f"this is {what}", where=where, remedy=remedy)


def refuse_control_characters(text: str, *, where: str) -> None:
    """Raise NotTextError when too many characters are controls that no text has; a few only spoil their rows."""
    # One pass over bytes: in UTF-8 no other character holds one of theirs.
    data = text.encode("utf-8", "surrogatepass")
    controls = len(data) - len(data.translate(None, _CONTROLS))
    if controls > _BINARY_CONTROLS and controls > len(text) * _BINARY_CONTROLS_SHARE:
        raise NotTextError("this is a binary file, not text", where=where, remedy="Export its rows as CSV or JSONL")
