"""What Facebook, Instagram, Messenger and Threads export as JSON: UTF-8 whose bytes are written as characters.

An é stands there as "\\u00c3\\u00a9", which is JSON for Ã©.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

# The keys by which such an export is known; nobody else has them together with such characters.
_KEYS: Final = frozenset(
    (
        *("creation_timestamp", "cross_post_source", "is_geoblocked_for_viewer", "media_list_data", "media_map_data"),
        *("string_list_data", "string_map_data", "sender_name", "timestamp_ms", "update_timestamp"),
    )
)
_TWO_BYTES: Final = re.compile(r"\\u00[c-fC-F][0-9a-fA-F]\\u00[89abAB][0-9a-fA-F]|[\u00c2-\u00f4][\u0080-\u00bf]")
_LAST_BYTE: Final = "\u00ff"
# The share of strings that may be cut off within a character.
_CUT_SHARE: Final = 0.05
_MOST_LEVELS: Final = 50


def may_have_bytes_as_characters(text: str) -> bool:
    """Whether it is worth looking: nearly no other document has two such characters side by side."""
    return _TWO_BYTES.search(text) is not None


def has_bytes_as_characters(values: Sequence[object]) -> bool:
    """Whether values are of such an export, and their strings that are not ASCII are bytes of UTF-8."""
    seen = _Seen()
    for value in values:
        seen.look(value)
    return seen.is_of_meta and not seen.others and seen.mended > 0 and seen.broken <= _CUT_SHARE * seen.mended


class _Seen:
    """What was found so far, in strings that are not ASCII.

    mended: how many can be mended. broken: how many hold bytes and cannot. others: how many hold what is no byte.
    """

    def __init__(self) -> None:
        self.is_of_meta = False
        self.mended = self.broken = self.others = 0

    def look(self, value: object, level: int = 1) -> None:
        """Count the strings of one value."""
        if isinstance(value, str):
            self._count(value)
        elif level > _MOST_LEVELS:
            return
        elif isinstance(value, dict):
            self.is_of_meta = self.is_of_meta or not _KEYS.isdisjoint(value) or _is_post(value)
            for key, inner in value.items():
                self._count(key)
                self.look(inner, level + 1)
        elif isinstance(value, list):
            for inner in value:
                self.look(inner, level + 1)

    def _count(self, value: str) -> None:
        if value.isascii():
            return
        if max(value) > _LAST_BYTE:
            self.others += 1
        elif _decoded(value) is None:
            self.broken += 1
        else:
            self.mended += 1


def _is_post(value: Mapping[str, object]) -> bool:
    """Whether it is a post or a comment of Facebook's: when, and a list of what."""
    return isinstance(value.get("timestamp"), int) and isinstance(value.get("data"), list)


def mend(value: Any, level: int = 1) -> Any:
    """The same with characters in place of their bytes; a string that is right as it stands stays so."""
    if isinstance(value, str):
        return value if value.isascii() else _decoded(value) or value
    if level > _MOST_LEVELS:
        return value
    if isinstance(value, dict):
        return {mend(key): mend(inner, level + 1) for key, inner in value.items()}
    return [mend(inner, level + 1) for inner in value] if isinstance(value, list) else value


def _decoded(value: str) -> str | None:
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return None
