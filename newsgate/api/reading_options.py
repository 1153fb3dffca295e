"""How a program says in what way its rows are to be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from newsgate.api.arguments import column_name, column_names, label_said, refuse_unknown, words

if TYPE_CHECKING:
    from newsgate.tasks.reading import ReadOptions

# Options that are a str, and options that name a column or a sheet.
_WORDS = ("labels", "delimiter", "encoding", "member", "records")
_NAMES = ("id_column", "label_column", "sheet")


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
    keep: Literal["all", "none"] | str | Sequence[str]
    delimiter: str | None
    encoding: str | None
    no_header: bool
    member: str | None
    sheet: str | None
    records: str | None


def read_options(reading: ReadingOptions, *, max_text_chars: int) -> ReadOptions:
    """The same for the reader. Raises WrongUsageError for an unknown option, and for a value it cannot have."""
    from newsgate.tasks.reading import ReadOptions, parse_vocabulary

    refuse_unknown(reading, ReadingOptions.__annotations__, of="enqueue")
    given: dict[str, Any] = {name: value for name, value in reading.items() if value is not None}
    said = {name: words(given[name], name) for name in _WORDS if name in given}
    named = {name: column_name(given[name], name) for name in _NAMES if name in given}
    keep = given.get("keep", "all")
    return ReadOptions(
        text_columns=column_names(given["text_column"], "text_column") if "text_column" in given else (),
        id_column=named.get("id_column"),
        label_column=named.get("label_column"),
        delimiter=said.get("delimiter"),
        encoding=said.get("encoding"),
        no_header=given.get("no_header", False),
        member=said.get("member"),
        sheet=named.get("sheet"),
        records=said.get("records"),
        every_label=label_said(given["label"]) if "label" in given else None,
        vocabulary=parse_vocabulary(said["labels"]) if "labels" in said else None,
        keep=keep if keep == "all" or keep == "none" else column_names(keep, "keep"),
        max_text_chars=max_text_chars,
    )
