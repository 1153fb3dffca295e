"""Physical lines to rows where each line is one: what has nothing to do with what stands in it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator

from newsgate.tasks.reading.lines import LINE_ENDS, LineBlock, LongLine
from newsgate.tasks.reading.records import Layout, Limits, Rejected, Row
from newsgate.tasks.reading.row_maker import RowMaker, reject, too_long


class LineRows(ABC):
    """Reads the rows of one input; its arguments are those of `CsvRows`. Empty lines are no rows."""

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
        self._limits = limits
        self._cut_off = cut_off
        # Lines that only name the columns are no rows.
        self._after_row = max(after_row, layout.first_row - 1)

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
                    yield self._read_line(line_number, line, is_clean_line=block.clean)

    def _read_line(self, line_number: int, line: str, *, is_clean_line: bool) -> Row | Rejected:
        if not is_clean_line and (reason := self._maker.unstorable_reason([line], line_number)):
            return reject(line_number, reason, [line])
        # Only the input's last line may lack a line end.
        if not line.endswith(LINE_ENDS) and (cut_off := self._cut_off()):
            return reject(line_number, cut_off, [line])
        return self._convert(line_number, line)

    @abstractmethod
    def _convert(self, line_number: int, line: str) -> Row | Rejected:
        """The row of a line that is whole and can be stored."""
