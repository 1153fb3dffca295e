"""Commands whose errors a person can act on become one line on standard error, and an exit code."""

from __future__ import annotations

import errno
import os
import sys
from typing import Any

import click

from newsgate.console.messages import print_message
from newsgate.console.output_file import OutputError
from newsgate.foundation.errors import NewsgateError
from newsgate.foundation.printable_text import printable

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


class ErrorReportingCommand(click.Command):
    """A command whose errors a person can act on become one line on standard error, and its exit code."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run as a program; a standard output that takes nothing more is an error a person can act on too."""
        try:
            return super().main(*args, **kwargs)
        except OSError as error:
            if not _is_stdout_full(error):
                raise
            _discard_stdout()
            print_message(f"error: {OutputError(f'it cannot be written: {error.strerror}', where='standard output')}")
            sys.exit(OutputError.exit_code)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; anything that is not a `NewsgateError` is a defect and keeps its traceback."""
        try:
            return super().invoke(ctx)
        except NewsgateError as error:
            click.echo(printable(f"error: {error}"), err=True)
            ctx.exit(error.exit_code)


class ErrorReportingGroup(ErrorReportingCommand, click.Group):
    """A group that is a command too, and reports its errors as one."""


def _is_stdout_full(error: OSError) -> bool:
    """Whether standard output takes nothing more: a full disk under anything else is reported where it is met."""
    return error.errno in _NO_ROOM and error.filename is None


def _discard_stdout() -> None:
    """Send what is left for standard output nowhere: Python would try once more at the end, and fail in its own way."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
