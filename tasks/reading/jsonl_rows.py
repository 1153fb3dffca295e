"""Physical lines to JSONL rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator

from newsgate.tasks.reading.lines import LINE_ENDS, LineBlock, LongLine
from newsgate.tasks.reading.record_maker import RecordMaker
from newsgate.tasks.reading.records import Layout, Limits, Rejected, Row
from newsgate.tasks.reading.row_maker import RowMaker, reject, too_long


class JsonlRows:
    """Reads the rows of one JSONL input; its arguments are those of `CsvRows`."""

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
        self._records = RecordMaker(layout, maker)
        self._limits = limits
        self._cut_off = cut_off
        # The line that names the columns of arrays is no row.
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
                    yield self._convert(line_number, line, is_clean_line=block.clean)

    def _convert(self, line_number: int, line: str, *, is_clean_line: bool) -> Row | Rejected:
        if not is_clean_line and (reason := self._maker.unstorable_reason([line], line_number)):
            return reject(line_number, reason, [line])
        # Only the input's last line may lack a line end.
        if not line.endswith(LINE_ENDS) and (cut_off := self._cut_off()):
            return reject(line_number, cut_off, [line])
        value = _parse(line)
        if isinstance(value, _NotJson):
            return reject(line_number, value.reason, [line])
        made = self._records.convert(line_number, value)
        if isinstance(made, Row):
            return made
        return reject(line_number, made, [line], columns=self._records.kept_of_refused(value))


class _NotJson:
    def __init__(self, reason: str) -> None:
        self.reason = f"not valid JSON: {reason}"


def _parse(line: str) -> object:
    try:
        return json.loads(line.rstrip("\r\n"))
    except json.JSONDecodeError as error:
        return _NotJson(f"{error.msg.removesuffix(' at')} at character {error.pos + 1}")
    except RecursionError:
        return _NotJson("nested too deeply")
    except ValueError as error:
        return _NotJson(str(error))
