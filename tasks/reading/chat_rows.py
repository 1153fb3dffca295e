"""Physical lines to rows, each a message of a chat that may go over several lines; its number is that of the first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from newsgate.tasks.reading.chat_lines import NO_MESSAGE, NO_WORDS, begins_message, read_message, words_of
from newsgate.tasks.reading.lines import LINE_ENDS, LineBlock, LongLine
from newsgate.tasks.reading.record_maker import RecordMaker
from newsgate.tasks.reading.records import Layout, Limits, Rejected, Row
from newsgate.tasks.reading.row_maker import RowMaker, reject, too_long


@dataclass(slots=True)
class _Begun:
    """The lines of a message so far; those beyond the limit are counted and not kept."""

    first_line: int
    lines: list[str] = field(default_factory=list)
    is_clean: bool = True
    size_chars: int = 0


class ChatRows:
    """Reads the messages of one chat; its arguments are those of `CsvRows`."""

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
        self._most_chars = limits.record_chars
        self._cut_off = cut_off
        self._after_row = after_row

    def read(self, blocks: Iterable[LineBlock | LongLine]) -> Iterator[Row | Rejected]:
        """Yield each message of the chat, in order."""
        begun: _Begun | None = None
        for block in blocks:
            lines = block.lines if isinstance(block, LineBlock) else [block.head]
            first_line = block.first_line if isinstance(block, LineBlock) else block.line
            for number, line in enumerate(lines, first_line):
                if begun is None or begins_message(line):
                    yield from self._end(begun)
                    begun = _Begun(number) if line.strip() else None
                if begun is None:
                    continue
                begun.size_chars += len(line) if isinstance(block, LineBlock) else block.size_chars
                begun.is_clean = begun.is_clean and (isinstance(block, LongLine) or block.clean)
                if begun.size_chars <= self._most_chars or not begun.lines:
                    begun.lines.append(line)
        if begun is not None and not begun.lines[-1].endswith(LINE_ENDS) and (cut_off := self._cut_off()):
            if begun.first_line > self._after_row:
                yield reject(begun.first_line, cut_off, begun.lines)
            return
        yield from self._end(begun)

    def _end(self, begun: _Begun | None) -> Iterator[Row | Rejected]:
        if begun is not None and begun.first_line > self._after_row:
            yield self._convert(begun)

    def _convert(self, begun: _Begun) -> Row | Rejected:
        number, lines = begun.first_line, begun.lines
        if begun.size_chars > self._most_chars:
            return reject(number, too_long("message", begun.size_chars, self._most_chars), lines)
        if not begun.is_clean and (reason := self._maker.unstorable_reason(lines, number)):
            return reject(number, reason, lines)
        message = read_message(lines)
        text = words_of(message)
        values = {"time": message.time, "author": message.author, "text": message.text if text is None else text}
        if message.author is None or text is None:
            why = NO_MESSAGE if message.author is None else NO_WORDS
            return reject(number, why, lines, columns=self._records.kept_of_refused(values))
        made = self._records.make(number, values)
        if isinstance(made, Row):
            return made
        return reject(number, made, lines, columns=self._records.kept_of_refused(values))
