"""Commands whose errors a person can act on become one line on standard error, and an exit code."""

from __future__ import annotations

import errno
import os
import stat
import sys
from typing import Any

import click

from newsgate.console.did_you_mean import corrected, remember_typed, typed_of
from newsgate.console.messages import print_message
from newsgate.console.output_file import OutputError
from newsgate.foundation.errors import NewsgateError
from newsgate.foundation.printable_text import printable

_NOT_CUT = 10_000
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


class ErrorReportingCommand(click.Command):
    """A command whose errors a person can act on become one line on standard error, and its exit code."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run as a program; a standard output that takes nothing more is an error a person can act on too."""
        try:
            return super().main(*args, **kwargs)
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise
            if error.filename is None and _stdout_can_be_full():
                _discard_stdout()
                told = OutputError(f"it cannot be written: {error.strerror}", where="standard output")
            else:
                told = OutputError(
                    f"a disk is full or fails: {error.strerror}",
                    where=error.filename,
                    remedy="Make room where NEWSGATE_HOME and temporary files are, then run the command again",
                )
            print_message(f"error: {told}")
            sys.exit(OutputError.exit_code)

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Read the options; what is mistyped in them is told with the command to type."""
        typed = (info_name or self.name or "", *args)
        try:
            ctx = super().make_context(info_name, args, parent, **extra)
        except click.UsageError as error:
            # Only the program itself knows all that was typed.
            raise (corrected(error, typed) if parent is None else error) from error.__cause__
        if parent is None:
            remember_typed(ctx, typed)
        return ctx

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; anything that is not a `NewsgateError` is a defect and keeps its traceback."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            raise (corrected(error, typed_of(ctx)) if ctx.parent is None else error) from error.__cause__
        except NewsgateError as error:
            click.echo(printable(f"error: {error}"), err=True)
            ctx.exit(error.exit_code)


class ErrorReportingGroup(ErrorReportingCommand, click.Group):
    """A group that is a command too, and reports its errors as one."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with their whole first sentence: half of one says too little, and Click cuts at a line."""
        shown = [(name, command) for name in self.list_commands(ctx) if (command := self.get_command(ctx, name))]
        rows = [(name, each.get_short_help_str(limit=_NOT_CUT)) for name, each in shown if not each.hidden]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


def _stdout_can_be_full() -> bool:
    """Whether standard output is a file or a device that may have no room: a pipe and a terminal always have."""
    try:
        mode = os.fstat(sys.stdout.fileno()).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(mode) or (stat.S_ISCHR(mode) and not sys.stdout.isatty())


def _discard_stdout() -> None:
    """Send what is left for standard output nowhere: Python would try once more at the end, and fail in its own way."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
