"""One pass over a file before any of its labels is used: which values they have, and what they say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from newsgate.foundation.errors import WrongUsageError
from newsgate.model.labels import LABELS
from newsgate.tasks.reading.errors import ReadError
from newsgate.tasks.reading.label_tools.said import UNCLEAR, ToolShape
from newsgate.tasks.reading.label_values.class_names import by_names, check_numbers, with_numbers
from newsgate.tasks.reading.label_values.decision import (
    LabelValuesError,
    check_vocabulary,
    decide_vocabulary,
    is_clear,
    list_values,
    speaks_for_itself,
)
from newsgate.tasks.reading.label_values.vocabulary import ALL_WORDS, FAKE_OR_REAL, LabelVocabulary
from newsgate.tasks.reading.label_values.words import LABEL_COLUMNS, fold, fold_column
from newsgate.tasks.reading.records import Layout, ReadOptions, Rejected

if TYPE_CHECKING:
    from newsgate.tasks.reading.label_values.labelled_layout import LabelledSource

DEFAULT_LABEL_COLUMN = "label"
# More different values than this are no labels: texts, links, numbers of anything.
MOST_VALUES = 1_000


class NoAnswerError(ReadError):
    """A tool's export in which it is unclear which question the labels answer."""


def settle_labels(source: LabelledSource, layout: Layout, options: ReadOptions) -> Layout:
    """Decide what the values in the layout's column of labels say. Raises LabelValuesError."""
    column = layout.label_column or DEFAULT_LABEL_COLUMN
    if _is_plain_in_sample(layout, options):
        return replace(layout, vocabulary=ALL_WORDS)
    values = _count_values(source, layout, column)
    names = next((each.names for each in layout.class_names if each.column == column), ())
    if names and options.vocabulary is not None:
        check_numbers(options.vocabulary, names, column=column, where=source.name)
        options = replace(options, vocabulary=with_numbers(options.vocabulary, names))
    elif names:
        values = by_names(values, names)
    vocabulary = with_numbers(_settle_vocabulary(values, column, options, where=source.name), names)
    is_usual = not names and fold(column) in (DEFAULT_LABEL_COLUMN, fold(options.label_column or ""))
    note = None if is_usual and _is_plain(values, vocabulary) else _meaning(values, vocabulary)
    by_whom = ", by the names in the file" if names else ""
    notes = (f"labels in column {column!r}{by_whom}: {note}",) if note else ()
    return replace(layout, vocabulary=vocabulary, notes=(*layout.notes, *notes))


def _is_plain_in_sample(layout: Layout, options: ReadOptions) -> bool:
    """Whether the first rows say fake and real, and nothing else: then no pass over the file is needed to see it."""
    is_asked = options.vocabulary is not None or options.labels_strict
    if is_asked or layout.sample_cells is None or layout.label_column is None or layout.class_names:
        return False
    if layout.label_column not in (options.label_column, DEFAULT_LABEL_COLUMN):
        return False
    if speaks_for_itself(layout.label_column):
        # A later true would be said of the text, or of that name.
        return False
    cells = {cell.strip().casefold() for cell in layout.sample_cells(layout.label_column) if cell and cell.strip()}
    return cells == set(LABELS)


def find_label_column(columns: Sequence[str]) -> str:
    """The column that labels are usually in: `label`, else the only one whose name says that it holds them."""
    if any(fold(name) == DEFAULT_LABEL_COLUMN for name in columns):
        return DEFAULT_LABEL_COLUMN
    for usual in (speaks_for_itself, lambda name: fold_column(name) in LABEL_COLUMNS):
        found = [name for name in columns if usual(name)]
        if len(found) == 1:
            return found[0]
    return DEFAULT_LABEL_COLUMN


def tool_layout(
    source: LabelledSource, layout: Layout, tool: ToolShape, options: ReadOptions, *, is_asked: bool
) -> Layout:
    """Read a tool's labels; where nobody asks for them and they say neither fake nor real, the file has none."""
    if options.every_label is not None:
        raise WrongUsageError(
            f"--label labels every row, and this is an export of {tool.title}, in which each row says it itself",
            remedy="Leave out --label",
        )
    recognised = f"read as an export of {tool.title}"
    try:
        question = _choose_question(tool, layout, options, where=source.name)
        asking = replace(layout, label_column=question)
        values = _count_values(source, asking, question)
        vocabulary = _settle_vocabulary(values, question, options, where=source.name)
    except (LabelValuesError, NoAnswerError) as error:
        if is_asked:
            raise
        return replace(layout, notes=(*layout.notes, f"{recognised}, without its labels: {error.what}"))
    said = _meaning(values, vocabulary) or "nobody has labelled anything"
    notes = [f"{recognised}: {said}"]
    if source.no_labels:
        how = how_to_export(source.no_labels)
        notes.append(f"no labels: {list_no_labels(source.no_labels)}{f'; {how}' if how else ''}")
    if others := Counter({value: rows for value, rows in values.items() if vocabulary.label_of(value) is None}):
        notes.append(f"neither fake nor real: {list_values(others)}")
    return replace(asking, vocabulary=vocabulary, notes=(*layout.notes, *notes))


def how_to_export(no_labels: Mapping[str, int]) -> str | None:
    """How to export such that nothing is left out that decides about labels; None where nothing is."""
    if not no_labels.get(UNCLEAR):
        return None
    return "Argilla keeps that in dataset.records.to_list(flatten=True), and in dataset.records.to_datasets()"


def list_no_labels(counts: Mapping[str, int]) -> str:
    """How many judgements are none, by why not."""
    return ", ".join(f"{count:,} {why}" for why, count in sorted(counts.items(), key=lambda each: (-each[1], each[0])))


def _choose_question(tool: ToolShape, layout: Layout, options: ReadOptions, *, where: str) -> str:
    """The question that the labels answer: the one that is named, the only one, or the only one about fake and real."""
    taken = {*layout.text_columns, *layout.text_fallbacks, layout.id_column}
    answers = [answer for answer in tool.answers if answer.name not in taken]
    names = [answer.name for answer in answers]
    wanted = options.label_column
    if wanted is not None and (wanted in names or len(names) != 1):
        if wanted in names:
            return wanted
    elif len(names) == 1:
        return names[0]
    clear = [answer.name for answer in answers if is_clear(answer.values, answer.name)]
    if wanted is None and len(clear) == 1:
        return clear[0]
    listed = ", ".join(map(repr, names)) or "none"
    what = "no question" if wanted is None else f"no question {wanted!r}"
    raise NoAnswerError(
        f"{what} of this export of {tool.title} is about fake and real, among: {listed}",
        where=where,
        remedy="Name the right one with --label-column",
    )


def _settle_vocabulary(values: Counter[str], column: str, options: ReadOptions, *, where: str) -> LabelVocabulary:
    if options.vocabulary is None:
        return decide_vocabulary(values, column=column, where=where, strict=options.labels_strict)
    check_vocabulary(options.vocabulary, values, column=column, where=where)
    return replace(options.vocabulary, strict=options.labels_strict)


def may_hold_labels(column: str) -> bool:
    """Whether the column's name says that it holds labels."""
    return speaks_for_itself(column) or fold(column) in LABEL_COLUMNS or fold(column) == DEFAULT_LABEL_COLUMN


def _count_values(source: LabelledSource, layout: Layout, column: str) -> Counter[str]:
    values: Counter[str] = Counter()
    for row in source.rows(replace(layout, vocabulary=None, keep="none")):
        if isinstance(row, Rejected):
            continue
        if row.label is not None:
            values[row.label] += 1
        for said in row.said:
            values.update(said.values)
        if len(values) > MOST_VALUES:
            raise LabelValuesError(
                f"column {column!r} holds more than {MOST_VALUES:,} different values, which are no labels",
                column=column,
                values=values,
                where=source.name,
                remedy="Name another one with --label-column",
            )
    return values


def _is_plain(values: Iterable[str], vocabulary: LabelVocabulary) -> bool:
    """Whether all labels are newsgate's own words."""
    return all(FAKE_OR_REAL.label_of(value) for value in values if vocabulary.label_of(value))


def _meaning(values: Counter[str], vocabulary: LabelVocabulary) -> str:
    """How the labels were understood; empty where none was."""
    sides: dict[str, Counter[str]] = {"fake": Counter(), "real": Counter()}
    for value, count in values.items():
        if (label := vocabulary.label_of(value)) is not None:
            sides[label][value] = count
    return "; ".join(f"{label} is {list_values(side)}" for label, side in sides.items() if side)
