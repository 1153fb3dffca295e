"""Whether a first line is a header, or a row like the others."""

from __future__ import annotations

from collections.abc import Sequence

from newsgate.tasks.reading.column_content import judge_cell, judge_column
from newsgate.tasks.reading.column_names import KNOWN_NAMES, fold_name
from newsgate.tasks.reading.errors import HeaderlessError, UnusedOptionError, list_columns, quote_column
from newsgate.tasks.reading.header_place import names_values
from newsgate.tasks.reading.records import ReadOptions

_SENTENCE_WORDS = 4
_CELLS_SHOWN = 4
_CELL_SHOWN_CHARS = 30


def names_of_columns(first_row: Sequence[str], options: ReadOptions, *, where: str) -> tuple[str, ...]:
    """What columns without a header are called: as the person says, or by their number. Raises UnusedOptionError."""
    width = len(first_row)
    if options.column_names:
        known = sum(fold_name(cell) in KNOWN_NAMES for cell in first_row)
        if 2 * known > width and not options.no_header:
            raise UnusedOptionError(
                f"the first line is a header already: {list_columns(first_row)}",
                option="--columns",
                where=where,
                remedy="Leave --columns out, or add --no-header if it is a row",
            )
        if len(options.column_names) != width:
            raise UnusedOptionError(
                f"--columns names {_columns(len(options.column_names))}, and the first line has {_columns(width)}",
                option="--columns",
                where=where,
                remedy="Name each of them, in the file's order, with a comma between",
            )
        return options.column_names
    # A single column is the text, whatever its lines are.
    return ("text",) if width == 1 else tuple(str(number) for number in range(1, width + 1))


def option_of_no_header(options: ReadOptions) -> str | None:
    """The option that says that the file has no header; None where there is none."""
    if options.no_header:
        return "--no-header"
    return "--columns" if options.column_names else None


def refuse_row_as_header(
    columns: Sequence[str], records: Sequence[Sequence[str]], options: ReadOptions, *, where: str
) -> None:
    """Raise HeaderlessError where the first line has no usual name and is like the rows below it."""
    named = {
        name.strip().casefold() for name in (*options.text_columns, options.label_column or "", options.id_column or "")
    }
    if any(fold_name(name) in KNOWN_NAMES or (name.strip() and name.strip().casefold() in named) for name in columns):
        return
    if names_values(columns, records):
        return
    if not any(
        _is_cell_of(name, [row[index] for row in records if index < len(row)]) for index, name in enumerate(columns)
    ):
        return
    shown = ", ".join(quote_column(_short(name)) for name in columns[:_CELLS_SHOWN])
    more = ", …" if len(columns) > _CELLS_SHOWN else ""
    names = "--columns text" if len(columns) == 1 else f"--columns {_typed_names(columns, records)}"
    raise HeaderlessError(
        f"the first line looks like a row and not like a header: {shown}{more}",
        columns=columns,
        where=where,
        remedy=f"If it is a row, add --no-header, or name the columns too: {names}; if it is a header, name "
        "the column of the texts with --text-column",
    )


def _is_cell_of(name: str, cells: Sequence[str]) -> bool:
    """Whether the header's cell is no name, but a value like those below it."""
    name = name.strip()
    kind = judge_cell(name)
    below = judge_column(cells)
    if below.filled and below.kind != kind:
        return False
    if kind == "texts":
        return len(name.split()) >= _SENTENCE_WORDS or len(name) > 60
    return kind in ("addresses", "numbers", "dates")


def _typed_names(columns: Sequence[str], records: Sequence[Sequence[str]]) -> str:
    """Names to type, with `text` for the column that holds the longest texts."""
    lengths = [
        judge_column([row[index] for row in (columns, *records) if index < len(row)]).mean_chars
        if judge_cell(columns[index].strip()) == "texts"
        else 0.0
        for index in range(len(columns))
    ]
    text = lengths.index(max(lengths)) if any(lengths) else -1
    return ",".join("text" if index == text else str(index + 1) for index in range(len(columns)))


def _short(name: str) -> str:
    return name if len(name) <= _CELL_SHOWN_CHARS else name[: _CELL_SHOWN_CHARS - 1] + "…"


def _columns(count: int) -> str:
    return "1 column" if count == 1 else f"{count:,} columns"
