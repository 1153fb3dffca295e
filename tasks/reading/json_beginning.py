"""The beginning of a JSON document, parsed as far as it goes."""

from __future__ import annotations

import json
import re

from newsgate.tasks.reading.json_cursor import BrokenValue, DocumentEndsEarlyError, JsonCursor
from newsgate.tasks.reading.json_document import start_of_data

_BETWEEN = re.compile(r"[\s,;]*")
_DECODER = json.JSONDecoder()
_STRUCTURE = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},]', re.DOTALL)
_CLOSERS = {"[": "]", "{": "}"}


def read_beginning(text: str, *, is_whole: bool) -> list[object]:
    """The document's values as far as they stand in its beginning; one that is cut is closed where it is."""
    text = text[start_of_data(text) :]
    values = _parse_all(text if is_whole else _close(text))
    if values:
        return values
    try:
        return [_read_what_is_sound(JsonCursor(iter((text,)), max_value_chars=len(text)))]
    except DocumentEndsEarlyError:
        return []


def _parse_all(text: str) -> list[object]:
    values = []
    start = 0
    while start < len(text):
        try:
            value, end = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            break
        values.append(value)
        behind = _BETWEEN.match(text, end)
        start = behind.end() if behind else end
    return values


def _read_what_is_sound(cursor: JsonCursor) -> object:
    """The value that begins here, without what is broken in it."""
    begins = cursor.peek()
    if begins not in ("[", "{"):
        return cursor.value()
    elements: list[object] = []
    members: dict[str, object] = {}
    try:
        if begins == "[":
            for _ in cursor.elements():
                value = cursor.value()
                if not isinstance(value, BrokenValue):
                    elements.append(value)
        else:
            for key in cursor.members():
                members[key] = _read_what_is_sound(cursor)
    except DocumentEndsEarlyError:
        pass
    return elements if begins == "[" else members


def _close(text: str) -> str:
    """Cut a beginning behind its last whole value, and close what is open there."""
    open_brackets: list[str] = []
    cut, closers = 0, ""
    for found in _STRUCTURE.finditer(text):
        char = found.group()
        if char in _CLOSERS:
            open_brackets.append(char)
        elif char in ("]", "}"):
            if open_brackets:
                open_brackets.pop()
            cut = found.end()
            closers = "".join(_CLOSERS[each] for each in reversed(open_brackets))
        elif char == ",":
            cut = found.start()
            closers = "".join(_CLOSERS[each] for each in reversed(open_brackets))
    return text[:cut] + closers
