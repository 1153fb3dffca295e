"""How a file is packed, told by its first bytes and by its name. Most are not, and load nothing that unpacks."""

from __future__ import annotations

from pathlib import PurePath
from typing import Literal

from newsgate.tasks.reading.errors import DamagedFileError
from newsgate.tasks.reading.gzip_stream import GZIP_MAGIC

Packing = Literal["gzip", "bzip2", "xz", "zstd"]
ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
XZ_MAGICS = (b"\xfd7zXZ\0",)
# A frame of Zstandard, or one of the sixteen kinds that hold no data.
ZSTD_MAGICS = (b"\x28\xb5\x2f\xfd", *(bytes((first, 0x2A, 0x4D, 0x18)) for first in range(0x50, 0x60)))
# A file with something in it, and one with nothing.
_BZIP2_BLOCKS = (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90")
_SUFFIXES: dict[str, Packing] = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd", ".zstd": "zstd"}
_ARTICLES = {"gzip": "a gzip", "bzip2": "a bzip2", "xz": "an xz", "zstd": "a Zstandard"}


def packing_of(head: bytes) -> Packing | None:
    """How the bytes are compressed, by the first of them."""
    if head.startswith(GZIP_MAGIC):
        return "gzip"
    # Three letters alone are what a text may begin with.
    if head.startswith(b"BZh") and head[4:10] in _BZIP2_BLOCKS:
        return "bzip2"
    if head.startswith(XZ_MAGICS):
        return "xz"
    return "zstd" if head.startswith(ZSTD_MAGICS) else None


def without_packing(name: str) -> str:
    """A file's name without the ending of its compression."""
    path = PurePath(name)
    return path.stem if path.suffix.casefold() in _SUFFIXES else name


def refuse_misnamed(name: str) -> None:
    """Raise DamagedFileError for bytes that are not compressed though the file's name says so."""
    suffix = PurePath(name).suffix.casefold()
    if suffix in _SUFFIXES:
        raise DamagedFileError(
            f"this is not {_ARTICLES[_SUFFIXES[suffix]]} file, though its name ends in {suffix}",
            where=name,
            remedy=f"Rename it without {suffix}, or compress it again",
        )
