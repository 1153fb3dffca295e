"""Physical lines to CSV rows, such that one bad row never costs the good rows beside it.

The lines are parsed in windows. A record that the window's end leaves open is parsed again in the next, larger
window; a quote that is never closed costs the line it stands in, and parsing goes on from the line after it.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from newsgate.tasks.reading.delimiters import DIALECTS, NO_DELIMITER, raise_field_limit
from newsgate.tasks.reading.lines import LINE_ENDS, LineBlock, LongLine
from newsgate.tasks.reading.records import Layout, Limits, Rejected, Row
from newsgate.tasks.reading.row_maker import NO_TEXT, RowMaker, is_blank, is_removed, join_texts, reject, too_long

_UNCLOSED = "a quote opened in this row is never closed"
_REPEATED_HEADER = "the header once more, as where files were joined"
# What stands around the names of a header and does not belong to them: a file that is joined brings its mark along.
_AROUND_NAMES = ' \t\r\n"\ufeff'
_MISPLACED = "a quote opened in this row is closed in the middle of a later one"


class _WindowEndError(Exception):
    """The csv module asked for a line after the window's last."""


@dataclass(frozen=True, slots=True)
class _Window:
    """Lines to parse.

    is_sound: none of them holds a NUL or an undecodable byte, or may be cut off.
    is_last: no line after them can belong to their records.
    cut_off: why the last of them may be incomplete.
    """

    first_line: int
    lines: list[str]
    is_sound: bool
    is_last: bool
    cut_off: str | None = None


class CsvRows:
    """Reads the rows of one CSV input.

    cut_off: asked at the end of the input, for the reason why its last row may be incomplete, or None.
    after_row: rows that start at this line or before are parsed but not yielded.
    """

    def __init__(
        self,
        layout: Layout,
        maker: RowMaker,
        *,
        limits: Limits,
        cut_off: Callable[[], str | None],
        after_row: int = 0,
    ) -> None:
        self._layout = layout
        self._maker = maker
        self._limits = limits
        self._cut_off = cut_off
        self._after_row = after_row
        self._delimiter = layout.delimiter or NO_DELIMITER
        self._dialect = DIALECTS[layout.quoting]
        self._width = len(layout.columns)
        self._text_indexes = tuple(layout.columns.index(name) for name in layout.text_columns)
        self._only_text_index = self._text_indexes[0] if len(self._text_indexes) == 1 else None
        self._id_index = None if layout.id_column is None else layout.columns.index(layout.id_column)
        self._is_of_tool = layout.tool is not None and layout.label_column is not None
        self._label_index = None
        if layout.label_column is not None and layout.tool is None:
            self._label_index = layout.columns.index(layout.label_column)
        self._fallback_indexes = tuple(layout.columns.index(name) for name in layout.text_fallbacks)
        self._keeper = maker.keeper
        used = (*self._text_indexes, *self._fallback_indexes, self._id_index or 0, self._label_index or 0)
        self._least_width = _width_without_unnamed_end(layout.columns, needed=max(used) + 1)
        self._header = _bare_names(layout.columns)
        # Texts longer than this are not looked at: nearly all are. Where no line was a header, none is.
        header_text = join_texts(list(layout.text_columns))
        self._header_text_chars = len(header_text) + 4 * len(self._header) if layout.first_row > 1 else -1
        raise_field_limit()

    def read(self, blocks: Iterable[LineBlock | LongLine]) -> Iterator[Row | Rejected]:
        """Yield each row of the input, in order."""
        held: list[str] = []
        held_clean = True
        first_line = self._layout.first_row
        wanted_chars = 0
        for block in blocks:
            if isinstance(block, LongLine):
                yield from self._parse(_Window(first_line, held, held_clean, is_last=True))
                yield from self._reject_long_line(block)
                held, held_clean, wanted_chars = [], True, 0
                first_line = max(first_line, block.line + 1)
                continue
            # The header's lines come before the first row's, and are not data.
            held += block.lines if held else block.lines[max(0, first_line - block.first_line) :]
            held_clean = held_clean and block.clean
            if held and not held[-1].endswith(LINE_ENDS):
                # The input's last line, which may be cut off.
                continue
            # Growing windows keep the work linear however long an open record turns out to be.
            if wanted_chars and sum(map(len, held)) < wanted_chars:
                continue
            used = yield from self._parse(_Window(first_line, held, held_clean, is_last=False))
            del held[:used]
            first_line += used
            wanted_chars = 2 * sum(map(len, held))
            held_clean = held_clean or not held
        cut_off = self._cut_off()
        is_sound = held_clean and cut_off is None
        yield from self._parse(_Window(first_line, held, is_sound, is_last=True, cut_off=cut_off))

    def _parse(self, window: _Window) -> Generator[Row | Rejected, None, int]:
        """Yield the rows of the window, and return how many of its lines they took."""
        lines, first_line, width = window.lines, window.first_line, self._width
        after = self._after_row - first_line
        make, keeper = self._make, self._keeper
        has_more = keeper is not None and keeper.has_more
        text_at = self._text_indexes[-1]
        id_at = None if keeper is None else self._id_index
        start = 0
        while True:
            reason = _UNCLOSED
            remaining = map(lines.__getitem__, range(start, len(lines)))
            reader = csv.reader(
                itertools.chain(remaining, _WindowEnd()), self._dialect, delimiter=self._delimiter, strict=True
            )
            base = start
            try:
                for fields in reader:
                    end = base + reader.line_num
                    if end - start > 1 and self._is_too_large(lines, start, end):
                        break
                    if start > after:
                        # The one path that nearly every row takes, and the reader's speed.
                        made = make(first_line + start, fields) if window.is_sound and len(fields) == width else None
                        if isinstance(made, Row):
                            # A file of texts and ids alone has something to keep only where an id was padded, or a
                            # text stands in for another.
                            is_other = made[2] is not fields[text_at]
                            if has_more or is_other or (id_at is not None and made[1] is not fields[id_at]):
                                made = self._with_columns(made, fields)
                            yield made
                        elif (item := self._examine(window, start, end, fields)) is not None:
                            yield item
                    start = end
            except csv.Error:
                if not self._is_too_large(lines, start, base + reader.line_num):
                    reason = _MISPLACED
            except _WindowEndError:
                is_too_large = self._is_too_large(lines, start, len(lines))
                if start == len(lines) or not (window.is_last or is_too_large):
                    return start
                if window.cut_off and not is_too_large:
                    yield reject(first_line + start, window.cut_off, lines[start:])
                    return len(lines)
            if start > after and (item := self._recover_line(window, start, reason)) is not None:
                yield item
            start += 1

    def _is_too_large(self, lines: list[str], start: int, end: int) -> bool:
        if end - start > self._limits.record_lines:
            return True
        return sum(map(len, lines[start:end])) > self._limits.record_chars

    def _examine(self, window: _Window, start: int, end: int, fields: list[str]) -> Row | Rejected | None:
        """Make a row of the record on these lines, with every check; None when they are blank."""
        line = window.first_line + start
        lines = window.lines[start:end]
        if len(fields) < 2 and not any(map(str.strip, lines)):
            return None
        reason = self._maker.unstorable_reason(lines, line)
        if reason is None and end == len(window.lines) and not lines[-1].endswith(LINE_ENDS):
            reason = window.cut_off
        if reason is None:
            reason = self._count_columns(fields)
        if reason is None:
            # Spreadsheets leave empty cells at the end out, or write too many.
            fields = [*fields, *[""] * (self._width - len(fields))][: self._width]
            made = self._make(line, fields)
            if isinstance(made, Row):
                return self._with_columns(made, fields)
            columns = None if self._keeper is None else self._keeper.of_refused_cells(fields)
            return reject(line, made, lines, columns=columns)
        return reject(line, reason, lines)

    def _with_columns(self, row: Row, fields: list[str]) -> Row:
        columns = None if self._keeper is None else self._keeper.of_cells(row, fields)
        return row if columns is None else tuple.__new__(Row, (*row[:-1], columns))

    def _make(self, line: int, fields: list[str]) -> Row | str:
        if self._only_text_index is None:
            text = join_texts([fields[index] for index in self._text_indexes])
        else:
            text = fields[self._only_text_index]
        if len(text) <= self._header_text_chars and _bare_names(fields[: self._width]) == self._header:
            return _REPEATED_HEADER
        made = self._maker.make(
            line,
            text,
            None if self._id_index is None else fields[self._id_index],
            None if self._label_index is None else fields[self._label_index],
            self._record(fields) if self._is_of_tool else None,
        )
        if self._fallback_indexes and isinstance(made, str) and made in NO_TEXT:
            return self._make_of_fallback(line, fields) or made
        return made

    def _make_of_fallback(self, line: int, fields: list[str]) -> Row | str | None:
        """Make a row of the first column that is not empty in place of the text's; None where all are."""
        others = (fields[index] for index in self._fallback_indexes)
        text = next((other for other in others if not (is_blank(other) or is_removed(other))), None)
        if text is None:
            return None
        return self._maker.make(
            line,
            text,
            None if self._id_index is None else fields[self._id_index],
            None if self._label_index is None else fields[self._label_index],
            self._record(fields) if self._is_of_tool else None,
        )

    def _record(self, fields: list[str]) -> dict[str, object]:
        return dict(zip(self._layout.columns, fields, strict=False))

    def _count_columns(self, fields: list[str]) -> str | None:
        """Say what is wrong with the number of columns; spreadsheets leave empty ones at the end."""
        if self._least_width <= len(fields) and not any(map(str.strip, fields[self._width :])):
            return None
        hint = "an unquoted delimiter?" if len(fields) > self._width else "a delimiter or a quote is missing?"
        columns = "1 column" if len(fields) == 1 else f"{len(fields):,} columns"
        return f"has {columns} where the header has {self._width:,} ({hint})"

    def _recover_line(self, window: _Window, start: int, reason: str) -> Row | Rejected | None:
        """Read one line alone, forgiving characters after a closing quote; refuse it if a quote stays open."""
        line = window.lines[start]
        reader = csv.reader((line, "\n"), self._dialect, delimiter=self._delimiter)
        fields = next(reader)
        if reader.line_num == 1:
            return self._examine(window, start, start + 1, fields)
        self._maker.misquoted_rows += 1
        return reject(window.first_line + start, reason, [line])

    def _reject_long_line(self, long: LongLine) -> Iterator[Rejected]:
        if long.line > self._after_row:
            yield reject(long.line, too_long("row", long.size_chars, self._limits.record_chars), [long.head])


class _WindowEnd:
    """Raises instead of ending, which tells a record left open from one that is complete."""

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        raise _WindowEndError


def _width_without_unnamed_end(columns: Sequence[str], *, needed: int) -> int:
    """Count the columns up to the last that is named or needed."""
    width = len(columns)
    while width > needed and not columns[width - 1]:
        width -= 1
    return width


def _bare_names(cells: Sequence[str]) -> list[str]:
    """The names of a header, without what stands around them."""
    return [cell.strip(_AROUND_NAMES) for cell in cells]
