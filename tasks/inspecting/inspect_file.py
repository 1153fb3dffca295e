"""What is in a file, and what would become of it: nothing is stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from newsgate.tasks.reading import (
    ColumnContent,
    LabelValuesError,
    Layout,
    ReadOptions,
    Rejected,
    Source,
    find_label_column,
    judge_column,
    kind_of_reason,
    labelled_layout,
    open_source,
    settle_labels,
)
from newsgate.worker.settings import Settings, prepare_home

EXAMPLES = 3
_EXAMPLE_CHARS = 200
_MOST_VALUES = 1_000
REFUSED_SHOWN = 5


@dataclass(frozen=True, slots=True)
class ColumnReport:
    """One column, in a sample of the rows. role: text, fallback, id or label, where it is one of them."""

    name: str
    role: str
    content: ColumnContent
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LabelReport:
    """The values of a column of labels, with how many rows hold each; problem: why they are not understood."""

    column: str
    values: Mapping[str, int]
    problem: str | None


@dataclass(frozen=True, slots=True)
class FileReport:
    """A file as it would be enqueued.

    items, rejected: how many of its rows would be stored and refused. reasons: how many are refused for what.
    incomplete: the file itself is damaged, and some of its rows could not be read at all.
    """

    name: str
    layout: Layout
    columns: tuple[ColumnReport, ...]
    items: int
    rejected: int
    first_rejects: tuple[Rejected, ...]
    reasons: Mapping[str, int]
    labels: LabelReport | None
    warnings: tuple[str, ...]
    incomplete: bool


def inspect_file(path: str, *, options: ReadOptions, settings: Settings) -> FileReport:
    """Read a file to its end. Raises ReadError; LabelValuesError where the labels that are asked for are unclear."""
    with open_source(path, spool_folder=prepare_home(settings) / "spool") as source:
        layout = labelled_layout(source, options)
        values: Counter[str] = Counter()
        raw = _with_raw_labels(layout)
        items = 0
        reasons: Counter[str] = Counter()
        first: list[Rejected] = []
        for row in source.rows(layout if layout.label_column else raw):
            if isinstance(row, Rejected):
                reasons[kind_of_reason(row.reason)] += 1
                if len(first) < REFUSED_SHOWN:
                    first.append(row)
                continue
            items += 1
            if row.label is not None and (row.label in values or len(values) < _MOST_VALUES):
                values[row.label] += 1
        return FileReport(
            name=source.name,
            layout=layout,
            columns=tuple(_column(name, layout) for name in dict.fromkeys(layout.columns)),
            items=items,
            rejected=sum(reasons.values()),
            first_rejects=tuple(first),
            reasons=reasons,
            labels=_labels(source, layout, raw, values, options),
            warnings=tuple(each for each in source.warnings if not each.startswith("labels ignored")),
            incomplete=source.incomplete,
        )


def _with_raw_labels(layout: Layout) -> Layout:
    """The layout with the column that looks like labels, given as they stand."""
    column = find_label_column(layout.columns)
    spelled = next((name for name in layout.columns if name.strip().casefold() == column.strip().casefold()), None)
    return replace(layout, label_column=spelled, vocabulary=None)


def _labels(
    source: Source, layout: Layout, raw: Layout, values: Mapping[str, int], options: ReadOptions
) -> LabelReport | None:
    if layout.label_column is not None:
        return LabelReport(layout.label_column, values, None)
    if raw.label_column is None or not values:
        return None
    problem = None
    try:
        settle_labels(source, raw, options)
    except LabelValuesError as error:
        problem = f"{error.what}. {error.remedy}" if error.remedy else error.what
    return LabelReport(raw.label_column, values, problem)


def _column(name: str, layout: Layout) -> ColumnReport:
    cells = list(layout.sample_cells(name)) if layout.sample_cells else []
    filled = dict.fromkeys(cell.strip()[:_EXAMPLE_CHARS] for cell in cells if cell and cell.strip())
    return ColumnReport(name, _role(name, layout), judge_column(cells), tuple(list(filled)[:EXAMPLES]))


def _role(name: str, layout: Layout) -> str:
    if name in layout.text_columns:
        return "text"
    if name in layout.text_fallbacks:
        return "fallback"
    return {layout.id_column: "id", layout.label_column: "label"}.get(name, "")
