"""The rows of a file of labels, in each of the forms people have them.

By text, by item, as results of newsgate with a column of answers added, or as a review sheet.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy import Connection, select

from newsgate.db.tables import LABELS, items
from newsgate.foundation.errors import NewsgateError
from newsgate.tasks.labelling.review_session import REVIEWED
from newsgate.tasks.labelling.spreadsheet_files import LABEL_COLUMNS, unguard_cell
from newsgate.tasks.models.labelled_files import DEFAULT_LABEL_COLUMN
from newsgate.tasks.reading import Layout, NoTextColumnError, ReadOptions, Rejected, Row, Source, UnknownColumnError
from newsgate.tasks.reading.row_maker import EMPTY_TEXT

_LARGEST_ITEM_DIGITS = 18
_NAME_SHOWN_CHARS = 40
_VERDICT_COLUMNS = frozenset({"p_fake", "classified_at"})


class NotLabelsError(NewsgateError):
    """A file whose labels are not what a person said, or not in the form this command reads."""


@dataclass(frozen=True, slots=True)
class LabelForm:
    """How a file is read: what names its texts, and how they were chosen where the rows do not say it.

    guarded: newsgate wrote it, with quotes before what a spreadsheet would take for a formula.
    """

    kind: Literal["text", "item", "results", "sheet"]
    layout: Layout
    chosen: str = ""
    guarded: bool = False

    @property
    def label_column(self) -> str | None:
        """The column of the labels."""
        return self.layout.id_column


@dataclass(frozen=True, slots=True)
class Answer:
    """One row that says fake or real about a text, or about the item of this number.

    cell: the item's text as the row has it, where it does.
    """

    row: int
    name: str
    label: str
    chosen: str
    cell: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One answer with its text."""

    row: int
    text: str
    label: str
    chosen: str


@dataclass(frozen=True, slots=True)
class Refused:
    """One row that cannot be used, and why."""

    row: int
    reason: str


def labels_form(source: Source, options: ReadOptions, *, chosen: str) -> LabelForm:
    """The form of a file of labels. Raises ReadError, NotLabelsError.

    Texts win over items' numbers, but not in results: whether a quote before a text is the text's own, only its item
    tells.
    """
    named = replace(options, label_column=options.label_column or DEFAULT_LABEL_COLUMN)
    kind: Literal["text", "item", "results"] = "text"
    try:
        layout = source.layout(named)
    except NoTextColumnError as error:
        if "item" not in _folded(error.columns):
            raise
        kind = "item"
        layout = source.layout(replace(named, text_columns=("item",)))
    columns = _folded(layout.columns)
    if {"item", "chosen", "p_fake"} <= columns:
        raise NotLabelsError(
            "this is a sheet of the review queue", where=source.name, remedy="Read it with `newsgate review --import`"
        )
    has_verdicts = columns >= _VERDICT_COLUMNS
    if options.label_column is None and has_verdicts:
        raise NotLabelsError(
            f"the column {layout.label_column!r} holds a model's verdicts, not what people say",
            where=source.name,
            remedy="Name the column of people's labels with --label-column",
        )
    is_results = has_verdicts and layout.format == "csv" and _folded(options.text_columns) <= {"text"}
    if is_results and {"item", "text"} <= columns:
        kind = "results"
        layout = source.layout(replace(named, text_columns=("item", "text")))
    guarded = is_results or set(LABEL_COLUMNS) <= columns
    return LabelForm(kind, _raw_labels(layout), chosen=chosen, guarded=guarded)


def sheet_form(source: Source) -> LabelForm:
    """The form of a sheet that `newsgate review --export` wrote. Raises ReadError, NotLabelsError."""
    named = ReadOptions(text_columns=("item", "chosen"), label_column="label")
    try:
        layout = source.layout(named)
    except UnknownColumnError as error:
        missing = [name for name in ("item", "chosen", "label") if name not in _folded(error.columns)]
        raise NotLabelsError(
            f"this is not a sheet of `newsgate review --export`: it has no column {' or '.join(missing)}",
            where=source.name,
            remedy="`newsgate labels import` reads other files of labels",
        ) from error
    return LabelForm("sheet", _raw_labels(layout))


def read_answers(source: Source, form: LabelForm) -> Iterator[Answer | Refused | None]:
    """Each row of the file; None for one that nobody has answered."""
    for row in source.rows(form.layout):
        yield _refused(row, form) if isinstance(row, Rejected) else _answer(row, form)


def with_texts(connection: Connection, answers: Sequence[Answer], form: LabelForm) -> list[Judgement | Refused]:
    """The answers with their texts, looked up where the file names items.

    Results of another database have the same items' numbers beside other texts: such rows are refused.
    """
    if form.kind == "text":
        return [Judgement(each.row, each.name, each.label, each.chosen) for each in answers]
    numbers = {int(each.name) for each in answers}
    query = select(items.c.id, items.c.text).where(items.c.id.in_(numbers))
    texts = {row.id: row.text for row in connection.execute(query)}
    return [_with_text(each, texts.get(int(each.name)), form) for each in answers]


def _with_text(answer: Answer, text: str | None, form: LabelForm) -> Judgement | Refused:
    if text is None:
        return Refused(answer.row, f"there is no item {answer.name}")
    if form.kind == "results" and not _is_cell_of(answer.cell, text):
        return Refused(answer.row, f"the text of item {answer.name} is another one in this database")
    return Judgement(answer.row, text, answer.label, answer.chosen)


def _is_cell_of(cell: str, text: str) -> bool:
    # As `results` wrote it, or with --raw; spreadsheets write line ends and the blanks around them anew.
    return text.split() in (cell.split(), unguard_cell(cell).split())


def _raw_labels(layout: Layout) -> Layout:
    # As a label the reader gives fake, real or nothing; as an id it gives what stands there, so that a row with a
    # misspelt label can be refused by its number, and one without an answer is not.
    return replace(layout, id_column=layout.label_column, label_column=None)


def _answer(row: Row, form: LabelForm) -> Answer | Refused | None:
    said = row.external_id or ""
    label = said.strip().casefold()
    if not label:
        return None
    if label not in LABELS:
        return Refused(row.row, f"the label {said!r} is neither fake nor real")
    if form.kind == "text":
        return Answer(row.row, unguard_cell(row.text) if form.guarded else row.text, label, form.chosen)
    # Two columns come as two lines, the item's first; where one of the cells is empty, as one.
    name, _, other = (part.strip() for part in row.text.partition("\n"))
    if not (name.isascii() and name.isdigit() and len(name) <= _LARGEST_ITEM_DIGITS):
        return Refused(row.row, f"{name[:_NAME_SHOWN_CHARS]!r} is not the number of an item")
    if form.kind == "results":
        return Answer(row.row, name, label, form.chosen, cell=other)
    if form.kind == "sheet" and other not in REVIEWED:
        return Refused(row.row, f"the column chosen says {other!r}, not one of {', '.join(REVIEWED)}")
    return Answer(row.row, name, label, other or form.chosen)


def _refused(row: Rejected, form: LabelForm) -> Refused | None:
    if not row.raw.strip(' ,;\t\r\n"'):
        return None  # spreadsheets like to leave rows of nothing behind
    is_nameless = row.reason == EMPTY_TEXT and form.kind != "text"
    return Refused(row.row, "the column item is empty" if is_nameless else row.reason)


def _folded(columns: Sequence[str]) -> set[str]:
    return {name.strip().casefold() for name in columns}
