"""How a program says in what way its rows are to be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, TypedDict, cast

from newsgate.api.arguments import column_name, column_names, label_said, one_of, refuse_unknown, words, yes_or_no

if TYPE_CHECKING:
    from newsgate.tasks.reading import Html, Quoting, ReadOptions

# Options that are a str, and options that name a column or a sheet.
_WORDS = ("labels", "delimiter", "encoding", "member", "records")
_NAMES = ("id_column", "label_column", "sheet")


class ReadingOptions(TypedDict, total=False):
    """How rows are read, as the options of `enqueue` say it; what is left out is found.

    text_column: or several, which are joined. text_fallback: the column, or several, of the text where that of
    `text_column` is empty. id_column: of your own id. label_column: that already says fake or real; labels: what its
    values mean, as `fake=1,real=0`; labels_strict: rows whose label says neither are refused. label: what every row is.
    tool: the one for labelling that wrote the file. columns: the names of the columns of a file without a header, in
    its order. quoting: with `none`, a quote is a character like any other; with `backslash`, one in a cell has that
    before it; with `single`, cells stand in single quotes. html: `read` takes the texts out of HTML, `keep` leaves its
    marks in them. keep: the other columns to keep.
    """

    text_column: str | Sequence[str] | None
    id_column: str | None
    label_column: str | None
    labels: str | None
    labels_strict: bool
    label: Literal["fake", "real"] | None
    text_fallback: str | Sequence[str] | None
    keep: Literal["all", "none"] | str | Sequence[str]
    columns: str | Sequence[str] | None
    delimiter: str | None
    quoting: Literal["usual", "backslash", "single", "none"] | None
    html: Literal["read", "keep"] | None
    encoding: str | None
    no_header: bool
    member: str | None
    sheet: str | None
    records: str | None
    tool: Literal["prodigy", "label-studio", "doccano", "argilla", "potato"] | None


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
        text_fallbacks=column_names(given["text_fallback"], "text_fallback") if "text_fallback" in given else (),
        column_names=_names_in_order(given["columns"]) if "columns" in given else (),
        quoting=_quoting(given["quoting"]) if "quoting" in given else None,
        html=_html(given["html"]) if "html" in given else None,
        delimiter=said.get("delimiter"),
        encoding=said.get("encoding"),
        no_header=yes_or_no(given.get("no_header", False), "no_header"),
        member=said.get("member"),
        sheet=named.get("sheet"),
        records=said.get("records"),
        every_label=label_said(given["label"]) if "label" in given else None,
        vocabulary=parse_vocabulary(said["labels"]) if "labels" in said else None,
        labels_strict=yes_or_no(given.get("labels_strict", False), "labels_strict"),
        tool=_tool(given["tool"]) if "tool" in given else None,
        keep=keep if keep == "all" or keep == "none" else column_names(keep, "keep"),
        max_text_chars=max_text_chars,
    )


def _names_in_order(given: Any) -> tuple[str, ...]:
    """Names in a list, or in one str with commas between, as the command takes them."""
    return (
        tuple(name.strip() for name in given.split(",")) if isinstance(given, str) else column_names(given, "columns")
    )


def _quoting(given: Any) -> Quoting:
    return cast("Quoting", one_of(given, "quoting", ("usual", "backslash", "single", "none")))


def _html(given: Any) -> Html:
    return cast("Html", one_of(given, "html", ("read", "keep")))


def _tool(given: Any) -> str:
    from newsgate.tasks.reading.label_tools.recognise import TOOLS

    return one_of(given, "tool", tuple(TOOLS))
