"""What every command shares: how errors are told, how the database is opened, how tables and progress look."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from newsgate.foundation.errors import NewsgateError, WrongUsageError
from newsgate.foundation.printable_text import printable

if TYPE_CHECKING:
    from newsgate.db.session import Database
    from newsgate.worker.settings import Settings

EXIT_SOME_ROWS_BAD = 3

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class OutputError(NewsgateError):
    """The file that was to be written cannot be."""


class Telling(click.Command):
    """A command whose errors a person can act on become one line on standard error, and its exit code."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run as a program; a standard output that takes nothing more is an error a person can act on too."""
        try:
            return super().main(*args, **kwargs)
        except OSError as error:
            if not _is_of_stdout(error):
                raise
            _drop_stdout()
            tell(f"error: {OutputError(f'it cannot be written: {error.strerror}', where='standard output')}")
            sys.exit(OutputError.exit_code)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; anything that is not a `NewsgateError` is a defect and keeps its traceback."""
        try:
            return super().invoke(ctx)
        except NewsgateError as error:
            click.echo(printable(f"error: {error}"), err=True)
            ctx.exit(error.exit_code)


class TellingGroup(Telling, click.Group):
    """A group that is a command too, and tells its errors as one."""


@contextmanager
def opened() -> Iterator[tuple[Settings, Database]]:
    """The settings of this process and its database, closed when the block ends."""
    from newsgate.tasks.running.open_database import open_database
    from newsgate.worker.settings import load_settings

    settings = load_settings()
    database = open_database(settings)
    try:
        yield settings, database
    finally:
        database.close()


@contextmanager
def written(path: str | None) -> Iterator[IO[str]]:
    """A text file that appears under its name when the block ends well, else stays what it was. Raises OutputError.

    None and `-` are standard output; a pipe or a device is written into as it comes.
    """
    from newsgate.foundation.atomic_file import whole_file

    if path is None or path == "-":
        yield sys.stdout
        # Here an error is told; at the program's end Python would tell it in its own way.
        sys.stdout.flush()
        return
    try:
        with whole_file(Path(path)) as file:
            # Line ends stay as they are written: those inside texts are the texts'.
            stream = TextIOWrapper(file, encoding="utf-8", newline="")
            yield stream
            stream.flush()
    except OSError as error:
        raise OutputError(f"it cannot be written: {error.strerror or error}", where=path) from error


def check_writable(path: Path) -> None:
    """See, before long work, that a file can be made there, or its folders first. Raises WrongUsageError."""
    # Not Path.exists(), which raises below a folder that may not be looked into.
    nearest = next(folder for folder in path.absolute().parents if os.path.exists(folder))  # noqa: PTH110
    try:
        tempfile.TemporaryFile(dir=nearest).close()
    except OSError as error:
        raise WrongUsageError(
            f"{path} cannot be written: {nearest}: {error.strerror or error}", remedy="Name another file"
        ) from error


def _is_of_stdout(error: OSError) -> bool:
    """Whether standard output takes nothing more: a full disk under anything else is told where it is met."""
    return error.errno in _NO_ROOM and error.filename is None


def _drop_stdout() -> None:
    """Send what is left for standard output nowhere: Python would try once more at the end, and fail in its own way."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def tell(line: str) -> None:
    """Lines for the person, beside the data: standard error."""
    click.echo("\n".join(map(printable, line.split("\n"))), err=True)


def warn(line: str) -> None:
    """A line that wants to be noticed, on standard error."""
    click.echo(printable(f"warning: {line}"), err=True)


def print_table(headers: Sequence[str], rows: Sequence[Sequence[Any]], *, right: frozenset[str] = frozenset()) -> None:
    """Columns as wide as their widest cell; those named in `right` are numbers and stand to the right."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max([len(header), *(len(row[i]) for row in cells)]) for i, header in enumerate(headers)]

    def line(row: Sequence[str]) -> str:
        padded = (
            value.rjust(width) if header in right else value.ljust(width)
            for header, value, width in zip(headers, row, widths, strict=True)
        )
        return "  ".join(padded).rstrip()

    click.echo(line(list(headers)))
    for row in cells:
        click.echo(line(row))


def one_line(text: str, *, most_chars: int) -> str:
    """`text` for a cell of a table: printable, its blanks as one each, cut with an ellipsis."""
    line = " ".join(printable(text).split())
    return line if len(line) <= most_chars else f"{line[: most_chars - 1]}…"


def on_terminal() -> bool:
    """Whether standard error is a person's terminal, where progress is worth drawing."""
    return sys.stderr.isatty()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if isinstance(value, float) else printable(str(value))
