"""From a sample of a chat to its layout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from newsgate.tasks.reading.chat_lines import CHAT_COLUMNS, Message, begins_message, read_message, words_of
from newsgate.tasks.reading.columns import choose_columns
from newsgate.tasks.reading.errors import UnusedOptionError
from newsgate.tasks.reading.records import Layout, ReadOptions

if TYPE_CHECKING:
    from newsgate.tasks.reading.layout import Decoded

_LINES_SEEN: Final = 1_000
_NOTE: Final = "read as a WhatsApp chat, each message a text (--no-header --delimiter none reads each line as one)"


def chat_layout(decoded: Decoded, options: ReadOptions) -> Layout:
    """How to read a chat. Raises ReadError."""
    if options.quoting not in (None, "usual"):
        raise UnusedOptionError("this is a chat, where quotes have no meaning", option="--quoting", where=decoded.name)
    messages = _messages(decoded)

    def cells(column: str) -> list[str | None]:
        if column == "text":
            return [words_of(message) for message in messages]
        return [message.time if column == "time" else message.author for message in messages]

    chosen = choose_columns(CHAT_COLUMNS, options, where=decoded.name, cells=cells, is_headed=True)
    return Layout(
        format="chat",
        encoding=decoded.encoding,
        delimiter=None,
        columns=CHAT_COLUMNS,
        text_columns=chosen.text_columns,
        is_html=chosen.is_html,
        id_column=chosen.id_column,
        label_column=chosen.label_column,
        notes=(*decoded.notes, _NOTE, *chosen.notes),
        max_text_chars=options.max_text_chars,
        text_fallbacks=chosen.text_fallbacks,
        sample_cells=cells,
    )


def _messages(decoded: Decoded) -> list[Message]:
    groups: list[list[str]] = []
    for line in decoded.lines[:_LINES_SEEN]:
        if begins_message(line):
            groups.append([line])
        elif groups:
            groups[-1].append(line)
    messages = [read_message(group) for group in groups]
    return [message for message in messages if message.author is not None]
