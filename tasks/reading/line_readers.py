"""The reader of each format of lines, which alone is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsgate.tasks.reading.records import Format

if TYPE_CHECKING:
    from newsgate.tasks.reading.chat_rows import ChatRows
    from newsgate.tasks.reading.csv_rows import CsvRows
    from newsgate.tasks.reading.jsonl_rows import JsonlRows
    from newsgate.tasks.reading.text_rows import TextRows


def line_reader(form: Format) -> type[CsvRows | JsonlRows | TextRows | ChatRows]:
    """The class that reads such lines."""
    if form == "csv":
        from newsgate.tasks.reading.csv_rows import CsvRows

        return CsvRows
    if form == "jsonl":
        from newsgate.tasks.reading.jsonl_rows import JsonlRows

        return JsonlRows
    if form == "chat":
        from newsgate.tasks.reading.chat_rows import ChatRows

        return ChatRows
    from newsgate.tasks.reading.text_rows import TextRows

    return TextRows
