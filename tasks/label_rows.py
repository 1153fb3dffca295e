"""The rows of a file of labels, in each of the forms people have them: by text, by item, or as a review sheet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy import Connection, select

from db.tables import LABELS, items
from newsgate.errors import NewsgateError
from tasks.modelling import DEFAULT_LABEL_COLUMN
from tasks.reading import Layout, NoTextColumnError, ReadOptions, Rejected, Row, Source, UnknownColumnError
from tasks.reading.row_maker import EMPTY_TEXT
from tasks.reviewing import REVIEWED
from tasks.spreadsheets import LABEL_COLUMNS, unguard_cell

_LARGEST_ITEM_DIGITS = 18


class NotLabelsError(NewsgateError):
    """A file whose labels are not what a person said, or not in the form this command reads."""


@dataclass(frozen=True, slots=True)
class LabelForm:
    """How a file is read: what names its texts, and how they were chosen where the rows do not say it.

    guarded: `newsgate labels export` wrote it, with quotes before what a spreadsheet would take for a formula.
    """

    kind: Literal["text", "item", "sheet"]
    layout: Layout
    chosen: str = ""
    guarded: bool = False

    @property
    def label_column(self) -> str | None:
        """The column of the labels."""
        return self.layout.id_column


@dataclass(frozen=True, slots=True)
class Answer:
    """One row that says fake or real about a text, or about the item of this number."""

    row: int
    name: str
    label: str
    chosen: str


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
    """The form of a file of labels; texts win over items' numbers. Raises ReadError, NotLabelsError."""
    named = replace(options, label_column=options.label_column or DEFAULT_LABEL_COLUMN)
    kind: Literal["text", "item"] = "text"
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
    if options.label_column is None and {"p_fake", "classified_at"} <= columns:
        raise NotLabelsError(
            f"the column {layout.label_column!r} holds a model's verdicts, not what people say",
            where=source.name,
            remedy="Name the column of people's labels with --label-column",
        )
    return LabelForm(kind, _raw_labels(layout), chosen=chosen, guarded=set(LABEL_COLUMNS) <= columns)


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
    """The answers with their texts, looked up where the file names items."""
    if form.kind == "text":
        return [Judgement(each.row, each.name, each.label, each.chosen) for each in answers]
    numbers = {int(each.name) for each in answers}
    query = select(items.c.id, items.c.text).where(items.c.id.in_(numbers))
    texts = {row.id: row.text for row in connection.execute(query)}
    return [
        Judgement(each.row, texts[int(each.name)], each.label, each.chosen)
        if int(each.name) in texts
        else Refused(each.row, f"there is no item {each.name}")
        for each in answers
    ]


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
    # A sheet's two columns come as two lines; where one of the cells is empty, as one.
    name, _, chosen = (part.strip() for part in row.text.partition("\n"))
    if not (name.isascii() and name.isdigit() and len(name) <= _LARGEST_ITEM_DIGITS):
        return Refused(row.row, f"{name!r} is not the number of an item")
    if form.kind == "sheet" and chosen not in REVIEWED:
        return Refused(row.row, f"the column chosen says {chosen!r}, not one of {', '.join(REVIEWED)}")
    return Answer(row.row, name, label, chosen or form.chosen)


def _refused(row: Rejected, form: LabelForm) -> Refused | None:
    if not row.raw.strip(' ,;\t\r\n"'):
        return None  # spreadsheets like to leave rows of nothing behind
    is_nameless = row.reason == EMPTY_TEXT and form.kind != "text"
    return Refused(row.row, "the column item is empty" if is_nameless else row.reason)


def _folded(columns: Sequence[str]) -> set[str]:
    return {name.strip().casefold() for name in columns}
