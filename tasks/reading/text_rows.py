"""Physical lines to rows, each line a text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from newsgate.tasks.reading.fasttext_lines import COLUMNS, split_line
from newsgate.tasks.reading.lines import LINE_ENDS, LineBlock, LongLine
from newsgate.tasks.reading.records import Layout, Limits, Rejected, Row
from newsgate.tasks.reading.row_maker import RowMaker, reject, too_long


class TextRows:
    """Reads a file of one text a line; its arguments are those of `CsvRows`. Empty lines are no rows."""

    def __init__(
        self,
        layout: Layout,
        maker: RowMaker,
        *,
        limits: Limits,
        cut_off: Callable[[], str | None],
        after_row: int = 0,
    ) -> None:
        self._maker = maker
        self._is_fasttext = layout.columns == COLUMNS
        self._limits = limits
        self._cut_off = cut_off
        self._after_row = after_row

    def read(self, blocks: Iterable[LineBlock | LongLine]) -> Iterator[Row | Rejected]:
        """Yield each row of the input, in order."""
        for block in blocks:
            if isinstance(block, LongLine):
                if block.line > self._after_row:
                    reason = too_long("row", block.size_chars, self._limits.record_chars)
                    yield reject(block.line, reason, [block.head])
                continue
            for line_number, line in enumerate(block.lines, block.first_line):
                if line_number > self._after_row and line.strip():
                    row = self._convert(line_number, line, is_clean_line=block.clean)
                    yield row if isinstance(row, Row) else reject(line_number, row, [line])

    def _convert(self, line_number: int, line: str, *, is_clean_line: bool) -> Row | str:
        if not is_clean_line and (reason := self._maker.unstorable_reason([line], line_number)):
            return reason
        # Only the input's last line may lack a line end.
        if not line.endswith(LINE_ENDS) and (cut_off := self._cut_off()):
            return cut_off
        text = line.rstrip("\r\n")
        label = None
        if self._is_fasttext:
            label, text = split_line(text)
        return self._maker.make(line_number, text, None, label)
