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
        "--text-fallback",
        "text_fallbacks",
        multiple=True,
        metavar="NAME",
        help="Column of the text in rows whose text column is empty. [default: the title]",
    ),
    click.option("--no-header", is_flag=True, help="The first line is a row; columns are called 1, 2, 3 and so on."),
    click.option(
        "--columns",
        "column_names",
        metavar="A,B,TEXT",
        help="The names of the columns of a file without a header, with commas between.",
    ),
    click.option(
        "--delimiter", metavar="CHAR", help="One character, or tab, comma, semicolon, pipe, none. [default: detected]"
    ),
    click.option(
        "--quoting",
        type=click.Choice(["usual", "backslash", "single", "none"]),
        help="A quote in a cell is doubled, behind a backslash, or a character like any other; single: cells stand in "
        "single quotes. [default: detected]",
    ),
    click.option(
        "--html",
        type=click.Choice(["read", "keep"]),
        help="Texts are HTML, out of which they are read; or its marks are kept. [default: detected]",
    ),
    click.option("--encoding", metavar="NAME", help="For example utf-8, latin-1, utf-16. [default: detected]"),
    click.option("--member", metavar="NAME", help="The file to read of a .zip archive. [default: the only one]"),
    click.option("--sheet", metavar="NAME", help="The sheet of a workbook, by name or number. [default: the first]"),
    click.option(
        "--records", metavar="PATH", help="Where a JSON document holds its records: data.items. [default: detected]"
    ),
)


def file_reading_options(function: Function) -> Function:
    """Give a command the options that say how its file is read."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def make_read_options(max_text_chars: int, **given: Any) -> ReadOptions:
    """Return what the options say, as the reader takes it: `given` are their values by name."""
    from newsgate.tasks.reading import ReadOptions, parse_keep

    options = ReadOptions(
        text_columns=tuple(given["text_columns"]),
        id_column=given["id_column"],
        label_column=given["label_column"],
        delimiter=given["delimiter"],
        encoding=given["encoding"],
        text_fallbacks=tuple(given["text_fallbacks"]),
        no_header=given["no_header"],
        column_names=tuple(name.strip() for name in given["column_names"].split(",")) if given["column_names"] else (),
        quoting=given["quoting"],
        html=given["html"],
        member=given["member"],
        sheet=given["sheet"],
        records=given["records"],
        keep=parse_keep(given.get("keep", "none")),
        max_text_chars=max_text_chars,
    )
    return make_vocabulary(options, **given)
