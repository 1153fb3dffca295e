"""What crosses the border of this package: the person's choices, the layout decided from them, and the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from newsgate.model.labels import Label
from newsgate.tasks.reading.label_values.vocabulary import FAKE_OR_REAL, LabelVocabulary

DEFAULT_MAX_TEXT_CHARS = 16_777_216
MAX_ID_CHARS = 1000
RAW_SHOWN_CHARS = 1000


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the person said about the input; None or empty means "guess".

    delimiter: one character, or one of the words tab, comma, semicolon, pipe.
    vocabulary: what the labels mean. labels_strict: a row with any other label is refused. every_label: of all rows.
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


@dataclass(frozen=True, slots=True)
class Layout:
    """How the input is read: enough to read the same bytes again and get the same rows.

    delimiter: None for JSONL, and for CSV with a single column, where every comma belongs to the text.
    columns: the header's names as they stand, or the JSON keys seen in the sample.
    first_row: the 1-based line at which the data begin.
    notes: what the person should know about the guesses, one sentence each.
    vocabulary: what the values in the column of labels say; None gives them as they stand.
    every_label: what all rows are, where no column says it.
    """

    format: Literal["csv", "jsonl"]
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


class Row(NamedTuple):
    """One accepted row; `row` is the 1-based physical line at which it starts.

    A tuple, which takes half the time of a frozen dataclass: one is made of every row.
    """

    row: int
    external_id: str | None
    text: str
    label: str | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """One refused row; `raw` is shortened and made storable in any database."""

    row: int
    reason: str
    raw: str


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
