"""Tables on standard output."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from newsgate.foundation.printable_text import printable


def print_table(
    headers: Sequence[str], rows: Sequence[Sequence[Any]], *, right_aligned: frozenset[str] = frozenset()
) -> None:
    """Print columns as wide as their widest cell. right_aligned: the headers of those that hold numbers."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max([len(header), *(len(row[i]) for row in cells)]) for i, header in enumerate(headers)]

    def line(row: Sequence[str]) -> str:
        padded = (
            value.rjust(width) if header in right_aligned else value.ljust(width)
            for header, value, width in zip(headers, row, widths, strict=True)
        )
        return "  ".join(padded).rstrip()

    click.echo(line(list(headers)))
    for row in cells:
        click.echo(line(row))


def one_line(text: str, *, most_chars: int) -> str:
    """Return `text` for a cell of a table: printable, its blanks as one each, cut with an ellipsis."""
    line = " ".join(printable(text).split())
    return line if len(line) <= most_chars else f"{line[: most_chars - 1]}…"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if isinstance(value, float) else printable(str(value))
