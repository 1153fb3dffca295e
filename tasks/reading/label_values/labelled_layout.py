"""How to read a file with its labels, if it has any and somebody asks for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from newsgate.foundation.errors import WrongUsageError
from newsgate.tasks.reading.errors import UnknownColumnError
from newsgate.tasks.reading.records import Layout, ReadOptions, Rejected, Row


class LabelledSource(Protocol):
    """What is asked of a source here; `Source` is one."""

    name: str
    no_labels: Counter[str]

    def layout(self, options: ReadOptions | None = None) -> Layout:
        """How to read the input."""

    def rows(self, layout: Layout, *, after_row: int = 0) -> Iterable[Row | Rejected]:
        """Each row of the input."""


def labelled_layout(source: LabelledSource, options: ReadOptions, *, needs_labels: bool = False) -> Layout:
    """How to read the input with its labels.

    Without `needs_labels`, with those that the options ask for, and those of a tool's export.
    Raises ReadError, LabelValuesError where it is unclear what the labels say, WrongUsageError.
    """
    # Which column of a tool's export holds the labels, its shape says.
    layout = source.layout(replace(options, label_column=None))
    if layout.tool is not None:
        from newsgate.tasks.reading.label_values.survey import tool_layout

        asked = needs_labels or _asks_for_labels(options) or options.tool is not None
        return tool_layout(source, layout, layout.tool, options, is_asked=asked)
    if options.every_label is not None:
        if options.label_column is not None or options.vocabulary is not None or options.labels_strict:
            raise WrongUsageError(
                "--label labels every row, so no column of labels is read", remedy="Leave out --label, or the others"
            )
        return replace(layout, every_label=options.every_label)
    if not (needs_labels or _asks_for_labels(options)):
        return layout
    # A file without labels needs none of it.
    from newsgate.tasks.reading.label_values.survey import find_label_column, settle_labels

    column = options.label_column or find_label_column(layout.columns)
    try:
        labelled = source.layout(replace(options, label_column=column))
    except UnknownColumnError as error:
        if options.label_column is None and not _asks_for_labels(options):
            error.offer_one_label()
        raise
    return settle_labels(source, labelled, options)


def _asks_for_labels(options: ReadOptions) -> bool:
    return options.label_column is not None or options.vocabulary is not None or options.labels_strict
