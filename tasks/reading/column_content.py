"""What the cells of a column are: texts, or something that no model reads."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

CellKind = Literal["texts", "addresses", "numbers", "dates", "single words", "lists", "JSON", "nothing"]

_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|[^\s@]+@[^\s@]+\.\w+", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?[\d.,]*\d[\d.,]*(?:[eE][+-]?\d+)?\s?%?")
_DATE = re.compile(r"\d{4}[-/.]\d\d?[-/.]\d\d?(?:[T ].*)?|\d\d?[-/.]\d\d?[-/.]\d{2,4}(?: .*)?")
_CLOCK = re.compile(r"(?:[\d:.,TZ+ -]|[ap]\.?m\b\.?|GMT|UTC)+", re.IGNORECASE)
# Of an object, as queues and databases write it into a cell; a text that is written in parts is read as a text.
_OBJECT = re.compile(r'\{\s*"(?!text":)(?:[^"\\]|\\.)*"\s*:')
# From here on scripts are written without blanks between words, but for Korean.
_FIRST_WITHOUT_BLANKS = 0x2E80
_WITHOUT_BLANKS = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF))
_WORD_CHARS = 40
_MOST_CHARS_JUDGED = 400
# The share of a column's cells that must be of one kind.
_SHARE = 0.9


class ListCell(str):
    """How a list or an object of JSON is shown; it is no text, whatever is in it."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class ColumnContent:
    """A column in a sample of `rows` rows, `filled` of which hold more than blanks there; means are of those."""

    rows: int
    filled: int
    mean_chars: float
    mean_words: float
    kind: CellKind

    @property
    def fill(self) -> float:
        """The share of rows in which the column is not empty."""
        return self.filled / self.rows if self.rows else 0.0


def judge_column(cells: Iterable[str | None]) -> ColumnContent:
    """Count what a column's cells are."""
    rows = chars = words = 0
    kinds: dict[CellKind, int] = {}
    for cell in cells:
        rows += 1
        is_list = isinstance(cell, ListCell)
        cell = (cell or "").strip()
        if not cell:
            continue
        kind: CellKind = "lists" if is_list else judge_cell(cell)
        kinds[kind] = kinds.get(kind, 0) + 1
        chars += len(cell)
        words += len(cell.split())
    filled = sum(kinds.values())
    if not filled:
        return ColumnContent(rows, 0, 0.0, 0.0, "nothing")
    kind, count = max(kinds.items(), key=lambda each: each[1])
    return ColumnContent(rows, filled, chars / filled, words / filled, kind if count >= _SHARE * filled else "texts")


def judge_cell(cell: str) -> CellKind:
    """What one cell is; it is not blank at its ends."""
    if not cell:
        return "nothing"
    # Whatever is as long is a text, or else an address with nothing after it.
    head = cell[:_MOST_CHARS_JUDGED]
    if _ADDRESS.fullmatch(head):
        return "addresses"
    if _DATE.fullmatch(head) and _CLOCK.fullmatch(head[10:] or "0"):
        return "dates"
    if _NUMBER.fullmatch(head):
        return "numbers"
    if cell[0] == "{" and cell[-1] == "}" and _OBJECT.match(head):
        return "JSON"
    if len(cell) <= _WORD_CHARS and not any(char.isspace() for char in cell) and not _is_without_blanks(cell):
        return "single words"
    return "texts"


def _is_without_blanks(cell: str) -> bool:
    points = map(ord, cell)
    return any(
        point >= _FIRST_WITHOUT_BLANKS or any(first <= point <= last for first, last in _WITHOUT_BLANKS)
        for point in points
    )
