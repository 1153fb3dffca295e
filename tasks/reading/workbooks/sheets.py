"""What the sheets of all workbooks have in common: names, and rows of cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from newsgate.tasks.reading.errors import SheetError, quote_column

# The number that a spreadsheet shows beside the row, and its cells from the first column on.
Cells = list[str | None]
SheetRow = tuple[int, Cells]

_SHEETS_SHOWN = 10


class SheetName(NamedTuple):
    """A sheet of a workbook."""

    name: str
    is_hidden: bool = False


def choose_sheet(sheets: Sequence[SheetName], wanted: str | None, *, where: str) -> tuple[SheetName, tuple[str, ...]]:
    """The sheet that a person named, by name or number, or the first that is not hidden; and the others' names.

    Raises SheetError.
    """
    if not sheets:
        raise SheetError("the workbook has no sheet of cells", where=where, remedy="Save it as CSV")
    if wanted is None:
        chosen = next((each for each in sheets if not each.is_hidden), sheets[0])
    else:
        found = [each for each in sheets if each.name == wanted]
        found = found or [each for each in sheets if each.name.strip().casefold() == wanted.strip().casefold()]
        if not found and wanted.isdecimal() and 1 <= int(wanted) <= len(sheets):
            found = [sheets[int(wanted) - 1]]
        if not found:
            raise no_such_sheet(wanted, [each.name for each in sheets], where=where)
        chosen = found[0]
    return chosen, tuple(each.name for each in sheets if each != chosen and not each.is_hidden)


def no_such_sheet(wanted: str, names: Sequence[str], *, where: str) -> SheetError:
    """Say which sheets there are."""
    known = ", ".join(quote_column(name) for name in names[:_SHEETS_SHOWN])
    return SheetError(f"there is no sheet {quote_column(wanted)}", where=where, remedy=f"Name one of: {known}")
