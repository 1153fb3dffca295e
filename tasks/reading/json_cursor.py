"""A place in a JSON document that is read piece by piece, so that it need never be in memory as a whole."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from newsgate.tasks.reading.json_document import ASSIGNMENT_CHARS, start_of_data

_BLANKS = re.compile(r"[ \t\r\n]*")
_OUTSIDE_STRINGS = re.compile(r'["\[\]{},]')
_INSIDE_STRINGS = re.compile(r'["\\]')
# An error this close to what was read so far may be no error, but a value that goes on.
_NEAR_THE_END_CHARS = 16
_LEAST_READ_CHARS = 65_536
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class BrokenValue:
    """A value that cannot be read, and the beginning of what stands there."""

    reason: str
    head: str


class DocumentEndsEarlyError(Exception):
    """The document ended inside a value."""


class JsonCursor:
    """Reads forwards through the characters of one document.

    max_value_chars: a longer value is not read, but skipped.
    """

    def __init__(self, pieces: Iterator[str], *, max_value_chars: int) -> None:
        self._pieces = pieces
        self._max_value_chars = max_value_chars
        self._text = ""
        self._at = 0
        self._ended = False
        while len(self._text) < ASSIGNMENT_CHARS and self._read_more():
            pass
        self._at = start_of_data(self._text)

    def peek(self) -> str:
        """The next character that is not blank; empty at the end."""
        while True:
            self._at = _BLANKS.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._read_more():
                return ""

    def take(self) -> str:
        """Go past the next character that is not blank, and return it. Raises DocumentEndsEarlyError."""
        char = self.peek()
        if not char:
            raise DocumentEndsEarlyError
        self._at += 1
        return char

    def elements(self) -> Iterator[int]:
        """Stop at each element of the array that begins here; the caller reads or skips it. Yields 1, 2, …"""
        self.take()
        number = 0
        while self.peek() != "]":
            number += 1
            yield number
            # A brace or a colon can only be left over from an element that was broken.
            if self.peek() in (",", "}", ":"):
                self.take()
        self.take()

    def members(self) -> Iterator[str]:
        """Stop at each value of the object that begins here and yield its key; the caller reads or skips it."""
        self.take()
        while self.peek() != "}":
            key = self.value()
            if not isinstance(key, str) or self.peek() != ":":
                # No key: what stands here is no object.
                raise DocumentEndsEarlyError
            self.take()
            yield key
            if self.peek() == ",":
                self.take()
            elif self.peek() != "}":
                raise DocumentEndsEarlyError
        self.take()

    def value(self) -> object:
        """Read the value that begins here; a BrokenValue for one that cannot be read. Raises DocumentEndsEarlyError."""
        if not self.peek():
            raise DocumentEndsEarlyError
        wanted_chars = _LEAST_READ_CHARS
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if self._is_broken(error):
                    return self._broken(f"not valid JSON: {error.msg.removesuffix(' at')}")
            except RecursionError:
                return self._broken("not valid JSON: nested too deeply")
            except ValueError as error:
                return self._broken(f"not valid JSON: {error}")
            else:
                # A number goes on where the next piece begins with a digit.
                if end < len(self._text) or self._ended or self._text[self._at] in '"[{':
                    self._at = end
                    return value
            read_chars = len(self._text) - self._at
            if read_chars > self._max_value_chars:
                return self._broken(f"the record has more than {self._max_value_chars:,} characters")
            wanted_chars = max(wanted_chars, 2 * read_chars)
            while len(self._text) - self._at < wanted_chars and self._read_more():
                pass
            if self._ended and len(self._text) - self._at == read_chars:
                raise DocumentEndsEarlyError

    def skip(self) -> None:
        """Go past the value that begins here without reading it. Raises DocumentEndsEarlyError."""
        if self.peek() in ",]}":
            return
        depth = 0
        in_string = False
        while True:
            found = (_INSIDE_STRINGS if in_string else _OUTSIDE_STRINGS).search(self._text, self._at)
            if found is None:
                self._at = len(self._text)
                if not self._read_more():
                    raise DocumentEndsEarlyError
                continue
            char, self._at = found.group(), found.end()
            if char == "\\":
                self._skip_escaped()
            elif char == '"':
                in_string = not in_string
                if not (in_string or depth):
                    return
            elif char in "[{":
                depth += 1
            elif depth == 0:
                self._at = found.start()
                return
            elif char in "]}":
                depth -= 1
                if depth == 0:
                    return

    def _skip_escaped(self) -> None:
        while self._at >= len(self._text):
            if not self._read_more():
                raise DocumentEndsEarlyError
        self._at += 1

    def _broken(self, reason: str) -> BrokenValue:
        head = self._text[self._at : self._at + 1000]
        self.skip()
        return BrokenValue(reason, head)

    def _is_broken(self, error: json.JSONDecodeError) -> bool:
        if error.msg.startswith("Unterminated string"):
            return False
        margin_chars = 0 if self._ended else _NEAR_THE_END_CHARS
        return error.pos < len(self._text.rstrip()) - margin_chars

    def _read_more(self) -> bool:
        piece = "" if self._ended else next(self._pieces, "")
        if not piece:
            self._ended = True
            return False
        self._text = self._text[self._at :] + piece
        self._at = 0
        return True
