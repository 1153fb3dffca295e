"""Messages in which commands for a terminal stand between backquotes."""

from __future__ import annotations

from collections.abc import Callable


def outside_backquotes(said: str, change: Callable[[str], str]) -> str:
    """Change what stands outside: the options of a command that a person types are options, whoever reads it."""
    parts = said.split("`")
    parts[::2] = map(change, parts[::2])
    return "`".join(parts)
