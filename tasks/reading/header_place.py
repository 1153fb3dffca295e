"""Where the header of a table stands, if something else stands above it, and how many rows it has."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from newsgate.tasks.reading.column_content import CellKind, judge_cell, judge_column
from newsgate.tasks.reading.column_names import fold_name
from newsgate.tasks.reading.errors import quote_column
from newsgate.tasks.reading.row_maker import is_removed

MOST_ROWS_ABOVE = 20
_VALUES = frozenset({"addresses", "numbers", "dates"})
_LEAST_JUDGED = 3
_BODY_ROWS = 50
# Of Qualtrics: in which question of its own the column has its answers.
_IMPORT_ID = '{"importid":'
_MOST_HEADER_ROWS = 3
_LEAST_ECHOES = 2
# Which SurveyMonkey fills in each answer, and never in its second header row.
_ANSWER_NUMBERS = ("respondentid", "collectorid")


def find_header(
    rows: Sequence[Sequence[str]], *, names_text: Callable[[Sequence[str]], bool], is_sure: bool = False
) -> int | None:
    """The index of the first row that names a text and stands below what is no table; None where there is none.

    What stands above is a title, or keys with their values: rows with far fewer cells, or with words where all rows
    below have numbers, dates or addresses. is_sure: no other row names the text.
    """
    found = (
        index
        for index, row in enumerate(rows[:MOST_ROWS_ABOVE])
        if index and names_text(row) and not is_narrow(row, rows[index + 1 :])
    )
    return next(
        (each for each in found if is_sure or is_below_no_table(rows[:each], rows[each], rows[each + 1 :])), None
    )


def is_narrow(header: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """Whether most rows below a header have cells beyond it, so that it is none of theirs."""
    width = max((place + 1 for place, cell in enumerate(header) if cell.strip()), default=0)
    return 2 * sum(any(map(str.strip, cells[width:])) for cells in body) > len(body)


def is_below_no_table(above: Sequence[Sequence[str]], header: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """Whether a row is the header of those below it, and no row above it belongs to them."""
    names = [cell.strip() for cell in header if cell.strip()]
    are_single = all(sum(bool(cell.strip()) for cell in row) < 2 for row in above)
    if len(names) < 2 or not (are_single or all(judge_cell(name) not in _VALUES for name in names)):
        return False
    kinds = _kinds_of_values(body, width=len(header))
    for row in above:
        filled = [cell.strip() for cell in row if cell.strip()]
        is_other = _is_unlike(row, kinds)
        if not is_other and len(filled) > 1 and 2 * len(filled) > len(names):
            return False
    return True


def more_header_rows(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """How many of the first rows below a header belong to it: questions, what else the columns are called, their keys.

    Qualtrics writes two of them, or one, SurveyMonkey one, and KoboToolbox one where names and labels are exported. In
    Markdown it is a line.
    """
    first = rows[:_MOST_HEADER_ROWS]
    if first and is_ruler(first[0]):
        return 1
    for index, row in enumerate(first):
        filled = [cell for cell in row if cell.strip()]
        if len(filled) > 1 and all(cell.replace(" ", "").casefold().startswith(_IMPORT_ID) for cell in filled):
            return index + 1
    if not first or not any(cell.strip() for cell in first[0]):
        return 0
    names = [fold_name(name) for name in columns]
    cells = [fold_name(cell) for cell in first[0]]
    places = [names.index(name) for name in _ANSWER_NUMBERS if name in names]
    if len(places) == len(_ANSWER_NUMBERS) and not any(cells[place] for place in places if place < len(cells)):
        return 1
    # A column of a choice holds its own name in every row in which it was chosen.
    echoes = sum(
        bool(name) and name == cell and not any(fold_name(row[place]) == name for row in rows[1:] if place < len(row))
        for place, (name, cell) in enumerate(zip(names, cells, strict=False))
    )
    # A header that stands there once more says nothing else of any column.
    is_repeated = all(name == cell for name, cell in zip(names, cells, strict=False))
    if echoes < _LEAST_ECHOES or is_repeated:
        return 0
    return int(_is_unlike(first[0], _kinds_of_values(rows[1:], width=len(columns))))


def names_values(header: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """Whether a first line is a header for sure, however long its names: words above columns of nothing but values."""
    kinds = _kinds_of_values(body, width=len(header))
    names = [cell.strip() for cell, kind in zip(header, kinds, strict=False) if kind is not None]
    # A row may lack a value, but hardly two of them with words in their place.
    return len(names) > 1 and all(name and not is_removed(name) for name in names) and _is_unlike(header, kinds)


def _kinds_of_values(body: Sequence[Sequence[str]], *, width: int) -> list[CellKind | None]:
    """Of each column the kind of its cells, where they are numbers, dates or addresses; else None."""
    kinds: list[CellKind | None] = []
    for place in range(width):
        content = judge_column([row[place] for row in body[:_BODY_ROWS] if place < len(row)])
        kinds.append(content.kind if content.filled >= _LEAST_JUDGED and content.kind in _VALUES else None)
    return kinds


def _is_unlike(row: Sequence[str], kinds: Sequence[CellKind | None]) -> bool:
    """Whether a row has something else where all others have values, and nowhere a value as they have."""
    judged = [judge_cell(cell.strip()) == kind for cell, kind in zip(row, kinds, strict=False) if kind and cell.strip()]
    return bool(judged) and not any(judged)


def is_ruler(row: Sequence[str]) -> bool:
    """Whether a row is a line drawn below a header, as in tables of Markdown and of database shells."""
    return any("---" in cell for cell in row) and not any(cell.strip("-:+ \r\n") for cell in row)


def names_with(columns: Sequence[str], more: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The header's names; a column that has none is called as the next row of the header says."""
    if not more or is_ruler(more[0]):
        return tuple(columns)
    below = [cell.strip() for cell in more[0]]
    return tuple(name or other for name, other in itertools.zip_longest(columns, below, fillvalue=""))


def say_more_header_rows(more: Sequence[Sequence[str]], *, kind: str) -> str:
    """The note about rows that belong to the header."""
    shown = quote_column(max((cell.strip() for cell in more[0]), key=len))
    if len(more) == 1:
        return f"the {kind} below the header belongs to it, and is no row: {shown}"
    return f"the {len(more)} {kind}s below the header belong to it, and are no rows: {shown}, …"
