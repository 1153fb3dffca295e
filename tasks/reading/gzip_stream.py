"""Streaming gunzip that keeps every byte before a damage and says what happened instead of raising."""

from __future__ import annotations

import zlib
from typing import Protocol

GZIP_MAGIC = b"\x1f\x8b"
_INPUT_BYTES = 65_536
_GZIP_WINDOW_BITS = 31
ENDS_EARLY = "the compressed file ends early"
DAMAGED = "the compressed file is damaged"


class ByteStream(Protocol):
    """What the line reader needs of its input."""

    def read(self, size_bytes: int, /) -> bytes:
        """Return the next bytes, at most `size_bytes`; none at the end."""


class GzipStream:
    """The decompressed bytes of a gzip file of one or more members.

    damage: why the bytes ended before the compressed file said so; None while all is well.
    trailing: whether something other than zero bytes follows the last member.
    """

    def __init__(self, raw: ByteStream) -> None:
        self.damage: str | None = None
        self.trailing = False
        self._raw = raw
        self._input = b""
        self._member = zlib.decompressobj(_GZIP_WINDOW_BITS)
        self._in_member = False
        self._ended = False

    def read(self, size_bytes: int, /) -> bytes:
        """Return the next decompressed bytes, at most `size_bytes`; none at the end or at a damage."""
        while not self._ended:
            if not self._input:
                self._input = self._raw.read(_INPUT_BYTES)
            if not self._in_member and not self._start_member():
                break
            if output := self._decompress(size_bytes):
                return output
        return b""

    def _start_member(self) -> bool:
        self._input = self._input.lstrip(b"\0")
        while not self._input or len(self._input) < len(GZIP_MAGIC):
            more = self._raw.read(_INPUT_BYTES)
            if not more:
                break
            self._input = (self._input + more).lstrip(b"\0")
        self._in_member = self._input.startswith(GZIP_MAGIC)
        self.trailing = bool(self._input) and not self._in_member
        self._ended = not self._in_member
        self._member = zlib.decompressobj(_GZIP_WINDOW_BITS)
        return self._in_member

    def _decompress(self, size_bytes: int) -> bytes:
        at_end = not self._input
        before = self._member.copy()
        try:
            output = self._member.decompress(self._input, size_bytes)
        except zlib.error:
            return self._salvage(before)
        self._input = self._member.unconsumed_tail
        if self._member.eof:
            self._input = self._member.unused_data
            self._in_member = False
        elif at_end and not output:
            self.damage, self._ended = ENDS_EARLY, True
        return output

    def _salvage(self, member: zlib._Decompress) -> bytes:
        """Decompress byte by byte, since zlib drops the output of the call that meets the damage."""
        pieces = []
        self.damage, self._ended = DAMAGED, True
        try:
            for index in range(len(self._input)):
                pieces.append(member.decompress(self._input[index : index + 1]))  # noqa: PERF401 - kept up to the raise
        except zlib.error:
            pass
        return b"".join(pieces)
