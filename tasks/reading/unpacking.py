"""Streaming decompression that keeps every byte before a damage, and stops at what only a bomb expands to."""

from __future__ import annotations

import bz2
import importlib
import lzma
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from newsgate.tasks.reading.errors import missing_extra
from newsgate.tasks.reading.gzip_stream import DAMAGED, ENDS_EARLY, ByteStream, GzipStream
from newsgate.tasks.reading.packing import XZ_MAGICS, ZSTD_MAGICS, Packing

BOMB = "the compressed file expands to more than 250 times its size, as a decompression bomb does"
_BOMB_RATIO = 250
# Below it nothing is a bomb, however often a small file repeats itself.
_BOMB_LEAST_BYTES = 67_108_864
# What a call gives is lost where the same call meets a damage.
OUTPUT_BYTES = 65_536
_INPUT_BYTES = 65_536
_XZ_MEMORY_BYTES = 1_073_741_824
# As much as `zstd --long=31` needs, with which Reddit's dumps are made.
_ZSTD_WINDOW_LOG = 31


class Decompressor(Protocol):
    """What bz2, lzma and zstd have in common."""

    @property
    def eof(self) -> bool:
        """Whether the frame has ended."""

    @property
    def needs_input(self) -> bool:
        """Whether there is no output before more input."""

    @property
    def unused_data(self) -> bytes:
        """What was given behind the frame's end."""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Return at most `max_length` bytes."""


@dataclass(frozen=True, slots=True)
class _Codec:
    """magics: with which a frame begins. errors: what a damaged one raises."""

    magics: tuple[bytes, ...]
    begin: Callable[[], Decompressor]
    errors: tuple[type[Exception], ...]


class Unpacked(ByteStream, Protocol):
    """Decompressed bytes.

    damage: why they ended before the compressed file said so; None while all is well.
    trailing: whether something other than zero bytes follows the compressed data.
    """

    @property
    def damage(self) -> str | None:
        """As above."""

    @property
    def trailing(self) -> bool:
        """As above."""


class FrameStream:
    """The decompressed bytes of one or more frames, each of which ends by itself."""

    def __init__(self, raw: ByteStream, codec: _Codec) -> None:
        self.damage: str | None = None
        self.trailing = False
        self._raw = raw
        self._codec = codec
        self._input = b""
        self._frame: Decompressor | None = None
        self._ended = False

    def read(self, size_bytes: int, /) -> bytes:
        """Return the next decompressed bytes, at most `size_bytes`; none at the end or at a damage."""
        while not self._ended:
            frame = self._frame or self._start_frame()
            if frame is None:
                break
            data = b""
            if frame.needs_input:
                data, self._input = self._input or self._raw.read(_INPUT_BYTES), b""
                if not data:
                    self._end(ENDS_EARLY)
                    break
            try:
                output = frame.decompress(data, min(size_bytes, OUTPUT_BYTES))
            except self._codec.errors as error:
                self._end(f"{DAMAGED}, or needs too much memory" if "emory" in str(error) else DAMAGED)
                break
            if frame.eof:
                self._input, self._frame = frame.unused_data, None
            if output:
                return output
        return b""

    def _start_frame(self) -> Decompressor | None:
        longest = max(map(len, self._codec.magics))
        self._input = self._input.lstrip(b"\0")
        while len(self._input) < longest and (more := self._raw.read(_INPUT_BYTES)):
            self._input = (self._input + more).lstrip(b"\0")
        if self._input.startswith(self._codec.magics):
            self._frame = self._codec.begin()
            return self._frame
        self.trailing = bool(self._input)
        self._ended = True
        return None

    def _end(self, damage: str) -> None:
        self.damage, self._ended = damage, True


class BombGuard:
    """The bytes of another stream, until they are far more than a file of texts expands to.

    consumed: asked for the compressed bytes read so far.
    """

    def __init__(self, stream: Unpacked, consumed: Callable[[], int]) -> None:
        self.damage: str | None = None
        self._stream = stream
        self._consumed = consumed
        self._size_bytes = 0

    @property
    def trailing(self) -> bool:
        """Whether something other than zero bytes follows the compressed data."""
        return self._stream.trailing

    def read(self, size_bytes: int, /) -> bytes:
        """Return the next bytes, at most `size_bytes`; none at the end, at a damage, or in a bomb."""
        if self.damage is None:
            data = self._stream.read(size_bytes)
            self.damage = self._stream.damage
            self._size_bytes += len(data)
            if self._size_bytes > _BOMB_LEAST_BYTES and self._size_bytes > _BOMB_RATIO * self._consumed():
                self.damage = BOMB
            return data
        return b""


def unpack(raw: ByteStream, packing: Packing, *, consumed: Callable[[], int], where: str) -> Unpacked:
    """The decompressed bytes of a stream; `consumed` says how many of the file's bytes were read for them."""
    stream: Unpacked
    if packing == "gzip":
        stream = GzipStream(raw)
    elif packing == "bzip2":
        stream = FrameStream(raw, _Codec((b"BZh",), bz2.BZ2Decompressor, (OSError, EOFError)))
    elif packing == "xz":
        stream = FrameStream(raw, _Codec(XZ_MAGICS, _begin_xz, (lzma.LZMAError, EOFError)))
    else:
        stream = FrameStream(raw, _zstd_codec(where))
    return BombGuard(stream, consumed)


def _begin_xz() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY_BYTES)


def _zstd_codec(where: str) -> _Codec:
    try:
        zstd = importlib.import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
    except ImportError as error:
        raise missing_extra("a Zstandard file", where=where) from error
    options = {zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG}
    return _Codec(ZSTD_MAGICS, lambda: zstd.ZstdDecompressor(options=options), (zstd.ZstdError, EOFError))
