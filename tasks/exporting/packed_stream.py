"""A stream that compresses what is written into it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

from newsgate.foundation.errors import NewsgateError
from newsgate.foundation.installation import install_command
from newsgate.tasks.exporting.formats import Packing


class MissingWriterError(NewsgateError):
    """A library that a format needs is not installed."""

    def __init__(self, what: str) -> None:
        super().__init__(f"a library that writes {what} is missing", remedy=f"Run: {install_command('files')}")


@contextmanager
def packed(stream: IO[bytes], packing: Packing | None) -> Iterator[IO[bytes]]:
    """`stream` behind a compressor, whose last bytes are in it when the block ends. Raises MissingWriterError."""
    if packing is None:
        yield stream
        return
    with _compressor(stream, packing) as compressor:
        yield compressor


def _compressor(stream: IO[bytes], packing: Packing) -> Any:
    if packing == "gzip":
        import gzip

        # Without a name and a time: the same verdicts give the same bytes.
        return gzip.GzipFile("", "wb", 6, stream, mtime=0)
    if packing == "bzip2":
        import bz2

        return bz2.BZ2File(stream, "wb")
    if packing == "xz":
        import lzma

        return lzma.LZMAFile(stream, "wb", preset=2)
    name = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
    try:
        return cast("Any", importlib.import_module(name)).ZstdFile(stream, "wb")
    except ImportError as error:
        raise MissingWriterError(".zst") from error
