"""The strings that the cells of an .xlsx workbook share: on disk where they are many."""

from __future__ import annotations

import re
import tempfile
from array import array
from pathlib import Path
from typing import IO

_WINDOW_BYTES = 262_144
_WRITE_BYTES = 1_048_576
# How Excel writes what XML cannot hold, and that very form itself.
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


class SharedStrings:
    """Strings by number; a million of them take eight megabytes of memory. spool_folder: where the others lie."""

    def __init__(self, spool_folder: Path) -> None:
        self._spool_folder = spool_folder
        self._starts = array("Q", [0])
        self._unwritten = bytearray()
        self._written_bytes = 0
        self._file: IO[bytes] | None = None
        self._window = b""
        self._window_start = 0

    def __len__(self) -> int:
        return len(self._starts) - 1

    def add(self, text: str) -> None:
        """Keep the next string."""
        self._unwritten += text.encode("utf-8", "surrogatepass")
        self._starts.append(self._written_bytes + len(self._unwritten))
        if len(self._unwritten) > _WRITE_BYTES:
            if self._file is None:
                # Nameless from the start, so that not even a killed process leaves it behind.
                self._spool_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._file = tempfile.TemporaryFile(dir=self._spool_folder)  # noqa: SIM115 - closed with the strings
            self._file.seek(self._written_bytes)
            self._file.write(self._unwritten)
            self._written_bytes += len(self._unwritten)
            self._unwritten.clear()

    def get(self, number: int) -> str | None:
        """The string of this number; None where there is none."""
        if not 0 <= number < len(self):
            return None
        start, end = self._starts[number], self._starts[number + 1]
        if start >= self._written_bytes:
            data = bytes(self._unwritten[start - self._written_bytes : end - self._written_bytes])
        else:
            data = self._read(start, end)
        return data.decode("utf-8", "surrogatepass")

    def close(self) -> None:
        """Release the file."""
        if self._file is not None:
            self._file.close()

    def _read(self, start: int, end: int) -> bytes:
        if not (self._window_start <= start and end <= self._window_start + len(self._window)):
            if self._file is None:
                raise AssertionError("strings on disk have a file")
            # Cells mostly use the strings in the order in which they are numbered.
            self._file.seek(start)
            self._window = self._file.read(max(end - start, _WINDOW_BYTES))
            self._window_start = start
        return self._window[start - self._window_start : end - self._window_start]


class SharedStringsHandler:
    """Fills the strings from their part. max_chars: of a string more is counted, not kept."""

    def __init__(self, strings: SharedStrings, *, max_chars: int) -> None:
        self._strings = strings
        self._max_chars = max_chars
        self._pieces: list[str] = []
        self._chars = 0
        self._collects = False
        self._phonetic = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Begin a string, or a part of one."""
        if name == "t":
            self._collects = not self._phonetic
        elif name == "si":
            self._pieces, self._chars = [], 0
        elif name == "rPh":
            # How a Japanese word is spoken stands beside it, and is no part of it.
            self._phonetic += 1

    def end(self, name: str) -> None:
        """End a string, or a part of one."""
        if name == "t":
            self._collects = False
        elif name == "si":
            self._strings.add(unescape("".join(self._pieces)))
        elif name == "rPh":
            self._phonetic -= 1

    def text(self, text: str) -> None:
        """Characters of a string."""
        if self._collects:
            self._chars += len(text)
            # One more than is accepted, so that the row is refused for it.
            if self._chars - len(text) <= self._max_chars:
                self._pieces.append(text)


def unescape(text: str) -> str:
    """A string as Excel shows it."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text
