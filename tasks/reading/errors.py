"""What can be wrong with a whole input file.

A bad row is never an exception: it is a `Rejected` among its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence

from newsgate.foundation.errors import NewsgateError
from newsgate.foundation.installation import install_command

COLUMNS_SHOWN = 20
_COLUMN_NAME_SHOWN_CHARS = 60
_ONE_LABEL = "If every row is fake, add --label fake; if every row is real, --label real"


class ReadError(NewsgateError):
    """An input file that cannot be read as rows."""


class MissingFileError(ReadError):
    """There is no such file."""


class UnreadableFileError(ReadError):
    """The operating system refuses the file: a directory, no permission, a failing disk."""


class EmptyFileError(ReadError):
    """The input holds nothing but blanks."""


class NoRowsError(ReadError):
    """The input has a header and no data row; known only once it was read."""


class NotTextError(ReadError):
    """The input is a workbook, an archive or another binary format."""


class DamagedFileError(ReadError):
    """Compressed input that is not what it says, or is damaged before its first line."""


class FileChangedError(ReadError):
    """The file's bytes changed between its checksum and its rows; nothing read from it can be trusted."""


class MemberError(ReadError):
    """An archive in which the file with the rows cannot be settled, or not be read."""


class RecordsError(ReadError):
    """A JSON document in which the place of the records cannot be settled."""


class SheetError(ReadError):
    """A workbook in which the sheet cannot be settled."""


class MissingLibraryError(ReadError):
    """The file needs a library that is not installed."""


class UnusedOptionError(ReadError):
    """An option that means nothing for this file."""

    exit_code = 2

    def __init__(self, what: str, *, option: str, where: str, remedy: str | None = None) -> None:
        super().__init__(what, where=where, remedy=remedy or f"Leave {option} out")


class UnknownEncodingError(ReadError):
    """`--encoding` names no text encoding."""

    exit_code = 2


class UndecodableHeaderError(ReadError):
    """The names of the columns are not valid in the encoding read."""


class QuotedLinesError(ReadError):
    """Each line of the table is one quoted cell, which holds the line as it was."""


class BadDelimiterError(ReadError):
    """`--delimiter` is neither one usable character nor a known word."""

    exit_code = 2


class ColumnError(ReadError):
    """A column that is needed cannot be settled; `columns` are those the file has."""

    def __init__(self, what: str, *, columns: Sequence[str], where: str | None = None, remedy: str) -> None:
        super().__init__(what, where=where, remedy=remedy)
        self.columns = tuple(columns)


class NoTextColumnError(ColumnError):
    """No column has a name that texts usually have."""


class HeaderlessError(ColumnError):
    """The first line is like the rows below it; only the person knows whether it is one."""


class UnknownColumnError(ColumnError):
    """The person named a column that the file does not have."""

    def offer_one_label(self) -> None:
        """Add the remedy for a file that holds texts of one side alone, as the halves of True.csv and Fake.csv do."""
        if self.remedy and _ONE_LABEL not in self.remedy:
            self.remedy = f"{self.remedy}. {_ONE_LABEL}"


class AmbiguousColumnError(ColumnError):
    """The header gives the name of a needed column more than once."""


def missing_extra(what: str, *, where: str) -> MissingLibraryError:
    """Say which extra reads such a file; what: with its article."""
    return MissingLibraryError(
        f"this is {what}, for which a library is missing", where=where, remedy=f"Run: {install_command('files')}"
    )


def no_text_column(
    columns: Sequence[str], where: str, *, reasons: Sequence[str] = (), is_headed: bool = False
) -> NoTextColumnError:
    """Say which columns there are, so that the person can name one; reasons: against those with a likely name.

    is_headed: the names are no row for sure.
    """
    or_a_row = "" if is_headed else ", or add --no-header if the first line is a row"
    because = f" ({', '.join(reasons)})" if reasons else ""
    return NoTextColumnError(
        f"no column looks like the text among: {list_columns(columns)}{because}",
        columns=columns,
        where=where,
        remedy=f"Name it with --text-column{or_a_row}",
    )


def unknown_column(wanted: str, columns: Sequence[str], *, option: str, where: str) -> UnknownColumnError:
    """Say which columns there are, the likeliest first."""
    # Nobody needs it whose columns are there.
    from difflib import get_close_matches

    close = get_close_matches(wanted.casefold(), [name.casefold() for name in columns[:1000]], n=3)
    meant = [name for name in columns[:1000] if name.casefold() in close]
    if meant:
        remedy = f"Did you mean {' or '.join(quote_column(name) for name in meant[:3])}? Name it with {option}"
    else:
        remedy = f"Name one of them with {option}"
    return UnknownColumnError(
        f"no column {quote_column(wanted)} among: {list_columns(columns)}",
        columns=columns,
        where=where,
        remedy=remedy,
    )


def no_label_column(columns: Sequence[str], *, where: str) -> UnknownColumnError:
    """Say of a file of one column that no other could hold labels."""
    return UnknownColumnError(
        f"no column of labels stands beside the only one, {list_columns(columns)}",
        columns=columns,
        where=where,
        remedy=_ONE_LABEL,
    )


def ambiguous_column(name: str, columns: Sequence[str], where: str) -> AmbiguousColumnError:
    """Say which name the header repeats."""
    return AmbiguousColumnError(
        f"the header names the column {quote_column(name)} more than once",
        columns=columns,
        where=where,
        remedy="Rename one of them, or choose another column",
    )


def list_columns(columns: Sequence[str]) -> str:
    """Join the names for a message, at most twenty of them."""
    shown = ", ".join(quote_column(name) for name in columns[:COLUMNS_SHOWN])
    more = len(columns) - COLUMNS_SHOWN
    return f"{shown} and {more:,} more" if more > 0 else shown or "(none)"


def quote_column(name: str) -> str:
    """Quote a name for a message, shortened and with unprintable characters escaped."""
    if len(name) > _COLUMN_NAME_SHOWN_CHARS:
        name = name[: _COLUMN_NAME_SHOWN_CHARS - 1] + "…"
    return "'" + "".join(char if char.isprintable() else ascii(char)[1:-1] for char in name) + "'"
