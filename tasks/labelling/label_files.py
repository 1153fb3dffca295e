"""The rows of a file of labels, in each of the forms people have them.

By text, by item, as results of newsgate with a column of answers added, or as a review sheet.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, select

from newsgate.db.judgement_tables import CHOSEN
from newsgate.db.tables import items
from newsgate.foundation.errors import NewsgateError
from newsgate.tasks.labelling.label_times import time_said
from newsgate.tasks.labelling.review_session import REVIEWED
from newsgate.tasks.labelling.spreadsheet_files import LABEL_COLUMNS, unguard_cell
from newsgate.tasks.reading import (
    FAKE_OR_REAL,
    LabelVocabulary,
    Layout,
    NoTextColumnError,
    ReadError,
    ReadOptions,
    Rejected,
    Row,
    Source,
    UnknownColumnError,
    find_label_column,
    is_known_neither,
    labelled_layout,
)
from newsgate.tasks.reading.row_maker import EMPTY_TEXT

_LARGEST_ITEM_DIGITS = 18
_NAME_SHOWN_CHARS = 40
# What potato's exports name texts by.
_POTATO_ID = "instance_id"
_MARKS = ("item", "chosen")
# What an export says of each label beside the label.
_GIVEN = ("by", "when", "chosen")
# Formats in which `newsgate labels export` guards nothing.
_FOR_PROGRAMS = frozenset({"jsonl", "json"})
_VERDICT_COLUMNS = frozenset({"p_fake", "classified_at"})


class NotLabelsError(NewsgateError):
    """A file whose labels are not what a person said, or not in the form this command reads."""


FormKind = Literal["text", "item", "own id", "results", "sheet", "export"]


@dataclass(frozen=True, slots=True)
class LabelForm:
    """How a file is read: what names its texts, and how they were chosen where the rows do not say it.

    kind: "export" is what `newsgate labels export` wrote, whose rows say by whom they are and how they were chosen.
    guarded: newsgate wrote it, with quotes before what a spreadsheet would take for a formula.
    """

    kind: FormKind
    layout: Layout
    chosen: str = ""
    guarded: bool = False

    @property
    def vocabulary(self) -> LabelVocabulary:
        """What the labels mean."""
        return self.layout.vocabulary or FAKE_OR_REAL


@dataclass(frozen=True, slots=True)
class Answer:
    """One row that says fake or real about a text, or about the item of this number.

    cell: the item's text as the row has it, where it does. by, at: who says it and when, where the file does.
    is_time_unread: the row says when, and not in a way that can be read.
    """

    row: int
    name: str
    label: str
    chosen: str
    cell: str = ""
    by: str | None = None
    at: datetime | None = None
    is_time_unread: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """One answer with its text. by, at: who says it and when, where the file does."""

    row: int
    text: str
    label: str
    chosen: str
    by: str | None = None
    at: datetime | None = None


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
    kind, options, layout = _find_texts(source, options)
    columns = _folded(layout.columns)
    if {"item", "chosen", "p_fake"} <= columns:
        raise NotLabelsError(
            "this is a sheet of the review queue", where=source.name, remedy="Read it with `newsgate review --import`"
        )
    has_verdicts = columns >= _VERDICT_COLUMNS
    if options.label_column is None and options.every_label is None and has_verdicts:
        raise NotLabelsError(
            f"the column {find_label_column(layout.columns)!r} holds a model's verdicts, not what people say",
            where=source.name,
            remedy="Name the column of people's labels with --label-column",
        )
    is_results = has_verdicts and layout.format == "csv" and _folded(options.text_columns) <= {"text"}
    if is_results and {"item", "text"} <= columns:
        kind = "results"
        options = replace(options, text_columns=("item", "text"))
    is_export = kind == "text" and set(LABEL_COLUMNS) <= columns
    if is_export:
        kind = "export"
        options = replace(options, keep=tuple(each for each in layout.columns if each.strip().casefold() in _GIVEN))
    guarded = is_results or (is_export and layout.format not in _FOR_PROGRAMS)
    # An id of the file's own is of no use here, and may be one that refuses a row.
    layout = replace(labelled_layout(source, options, needs_labels=True), id_column=None)
    return LabelForm(kind, layout, chosen=chosen, guarded=guarded)


def _find_texts(source: Source, options: ReadOptions) -> tuple[FormKind, ReadOptions, Layout]:
    """What names the texts, and how the file is then read. Raises ReadError."""
    try:
        return "text", options, source.layout(options)
    except NoTextColumnError as error:
        columns = _folded(error.columns)
        kinds: dict[str, FormKind] = {"item": "item", _POTATO_ID: "own id"}
        for column, kind in kinds.items():
            if column in columns:
                by_name = replace(options, text_columns=(column,))
                return kind, by_name, source.layout(by_name)
        raise


def sheet_form(source: Source) -> LabelForm:
    """The form of a sheet that `newsgate review --export` wrote. Raises ReadError, NotLabelsError."""
    named = ReadOptions(text_columns=("item", "chosen"), label_column="label")
    try:
        layout = source.layout(named)
        if layout.tool is not None:
            return _tool_sheet_form(source, layout)
    except UnknownColumnError as error:
        if (form := _find_tool_sheet(source)) is not None:
            return form
        missing = [name for name in ("item", "chosen", "label") if name not in _folded(error.columns)]
        raise NotLabelsError(
            f"this is not a sheet of `newsgate review --export`: it has no column {' or '.join(missing)}",
            where=source.name,
            remedy="`newsgate labels import` reads other files of labels",
        ) from error
    return LabelForm("sheet", layout)


def _find_tool_sheet(source: Source) -> LabelForm | None:
    """The form of a tool's export of what `newsgate review --export --for` wrote."""
    try:
        layout = source.layout()
    except ReadError:
        return None
    return None if layout.tool is None else _tool_sheet_form(source, layout)


def _tool_sheet_form(source: Source, layout: Layout) -> LabelForm:
    # In some tools' exports they stand in an object of the task's data.
    columns = [next((each for each in layout.columns if each.rpartition(".")[2] == name), name) for name in _MARKS]
    options = ReadOptions(text_columns=tuple(columns), tool=layout.tool.tool if layout.tool else None)
    return LabelForm("sheet", replace(labelled_layout(source, options, needs_labels=True), id_column=None))


def read_answers(source: Source, form: LabelForm) -> Iterator[Answer | Refused | None]:
    """Each judgement of the file, in its rows' order; None for a row that nobody has answered."""
    if form.layout.tool is not None:
        yield from _answers_of_tool(source, form)
        return
    # As they stand: a row with a misspelt label is refused by its number, and one without an answer is not.
    for row in source.rows(replace(form.layout, vocabulary=None)):
        yield _refused(row, form) if isinstance(row, Rejected) else _answer(row, form)


def with_texts(connection: Connection, answers: Sequence[Answer], form: LabelForm) -> list[Judgement | Refused]:
    """The answers with their texts, looked up where the file names items.

    Results of another database have the same items' numbers beside other texts: such rows are refused.
    """
    if form.kind in ("text", "export"):
        return [Judgement(each.row, each.name, each.label, each.chosen, each.by, each.at) for each in answers]
    if form.kind == "own id":
        return _with_texts_of_own_ids(connection, answers)
    numbers = {int(each.name) for each in answers}
    query = select(items.c.id, items.c.text).where(items.c.id.in_(numbers))
    texts = {row.id: row.text for row in connection.execute(query)}
    return [_with_text(each, texts.get(int(each.name)), form) for each in answers]


def _with_texts_of_own_ids(connection: Connection, answers: Sequence[Answer]) -> list[Judgement | Refused]:
    query = select(items.c.external_id, items.c.text).where(items.c.external_id.in_({each.name for each in answers}))
    texts: dict[str, set[str]] = {}
    for row in connection.execute(query.distinct()):
        texts.setdefault(row.external_id, set()).add(row.text)
    found: list[Judgement | Refused] = []
    for each in answers:
        of_id = sorted(texts.get(each.name, ()))
        if len(of_id) == 1:
            found.append(Judgement(each.row, of_id[0], each.label, each.chosen, each.by))
        else:
            what = "no enqueued text has" if not of_id else "several enqueued texts have"
            found.append(Refused(each.row, f"{what} the id {each.name[:_NAME_SHOWN_CHARS]!r}"))
    return found


def _with_text(answer: Answer, text: str | None, form: LabelForm) -> Judgement | Refused:
    if text is None:
        return Refused(answer.row, f"there is no item {answer.name}")
    if form.kind == "results" and not _is_cell_of(answer.cell, text):
        return Refused(answer.row, f"the text of item {answer.name} is another one in this database")
    return Judgement(answer.row, text, answer.label, answer.chosen, answer.by)


def _is_cell_of(cell: str, text: str) -> bool:
    # As `results` wrote it, or with --raw; spreadsheets write line ends and the blanks around them anew.
    return text.split() in (cell.split(), unguard_cell(cell).split())


def _answer(row: Row, form: LabelForm) -> Answer | Refused | None:
    said = row.label
    if said is None:
        return None
    label = form.vocabulary.label_of(said)
    if label is None:
        return _other_label(row.row, said, form.vocabulary)
    return _answer_saying(row, label, form)


def _answers_of_tool(source: Source, form: LabelForm) -> Iterator[Answer | Refused | None]:
    for row in source.rows(form.layout):
        if isinstance(row, Rejected):
            yield _refused(row, form)
        elif not row.said:
            yield None
        else:
            yield from (_answer_saying(row, said.values[0], form, by=said.by) for said in row.said)


def _answer_saying(row: Row, label: str, form: LabelForm, *, by: str | None = None) -> Answer | Refused:
    """The answer of a row that says this; the row names a text or an item."""
    if form.kind == "text":
        return Answer(row.row, unguard_cell(row.text) if form.guarded else row.text, label, form.chosen, by=by)
    if form.kind == "export":
        return _answer_of_export(row, label, form)
    if form.kind == "own id":
        return Answer(row.row, row.text.strip(), label, form.chosen, by=by)
    # Two columns come as two lines, the item's first; where one of the cells is empty, as one.
    name, _, other = (part.strip() for part in row.text.partition("\n"))
    if not (name.isascii() and name.isdigit() and len(name) <= _LARGEST_ITEM_DIGITS):
        return Refused(row.row, f"{name[:_NAME_SHOWN_CHARS]!r} is not the number of an item")
    if form.kind == "results":
        return Answer(row.row, name, label, form.chosen, cell=other, by=by)
    if form.kind == "sheet" and other not in REVIEWED:
        return Refused(row.row, f"the column chosen says {other!r}, not one of {', '.join(REVIEWED)}")
    return Answer(row.row, name, label, other or form.chosen, by=by)


def _answer_of_export(row: Row, label: str, form: LabelForm) -> Answer | Refused:
    """A label as it was given, so that labels that move to another database train there what they trained here."""
    given = {name.strip().casefold(): str(value).strip() for name, value in json.loads(row.columns or "{}").items()}
    by, chosen = given.get("by", ""), given.get("chosen", "") or "import"
    if chosen not in CHOSEN:
        return Refused(
            row.row, f"the column chosen says {chosen[:_NAME_SHOWN_CHARS]!r}, not one of {', '.join(CHOSEN)}"
        )
    # An import as a test set is one, whatever the rows say.
    chosen = form.chosen if form.chosen == "test" else chosen
    text = row.text
    if form.guarded:
        text, by = unguard_cell(text), unguard_cell(by)
    at = time_said(given.get("when", ""))
    return Answer(
        row.row, text, label, chosen, by=by or None, at=at, is_time_unread=at is None and bool(given.get("when"))
    )


def _other_label(row: int, said: str, vocabulary: LabelVocabulary) -> Refused | None:
    """What a label is that says neither: none, or a slip of the pen."""
    if vocabulary.strict or not (vocabulary.is_given or is_known_neither(said)):
        return Refused(row, f"the label {said!r} is neither fake nor real")
    return None


def _refused(row: Rejected, form: LabelForm) -> Refused | None:
    if not row.raw.strip(' ,;\t\r\n"'):
        return None  # spreadsheets like to leave rows of nothing behind
    is_nameless = row.reason == EMPTY_TEXT and form.kind not in ("text", "own id", "export")
    return Refused(row.row, "the column item is empty" if is_nameless else row.reason)


def _folded(columns: Sequence[str]) -> set[str]:
    return {name.strip().casefold() for name in columns}
