"""From the values of one record to an accepted row, or to the reason against it."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

from newsgate.tasks.reading.encodings import lone_byte, spell_encoding
from newsgate.tasks.reading.label_values.vocabulary import FAKE_OR_REAL, LabelVocabulary
from newsgate.tasks.reading.records import MAX_ID_CHARS, RAW_SHOWN_CHARS, Rejected, Row

if TYPE_CHECKING:
    from newsgate.tasks.reading.kept_columns import ColumnKeeper
    from newsgate.tasks.reading.label_tools.said import Record
    from newsgate.tasks.reading.label_tools.tool_labels import ToolLabels

EMPTY_TEXT = "empty text"
REMOVED_TEXT = "the text was deleted or removed where it stood"
# For which another column may stand in.
MISSING_TEXT = "the text is only a word for a missing value"
NO_TEXT = frozenset({EMPTY_TEXT, REMOVED_TEXT, MISSING_TEXT})
# What Reddit leaves in the place of a text.
_REMOVED = frozenset({"[deleted]", "[removed]", "[deleted by user]", "[removed by reddit]", "[ removed by reddit ]"})
# What pandas, R, databases, scripts and spreadsheets write where there is nothing; all are shorter than _MISSING_CHARS.
_MISSING = frozenset({"nan", "none", "null", "<na>", "na", "n/a", "nat", "undefined", "\\n"}) | frozenset(
    {"#n/a", "#na", "#name?", "#value!", "#ref!", "#null!", "#num!", "#div/0!", "#error!"}
)
_MISSING_CHARS = 14
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
# Letters and marks by category, blank by design: joiners, fillers, variation selectors, the empty Braille cell.
_INVISIBLE_OTHERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | frozenset(
    map(chr, range(0xFE00, 0xFE10))
)
_KNOWN_LABELS = 1_000
_REMOVED_INDENT_CHARS = 4
_TEXT_PARTS = '{"text":'
_OTHER_LABELS_SHOWN = 5
_OTHER_LABEL_SHOWN_CHARS = 40


class LabelReader:
    """Turns the values of a column of labels into fake, real or None, and remembers the ones that were neither.

    vocabulary: which value says what; None gives the values as they stand.
    """

    def __init__(self, vocabulary: LabelVocabulary | None = FAKE_OR_REAL) -> None:
        self.ignored_rows = 0
        self._vocabulary = vocabulary
        self._examples: list[str] = []
        # A file has few different labels; should it have many, the others are looked up each time.
        self._known: dict[str, str | None] = {}

    def read(self, value: str) -> str | None:
        """Return the label; an unknown one is counted, an empty one is not."""
        if value in self._known:
            label = self._known[value]
        else:
            label = self._look_up(value)
            if len(self._known) < _KNOWN_LABELS:
                self._known[value] = label
        if label is None and self._vocabulary is not None and not value.isspace() and value:
            self._ignore(value.strip())
        return label

    def refusal(self, value: str) -> str | None:
        """Why a row is refused for its label, which was read as None; None where it is not."""
        if self._vocabulary is None or not self._vocabulary.strict or not value.strip():
            return None
        self.ignored_rows -= 1
        return f"the label {_shown(value)!r} is none of {self._vocabulary.described()}"

    def warning(self) -> str | None:
        """Say how many labels were ignored, with the first few distinct ones."""
        if not self.ignored_rows:
            return None
        rows = "1 row" if self.ignored_rows == 1 else f"{self.ignored_rows:,} rows"
        examples = ", ".join(repr(example) for example in self._examples)
        known = "fake or real" if self._vocabulary is None else self._vocabulary.described()
        return f"labels ignored: {rows} had labels other than {known}, such as {examples}"

    def _look_up(self, value: str) -> str | None:
        if self._vocabulary is None:
            return value.strip() or None
        return self._vocabulary.label_of(value)

    def _ignore(self, value: str) -> None:
        self.ignored_rows += 1
        if len(self._examples) < _OTHER_LABELS_SHOWN:
            shown = _shown(value)
            if shown not in self._examples:
                self._examples.append(shown)


class RowMaker:
    """Builds rows of one input; `labels` is None when no label column was named.

    every_label: what all rows are. tool: reads the labels of a tool's export.
    keeper: what gives each row its other columns; None where they are not kept. is_html: texts are read out of HTML.
    undecodable_rows: how many rows were refused for bytes that are not valid in the encoding.
    misquoted_rows: how many for a quote that is not closed where it should be.
    """

    def __init__(
        self,
        *,
        encoding: str,
        max_text_chars: int,
        labels: LabelReader | None,
        every_label: str | None = None,
        tool: ToolLabels | None = None,
        keeper: ColumnKeeper | None = None,
        is_html: bool = False,
    ) -> None:
        self.keeper = keeper
        self.undecodable_rows = 0
        self.misquoted_rows = 0
        self._encoding = encoding
        self._max_text_chars = max_text_chars
        self._labels = labels
        self._every_label = every_label
        self._tool = tool
        self._read_html = None
        if is_html:
            # Hardly any file needs it.
            from newsgate.tasks.reading.html_text import text_of_html

            self._read_html = text_of_html

    def make(
        self, line: int, text: str, external_id: str | None, label: str | None, record: Record | None = None
    ) -> Row | str:
        """Return the row, or the reason to refuse it; record: all of it, where a tool's labels are in it."""
        if self._read_html is not None:
            text = self._read_html(text)
        # Nearly every text begins with a letter, which settles that it is not empty.
        if not text[:1].isalnum() or text[0] in _INVISIBLE_OTHERS:
            if (reason := why_no_text(text)) is not None:
                return reason
            if text.startswith(_TEXT_PARTS):
                text = _joined_parts(text)
        elif len(text) < _MISSING_CHARS and _is_missing(text):
            return MISSING_TEXT
        if len(text) > self._max_text_chars:
            return too_long("text", len(text), self._max_text_chars)
        if external_id is not None:
            external_id = external_id.strip()
            if len(external_id) > MAX_ID_CHARS:
                return too_long("id", len(external_id), MAX_ID_CHARS)
        if record is not None and self._tool is not None:
            read = self._tool.read(record)
            return read if isinstance(read, str) else Row(line, external_id or None, text, *read)
        if label is not None and self._labels is not None:
            said = label
            label = self._labels.read(said)
            if label is None and (reason := self._labels.refusal(said)) is not None:
                return reason
        # As `Row(…)` does it, in half the time.
        return tuple.__new__(Row, (line, external_id or None, text, label or self._every_label, (), None))

    def unstorable_reason(self, lines: Sequence[str], first_line: int) -> str | None:
        """Say where the first NUL or undecodable byte of a record stands, if there is one."""
        for line_number, line in enumerate(lines, first_line):
            if found := _UNSTORABLE.search(line):
                place = f"at character {found.start() + 1} of line {line_number}"
                if found.group() == "\0":
                    return f"a NUL {place}"
                self.undecodable_rows += 1
                byte = lone_byte(found.group())
                what = "a lone surrogate" if byte is None else f"byte 0x{byte:02X}"
                return f"{what} {place} is not valid {spell_encoding(self._encoding)}"
        return None


def join_texts(parts: Sequence[str]) -> str:
    """Join several text columns with line feeds, leaving the empty and the removed ones out."""
    return "\n".join(part for part in parts if not (is_blank(part) or is_removed(part)))


def is_removed(text: str) -> bool:
    """Whether the text only says that there was one, or that there is none."""
    is_said_so = "[" in text[:_REMOVED_INDENT_CHARS] and text.strip().casefold() in _REMOVED
    return is_said_so or _is_missing(text)


def why_no_text(text: str) -> str | None:
    """The reason why it is no text; None where it is one."""
    if is_blank(text):
        return EMPTY_TEXT
    if is_removed(text):
        return MISSING_TEXT if _is_missing(text) else REMOVED_TEXT
    return None


def _is_missing(text: str) -> bool:
    return len(text) < _MISSING_CHARS and text.strip().casefold() in _MISSING


def is_blank(text: str) -> bool:
    """Whether nothing of the text would be seen: white space, controls, zero-width characters, fillers."""
    for char in text.strip():
        if unicodedata.category(char) not in _INVISIBLE_CATEGORIES and char not in _INVISIBLE_OTHERS:
            return False
    return True


def _joined_parts(text: str) -> str:
    """The text that Google's exports write into a cell as `{"text":"…"},{"text":"…"}`; any other as it is."""
    try:
        parts = json.loads(f"[{text}]")
    except (ValueError, RecursionError):
        return text
    if not all(isinstance(part, dict) and isinstance(part.get("text"), str) for part in parts):
        return text
    joined = "".join(part["text"] for part in parts)
    return text if _UNSTORABLE.search(joined) or is_blank(joined) else joined


def too_long(what: str, size_chars: int, limit_chars: int) -> str:
    """The reason for anything over its limit."""
    return f"the {what} has {size_chars:,} characters; at most {limit_chars:,} are accepted"


def reject(line: int, reason: str, lines: Sequence[str], *, columns: str | None = None) -> Rejected:
    """Build the rejected row, keeping the beginning of its lines, and the JSON of its columns."""
    raw = ""
    for piece in lines:
        raw += piece[: RAW_SHOWN_CHARS + 1]
        if len(raw) > RAW_SHOWN_CHARS:
            break
    raw = raw.rstrip("\r\n")
    if len(raw) > RAW_SHOWN_CHARS:
        raw = raw[: RAW_SHOWN_CHARS - 1] + "…"
    return Rejected(line, storable(reason), storable(raw), columns)


def _shown(label: str) -> str:
    return storable(label.strip()[:_OTHER_LABEL_SHOWN_CHARS])


def storable(text: str) -> str:
    """Replace what some databases refuse: NULs and lone surrogates."""
    return _UNSTORABLE.sub("\ufffd", text)
