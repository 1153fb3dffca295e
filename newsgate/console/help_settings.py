"""How `--help` is asked for, and how wide it is, in both programs."""

from __future__ import annotations

from typing import Any, Final

import click

HELP_SETTINGS: Final[dict[str, Any]] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_ANY_WIDTH: Final[dict[str, Any]] = {"max_content_width": 10_000, "terminal_width": 10_000}


def wide_context(command: click.Command, *, info_name: str) -> click.Context:
    """A context in which the help of a command is what its program says, on lines of any length: for pages of it."""
    return click.Context(command, info_name=info_name, **{**HELP_SETTINGS, **_ANY_WIDTH})
