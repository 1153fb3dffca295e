"""What crosses the border of this package: the person's choices, the layout decided from them, and the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from newsgate.model.labels import Label
from newsgate.tasks.reading.label_values.vocabulary import FAKE_OR_REAL, LabelVocabulary

if TYPE_CHECKING:
    from newsgate.tasks.reading.label_tools.said import Said, ToolShape

DEFAULT_MAX_TEXT_CHARS = 16_777_216
MAX_ID_CHARS = 1000

Format = Literal["csv", "jsonl", "lines", "chat", "json", "xlsx", "ods", "parquet"]
# What one record of JSON is: an object, one value of each of several columns, an array of cells, or the text itself.
Shape = Literal["objects", "columns", "cells", "texts"]
Quoting = Literal["usual", "backslash", "single", "none"]
# What becomes of marks of HTML in a text: it is read out of them, or they are kept.
Html = Literal["read", "keep"]
# Which of the columns that are neither text nor id are kept beside each row: all, none, or those named.
Keep = Literal["all", "none"] | tuple[str, ...]
RAW_SHOWN_CHARS = 1000


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the person said about the input; None or empty means "guess".

    delimiter: one character, or one of the words tab, comma, semicolon, pipe, none.
    text_fallbacks: the columns that hold the text where the text columns are empty.
    no_header: the first line is a row. column_names: what its columns are called.
    member: of a .zip archive. sheet: of a workbook. records: the path to the records of a JSON document.
    keep: the other columns to keep, by name, or all of them, or none.
    vocabulary: what the labels mean. labels_strict: a row with any other label is refused. every_label: of all rows.
    tool: which one wrote the file. html: whether texts are HTML.
    """

    text_columns: tuple[str, ...] = ()
    id_column: str | None = None
    label_column: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    max_text_chars: int = DEFAULT_MAX_TEXT_CHARS
    vocabulary: LabelVocabulary | None = None
    labels_strict: bool = False
    every_label: Label | None = None
    text_fallbacks: tuple[str, ...] = ()
    no_header: bool = False
    column_names: tuple[str, ...] = ()
    quoting: Quoting | None = None
    member: str | None = None
    sheet: str | None = None
    records: str | None = None
    tool: str | None = None
    keep: Keep = "none"
    html: Html | None = None


@dataclass(frozen=True, slots=True)
class ClassNames:
    """The names that a file gives to the numbers of one of its columns: `names[0]` is what 0 means."""

    column: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """How the input is read: enough to read the same bytes again and get the same rows.

    delimiter: None for every format but CSV, and for CSV with a single column, where every comma belongs to the text.
    columns: the header's names as they stand, or the keys seen in the sample, those of nested objects with dots.
    first_row: the 1-based line at which the data begin.
    notes: what the person should know about the guesses, one sentence each.
    vocabulary: what the values in the column of labels say; None gives them as they stand.
    every_label: what all rows are, where no column says it.
    quoting: "none" where a quote is a character like any other, "backslash" where one in a cell has that
        before it, "single" where cells stand in single quotes.
    member: the file of a .zip archive. sheet: of a workbook.
    records: where a JSON document holds its records; `shape` says what each of them is.
    text_fallbacks: the columns of the text where all text columns are empty, the first that is not.
    class_names: the names of numbered labels, where the file itself has them.
    sample_cells: gives a column's cells in the rows from which all this was decided.
    tool: whose export it is. Its labels are read where `label_column` says which question they answer.
    keep: the other columns that each row carries.
    is_html: the text is read out of the HTML in its columns.
    is_mended: characters whose bytes were written in their place are mended, in all strings of a record.
    """

    format: Format
    encoding: str
    delimiter: str | None
    columns: tuple[str, ...]
    text_columns: tuple[str, ...]
    id_column: str | None
    label_column: str | None
    notes: tuple[str, ...] = ()
    first_row: int = 1
    max_text_chars: int = DEFAULT_MAX_TEXT_CHARS
    vocabulary: LabelVocabulary | None = FAKE_OR_REAL
    every_label: Label | None = None
    text_fallbacks: tuple[str, ...] = ()
    quoting: Quoting = "usual"
    member: str | None = None
    sheet: str | None = None
    records: str | None = None
    shape: Shape = "objects"
    class_names: tuple[ClassNames, ...] = ()
    sample_cells: Callable[[str], Iterable[str | None]] | None = field(default=None, compare=False, repr=False)
    tool: ToolShape | None = None
    keep: Keep = "none"
    is_html: bool = False
    is_mended: bool = False


class Row(NamedTuple):
    """One accepted row; `row` is the 1-based number of the physical line, record or sheet row at which it starts.

    said: each judgement in it where a tool for labelling wrote it; `label` is then what most say.
    columns: the JSON of its other columns, where they are kept.

    A tuple, which takes half the time of a frozen dataclass: one is made of every row.
    """

    row: int
    external_id: str | None
    text: str
    label: str | None
    said: tuple[Said, ...] = ()
    columns: str | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """One refused row; `raw` is shortened and made storable in any database.

    columns: the JSON of its columns, where they are kept and can be told apart.
    """

    row: int
    reason: str
    raw: str
    columns: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of the input is held at a time; tests make these small.

    A quoted record longer than `record_lines` or `record_chars` counts as a quote that was never closed;
    `record_chars` is at least the layout's `max_text_chars`.
    """

    block_bytes: int = 262_144
    sample_bytes: int = 4_194_304
    record_chars: int = DEFAULT_MAX_TEXT_CHARS
    record_lines: int = 10_000
