"""Bytes to physical lines, a block at a time, with a bound on the longest line."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from dataclasses import dataclass

from newsgate.tasks.reading.encodings import error_handler_for
from newsgate.tasks.reading.gzip_stream import ByteStream
from newsgate.tasks.reading.records import RAW_SHOWN_CHARS

LINE_ENDS = ("\n", "\r")
_BYTE_ORDER_MARK = "\ufeff"
# str.splitlines() also splits at these, which are ordinary characters of a text.
_OTHER_LINE_BREAKS = "\x0b\x0c\x1c\x1d\x1e"


@dataclass(frozen=True, slots=True)
class LineBlock:
    """Consecutive lines with their line ends; only the input's last line may lack one.

    clean: no character of the block is a NUL or a lone surrogate (a byte that could not be decoded).
    """

    first_line: int
    lines: list[str]
    clean: bool


@dataclass(frozen=True, slots=True)
class LongLine:
    """A line over the limit, of which only the beginning was kept; `size_chars` is without its line end."""

    line: int
    size_chars: int
    head: str


def read_lines(
    stream: ByteStream, encoding: str, *, block_bytes: int, max_line_chars: int
) -> Iterator[LineBlock | LongLine]:
    """Decode the stream and cut it at LF, CRLF and CR; undecodable bytes become lone surrogates."""
    next_line = 1
    begun = _BegunLine(max_line_chars)
    for text in decode_text(stream, encoding, block_bytes):
        cut = max(text.rfind("\n"), text.rfind("\r")) + 1
        if cut:
            if begun.is_long:
                end, cut_from = _first_line_end(text)
                begun.add(text[:end])
                yield begun.as_long_line(next_line)
                next_line += 1
            else:
                cut_from = 0
            whole = begun.take() + text[cut_from:cut]
            lines = split_lines(whole)
            yield from _bounded_blocks(LineBlock(next_line, lines, is_clean(whole)), max_line_chars)
            next_line += len(lines)
        begun.add(text[cut:])
    if begun.is_long:
        yield begun.as_long_line(next_line)
    elif last := begun.take():
        yield LineBlock(next_line, [last], is_clean(last))


def split_lines(text: str) -> list[str]:
    """Split at LF, CRLF and CR alone, keeping the line ends."""
    if text.isascii() and not any(char in text for char in _OTHER_LINE_BREAKS):
        return text.splitlines(keepends=True)
    return list(io.StringIO(text, newline=""))


def is_clean(text: str) -> bool:
    """Whether the text holds neither a NUL nor a lone surrogate, so that any database can store it."""
    if "\0" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def decode_text(stream: ByteStream, encoding: str, block_bytes: int) -> Iterator[str]:
    """Decode the stream piece by piece; undecodable bytes become lone surrogates."""
    characters = codecs.getincrementaldecoder(encoding)(error_handler_for(encoding))
    # Holds a CR back at the end of a block, so that no CRLF is ever cut in two.
    decoder = io.IncrementalNewlineDecoder(characters, translate=False)
    at_start = True
    while True:
        data = stream.read(block_bytes)
        text = decoder.decode(data, final=not data)
        if at_start and text:
            text = text.removeprefix(_BYTE_ORDER_MARK)
            at_start = False
        if text:
            yield text
        if not data:
            return


def _first_line_end(text: str) -> tuple[int, int]:
    """Return how many characters the first line has, and where the next line begins."""
    first = split_lines(text)[0]
    return len(first.rstrip("\r\n")), len(first)


def _bounded_blocks(block: LineBlock, max_line_chars: int) -> Iterator[LineBlock | LongLine]:
    """Yield the block as it is, or cut where a line is over the limit."""
    lines, first_line = block.lines, block.first_line
    if max(map(len, lines), default=0) <= max_line_chars:
        yield block
        return
    start = 0
    for index, line in enumerate(lines):
        size_chars = len(line.rstrip("\r\n"))
        if size_chars > max_line_chars:
            if start < index:
                yield LineBlock(first_line + start, lines[start:index], block.clean)
            yield LongLine(first_line + index, size_chars, line.rstrip("\r\n")[:RAW_SHOWN_CHARS])
            start = index + 1
    if start < len(lines):
        yield LineBlock(first_line + start, lines[start:], block.clean)


class _BegunLine:
    """The beginning of a line whose end has not been read yet; over the limit it is counted and not kept."""

    def __init__(self, max_line_chars: int) -> None:
        self._max_line_chars = max_line_chars
        self._pieces: list[str] = []
        self._size_chars = 0

    @property
    def is_long(self) -> bool:
        return self._size_chars > self._max_line_chars

    def add(self, text: str) -> None:
        if text:
            self._size_chars += len(text)
            if not self.is_long:
                self._pieces.append(text)
            elif len(self._pieces) != 1 or len(self._pieces[0]) < RAW_SHOWN_CHARS:
                self._pieces = ["".join((*self._pieces, text))[:RAW_SHOWN_CHARS]]

    def take(self) -> str:
        """Return what was kept and begin anew; nothing of a line over the limit."""
        text = "" if self.is_long else "".join(self._pieces)
        self._pieces, self._size_chars = [], 0
        return text

    def as_long_line(self, line: int) -> LongLine:
        """Describe the line, all of which was added."""
        return LongLine(line, self._size_chars, "".join(self._pieces)[:RAW_SHOWN_CHARS])
