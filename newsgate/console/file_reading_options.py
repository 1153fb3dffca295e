"""The options of every command that reads a file of texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from newsgate.console.label_options import make_vocabulary

if TYPE_CHECKING:
    from newsgate.tasks.reading import ReadOptions

Function = TypeVar("Function", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--text-column",
        "text_columns",
        multiple=True,
        metavar="NAME",
        help="Column of the text; given several times, the columns are joined. [default: guessed from the header]",
    ),
    click.option(
        "--id-column", metavar="NAME", help="Column of your own id, kept beside the verdict. [default: guessed]"
    ),
    click.option("--label-column", metavar="NAME", help="Column that already says fake or real; such labels are kept."),
    click.option(
        "--delimiter", metavar="CHAR", help="One character, or tab, comma, semicolon, pipe. [default: detected]"
    ),
    click.option("--encoding", metavar="NAME", help="For example utf-8, latin-1, utf-16. [default: detected]"),
)


def file_reading_options(function: Function) -> Function:
    """Give a command the options that say how its file is read."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def make_read_options(max_text_chars: int, **given: Any) -> ReadOptions:
    """Return what the options say, as the reader takes it: `given` are their values by name."""
    from newsgate.tasks.reading import ReadOptions

    options = ReadOptions(
        text_columns=tuple(given["text_columns"]),
        id_column=given["id_column"],
        label_column=given["label_column"],
        delimiter=given["delimiter"],
        encoding=given["encoding"],
        max_text_chars=max_text_chars,
    )
    return make_vocabulary(options, **given)
