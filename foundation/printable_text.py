"""Text from anywhere, made harmless for a terminal or a page."""

from __future__ import annotations


def printable(text: str) -> str:
    """`text` with a blank for everything that commands a terminal or turns the direction of reading.

    Texts, names and errors come from anywhere: a file could otherwise recolour the terminal, clear it, or worse.
    """
    return "".join(char if char.isprintable() else " " for char in text)
