"""What a person is told, on standard error: standard output is for data alone."""

from __future__ import annotations

import sys

import click

from newsgate.foundation.printable_text import printable


def print_message(message: str) -> None:
    """Print one line, or several, on standard error."""
    click.echo("\n".join(map(printable, message.split("\n"))), err=True)


def print_warning(message: str) -> None:
    """Print a line that wants to be noticed, on standard error."""
    click.echo(printable(f"warning: {message}"), err=True)


def stdout_is_terminal() -> bool:
    """Whether standard output is a person's terminal, which nobody can read as fast as it scrolls."""
    return sys.stdout.isatty()


def stderr_is_terminal() -> bool:
    """Whether standard error is a person's terminal, where progress is worth drawing."""
    return sys.stderr.isatty()
