"""Texts that contain given words: the one condition behind every search, in SQL and for rows in memory."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, or_

_WORDS = re.compile(r'"([^"]+)"|(\S+)')
_MOST_WORDS = 10


def parse_words(typed: str) -> tuple[str, ...]:
    """What a person looks for: words, and phrases in double quotes; at most ten."""
    found = (phrase or word for phrase, word in _WORDS.findall(typed))
    return tuple(word for word in (each.strip() for each in found) if word.strip('"'))[:_MOST_WORDS]


def contains_words(column: ColumnElement[str], words: Sequence[str], *, is_sqlite: bool) -> ColumnElement[bool]:
    """The rows whose text contains each of the words anywhere, whatever its capitals."""
    return and_(*(_contains(column, word, is_sqlite=is_sqlite) for word in words))


def text_contains(text: str, words: Sequence[str]) -> bool:
    """The same, of a text in memory."""
    lower = text.lower()
    return all(word.lower() in lower for word in words)


def _contains(column: ColumnElement[str], word: str, *, is_sqlite: bool) -> ColumnElement[bool]:
    if not is_sqlite:
        return column.icontains(word, autoescape=True)
    # SQLite's LIKE sees through the capitals of ASCII alone, and its lower() knows no others either.
    spellings = dict.fromkeys([word] if word.isascii() else [word, word.lower(), word.upper(), word.title()])
    return or_(*(column.contains(each, autoescape=True) for each in spellings))
