"""The layouts of workbooks and Parquet files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from newsgate.tasks.reading.column_names import KNOWN_NAMES, fold_name
from newsgate.tasks.reading.columns import choose_columns, has_text_column
from newsgate.tasks.reading.errors import ColumnError, EmptyFileError, UnusedOptionError, quote_column
from newsgate.tasks.reading.header_place import (
    MOST_ROWS_ABOVE,
    find_header,
    is_narrow,
    more_header_rows,
    names_with,
    say_more_header_rows,
)
from newsgate.tasks.reading.headers import names_of_columns, option_of_no_header, refuse_row_as_header
from newsgate.tasks.reading.json_layout import cells_of
from newsgate.tasks.reading.json_values import flat_names
from newsgate.tasks.reading.label_tools.recognise import recognise_tool
from newsgate.tasks.reading.records import ClassNames, Format, Layout, ReadOptions
from newsgate.tasks.reading.workbooks.sheets import SheetRow

_SHEETS_SHOWN = 3


def sheet_layout(
    rows: Sequence[SheetRow], options: ReadOptions, *, form: Format, sheet: str, others: Sequence[str], where: str
) -> Layout:
    """The layout of a sheet, of which the first row that holds something is the header. Raises ReadError."""
    try:
        return _sheet_layout(rows, options, form=form, sheet=sheet, others=others, where=where)
    except ColumnError as error:
        if others and options.sheet is None:
            # The first sheet is often a title page, or notes.
            error.remedy = f"{error.remedy}; if the rows are in another sheet than {quote_column(sheet)}, name it with "
            error.remedy += f"--sheet: {_shown(others)}"
        raise


def _sheet_layout(
    rows: Sequence[SheetRow], options: ReadOptions, *, form: Format, sheet: str, others: Sequence[str], where: str
) -> Layout:
    _refuse_options(options, form=form, where=where)
    if not rows:
        raise EmptyFileError(
            f"the sheet {quote_column(sheet)} is empty",
            where=where,
            remedy=f"Name another with --sheet: {_shown(others)}" if others else "Give it a header and rows",
        )
    has_header = not (options.no_header or options.column_names)
    texts = [[cell or "" for cell in cells] for _, cells in rows]
    above = _rows_above_header(texts, options) if has_header else 0
    texts = texts[above:]
    more = texts[1 : 1 + more_header_rows(texts[0], texts[1:])] if has_header else []
    body = texts[1 + len(more) :] if has_header else texts
    if has_header:
        columns = names_with([cell.strip() for cell in texts[0]], more)
        refuse_row_as_header(columns, body, options, where=where)
    else:
        columns = names_of_columns(texts[0], options, where=where)
    if others and not body:
        raise EmptyFileError(
            f"the sheet {quote_column(sheet)} has no rows below its header",
            where=where,
            remedy=f"Name another with --sheet: {_shown(others)}",
        )
    positions = {column: index for index, column in reversed(list(enumerate(columns)))}

    def cells(column: str) -> list[str]:
        index = positions[column]
        return [row[index] if index < len(row) else "" for row in body]

    chosen = choose_columns(columns, options, where=where, cells=cells)
    notes = (f"sheet {quote_column(sheet)} read; others: {_shown(others)} (--sheet)",) if others else ()
    if above:
        notes = (*notes, f"row {rows[above][0]} read as the header: what stands above it is no table")
    if more:
        notes = (*notes, say_more_header_rows(more, kind="row"))
    return Layout(
        format=form,
        encoding="utf-8",
        delimiter=None,
        columns=columns,
        text_columns=chosen.text_columns,
        is_html=chosen.is_html,
        id_column=chosen.id_column,
        label_column=chosen.label_column,
        notes=(*notes, *chosen.notes),
        first_row=rows[above + len(more)][0] + int(has_header),
        max_text_chars=options.max_text_chars,
        text_fallbacks=chosen.text_fallbacks,
        sheet=sheet,
        sample_cells=cells,
        tool=recognise_tool(
            [dict(zip(columns, row, strict=False)) for row in body],
            named=options.tool,
            where=where,
        ),
    )


def _rows_above_header(rows: Sequence[Sequence[str]], options: ReadOptions) -> int:
    """How many rows stand above the header: a title, a date, keys with their values."""

    def names_text(cells: Sequence[str]) -> bool:
        return has_text_column([cell.strip() for cell in cells], options)

    first = next((index for index, cells in enumerate(rows) if sum(map(bool, cells)) > 1), 0)
    is_table = first < MOST_ROWS_ABOVE and names_text(rows[first]) and not is_narrow(rows[first], rows[first + 1 :])
    if (
        not is_table
        and (found := find_header(rows, names_text=names_text, is_sure=bool(options.text_columns))) is not None
    ):
        return found
    return first if first < MOST_ROWS_ABOVE and any(fold_name(cell) in KNOWN_NAMES for cell in rows[first]) else 0


def parquet_layout(
    sample: Sequence[Mapping[str, object]],
    columns: Sequence[str],
    options: ReadOptions,
    *,
    class_names: tuple[ClassNames, ...],
    where: str,
) -> Layout:
    """The layout of a Parquet file; columns: its outermost, which name those that are not nested."""
    _refuse_options(options, form="parquet", where=where)
    if (option := option_of_no_header(options)) is not None:
        raise UnusedOptionError("a Parquet file names its columns itself", option=option, where=where)
    names: dict[str, None] = {}
    for each in sample:
        names.update(dict.fromkeys(flat_names(each)))
    known = tuple(names) or tuple(columns)
    chosen = choose_columns(known, options, where=where, cells=cells_of(sample), is_headed=True)
    return Layout(
        format="parquet",
        encoding="utf-8",
        delimiter=None,
        columns=known,
        text_columns=chosen.text_columns,
        is_html=chosen.is_html,
        id_column=chosen.id_column,
        label_column=chosen.label_column,
        notes=chosen.notes,
        max_text_chars=options.max_text_chars,
        text_fallbacks=chosen.text_fallbacks,
        class_names=class_names,
        sample_cells=cells_of(sample),
        tool=recognise_tool(sample, named=options.tool, where=where),
    )


def _refuse_options(options: ReadOptions, *, form: str, where: str) -> None:
    what = f"this is no text, but .{form}"
    if options.delimiter is not None:
        raise UnusedOptionError(what, option="--delimiter", where=where)
    if options.quoting not in (None, "usual"):
        raise UnusedOptionError(what, option="--quoting", where=where)
    if options.encoding is not None:
        raise UnusedOptionError(what, option="--encoding", where=where)
    if options.records is not None:
        raise UnusedOptionError("this is no JSON document", option="--records", where=where)
    if options.sheet is not None and form == "parquet":
        raise UnusedOptionError("this is no workbook", option="--sheet", where=where)


def _shown(sheets: Sequence[str]) -> str:
    shown = ", ".join(quote_column(name) for name in sheets[:_SHEETS_SHOWN])
    return shown if len(sheets) <= _SHEETS_SHOWN else f"{shown} and {len(sheets) - _SHEETS_SHOWN} more"
