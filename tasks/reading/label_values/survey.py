"""One pass over a file before any of its labels is used: which values its column of labels holds, and what they say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from newsgate.foundation.errors import WrongUsageError
from newsgate.tasks.reading.label_values.decision import (
    LabelValuesError,
    check_vocabulary,
    decide_vocabulary,
    list_values,
    speaks_for_itself,
)
from newsgate.tasks.reading.label_values.vocabulary import FAKE_OR_REAL, LabelVocabulary
from newsgate.tasks.reading.label_values.words import LABEL_COLUMNS, fold
from newsgate.tasks.reading.records import Layout, ReadOptions, Rejected, Row

DEFAULT_LABEL_COLUMN = "label"
# More different values than this are no labels: texts, links, numbers of anything.
MOST_VALUES = 1_000


class LabelledSource(Protocol):
    """What is asked of a source here; `Source` is one."""

    name: str

    def layout(self, options: ReadOptions | None = None) -> Layout:
        """How to read the input."""

    def rows(self, layout: Layout, *, after_row: int = 0) -> Iterable[Row | Rejected]:
        """Each row of the input."""


def labelled_layout(source: LabelledSource, options: ReadOptions, *, needs_labels: bool = False) -> Layout:
    """How to read the input with its labels; without `needs_labels`, with those that the options ask for.

    Raises ReadError, LabelValuesError where it is unclear what the labels say, WrongUsageError.
    """
    if options.every_label is not None:
        if options.label_column is not None or options.vocabulary is not None or options.labels_strict:
            raise WrongUsageError(
                "--label labels every row, so no column of labels is read", remedy="Leave out --label, or the others"
            )
        return replace(source.layout(options), every_label=options.every_label)
    layout = _with_label_column(source, options, needs_labels=needs_labels)
    return layout if layout.label_column is None else settle_labels(source, layout, options)


def settle_labels(source: LabelledSource, layout: Layout, options: ReadOptions) -> Layout:
    """Decide what the values in the layout's column of labels say. Raises LabelValuesError."""
    column = layout.label_column or DEFAULT_LABEL_COLUMN
    values = _count_values(source, layout, column)
    if options.vocabulary is not None:
        check_vocabulary(options.vocabulary, values, column=column, where=source.name)
        vocabulary = replace(options.vocabulary, strict=options.labels_strict)
    else:
        vocabulary = decide_vocabulary(values, column=column, where=source.name, strict=options.labels_strict)
    is_usual = fold(column) in (DEFAULT_LABEL_COLUMN, fold(options.label_column or ""))
    note = _note(values, vocabulary, column, is_usual=is_usual)
    return replace(layout, vocabulary=vocabulary, notes=(*layout.notes, note) if note else layout.notes)


def find_label_column(columns: Sequence[str]) -> str:
    """The column that labels are usually in: `label`, else the only one whose name says that it holds them."""
    if any(fold(name) == DEFAULT_LABEL_COLUMN for name in columns):
        return DEFAULT_LABEL_COLUMN
    for usual in (speaks_for_itself, lambda name: fold(name) in LABEL_COLUMNS):
        found = [name for name in columns if usual(name)]
        if len(found) == 1:
            return found[0]
    return DEFAULT_LABEL_COLUMN


def _with_label_column(source: LabelledSource, options: ReadOptions, *, needs_labels: bool) -> Layout:
    layout = source.layout(options)
    asked = needs_labels or options.vocabulary is not None or options.labels_strict
    if layout.label_column is not None or not asked:
        return layout
    return source.layout(replace(options, label_column=find_label_column(layout.columns)))


def _count_values(source: LabelledSource, layout: Layout, column: str) -> Counter[str]:
    values: Counter[str] = Counter()
    for row in source.rows(replace(layout, vocabulary=None)):
        if isinstance(row, Row) and row.label is not None:
            values[row.label] += 1
            if len(values) > MOST_VALUES:
                raise LabelValuesError(
                    f"column {column!r} holds more than {MOST_VALUES:,} different values, which are no labels",
                    column=column,
                    values=values,
                    where=source.name,
                    remedy="Name another one with --label-column",
                )
    return values


def _note(values: Counter[str], vocabulary: LabelVocabulary, column: str, *, is_usual: bool) -> str | None:
    """How the labels were understood; None where they are in newsgate's own words, in the usual column or the named."""
    sides: dict[str, Counter[str]] = {"fake": Counter(), "real": Counter()}
    for value, count in values.items():
        if (label := vocabulary.label_of(value)) is not None:
            sides[label][value] = count
    plain = all(FAKE_OR_REAL.label_of(value) for side in sides.values() for value in side)
    if plain and is_usual:
        return None
    understood = "; ".join(f"{label} is {list_values(side)}" for label, side in sides.items() if side)
    return f"labels in column {column!r}: {understood}" if understood else None
