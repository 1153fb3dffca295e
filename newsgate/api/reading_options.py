"""How a program says in what way its rows are to be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from newsgate.tasks.reading import ReadOptions


class ReadingOptions(TypedDict, total=False):
    """How rows are read, as the options of `enqueue` say it; what is left out is found.

    text_column: or several, which are joined. id_column: of your own id. label_column: that already says fake or real;
    labels: what its values mean, as `fake=1,real=0`. label: what every row is. keep: the other columns to keep.
    """

    text_column: str | Sequence[str] | None
    id_column: str | None
    label_column: str | None
    labels: str | None
    label: Literal["fake", "real"] | None
    keep: Literal["all", "none"] | Sequence[str]
    delimiter: str | None
    encoding: str | None
    no_header: bool
    member: str | None
    sheet: str | None
    records: str | None


def read_options(reading: ReadingOptions, *, max_text_chars: int) -> ReadOptions:
    """The same for the reader. Raises WrongUsageError for a meaning of labels that is none."""
    from newsgate.tasks.reading import ReadOptions, parse_vocabulary

    text_column, labels, keep = reading.get("text_column"), reading.get("labels"), reading.get("keep", "all")
    return ReadOptions(
        text_columns=(text_column,) if isinstance(text_column, str) else tuple(text_column or ()),
        id_column=reading.get("id_column"),
        label_column=reading.get("label_column"),
        delimiter=reading.get("delimiter"),
        encoding=reading.get("encoding"),
        no_header=reading.get("no_header", False),
        member=reading.get("member"),
        sheet=reading.get("sheet"),
        records=reading.get("records"),
        every_label=reading.get("label"),
        vocabulary=None if labels is None else parse_vocabulary(labels),
        keep=keep if keep in ("all", "none") else tuple(keep),
        max_text_chars=max_text_chars,
    )
