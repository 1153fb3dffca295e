"""Physical lines to rows, each line a text."""

from __future__ import annotations

from typing import Any

from newsgate.tasks.reading.fasttext_lines import COLUMNS, split_line
from newsgate.tasks.reading.line_rows import LineRows
from newsgate.tasks.reading.records import Layout, Rejected, Row
from newsgate.tasks.reading.row_maker import RowMaker, reject


class TextRows(LineRows):
    """Reads a file of one text a line."""

    def __init__(self, layout: Layout, maker: RowMaker, **options: Any) -> None:
        super().__init__(layout, maker, **options)
        self._is_fasttext = layout.columns == COLUMNS

    def _convert(self, line_number: int, line: str) -> Row | Rejected:
        text = line.rstrip("\r\n")
        label = None
        if self._is_fasttext:
            label, text = split_line(text)
        made = self._maker.make(line_number, text, None, label)
        return made if isinstance(made, Row) else reject(line_number, made, [line])
