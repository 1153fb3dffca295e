"""What a command writes: to standard output, or into a file that is whole or not there."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import IO

from newsgate.foundation.errors import NewsgateError, WrongUsageError


class OutputError(NewsgateError):
    """The file that was to be written cannot be."""


@contextmanager
def open_output(path: str | None) -> Iterator[IO[str]]:
    """A text file that appears under its name when the block ends well, else stays what it was. Raises OutputError.

    None and `-` are standard output; a pipe or a device is written into as it comes.
    """
    from newsgate.foundation.atomic_file import whole_file

    if path is None or path == "-":
        yield sys.stdout
        # Here an error becomes an OSError; at the program's end Python would print it in its own way.
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


@contextmanager
def open_binary_output(path: str | None) -> Iterator[IO[bytes]]:
    """As `open_output`, for what is no text. Raises WrongUsageError where it would go onto a terminal."""
    from newsgate.foundation.atomic_file import whole_file

    if path is None or path == "-":
        if sys.stdout.isatty():
            raise WrongUsageError("this format is no text for a terminal", remedy="Name a file with -o")
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        with whole_file(Path(path)) as file:
            yield file
    except OSError as error:
        raise OutputError(f"it cannot be written: {error.strerror or error}", where=path) from error


def check_writable(path: Path) -> None:
    """See, before long work, that a file can be made there, or its folders first. Raises WrongUsageError."""
    import tempfile

    # Not Path.exists(), which raises below a folder that may not be looked into.
    nearest = next(folder for folder in path.absolute().parents if os.path.exists(folder))  # noqa: PTH110
    try:
        tempfile.TemporaryFile(dir=nearest).close()
    except OSError as error:
        raise WrongUsageError(
            f"{path} cannot be written: {nearest}: {error.strerror or error}", remedy="Name another file"
        ) from error
