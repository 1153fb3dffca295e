"""Physical lines to JSONL rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator

from newsgate.tasks.reading.errors import quote_column
from newsgate.tasks.reading.label_values.cell import label_text
from newsgate.tasks.reading.lines import LINE_ENDS, LineBlock, LongLine, is_clean
from newsgate.tasks.reading.records import Layout, Limits, Rejected, Row
from newsgate.tasks.reading.row_maker import RowMaker, join_texts, reject, too_long

_JSON_TYPES = {dict: "an object", list: "an array", str: "a string", bool: "true or false", type(None): "null"}


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
        self._layout = layout
        self._maker = maker
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
        try:
            values = json.loads(line.rstrip("\r\n"))
        except json.JSONDecodeError as error:
            return f"not valid JSON: {error.msg.removesuffix(' at')} at character {error.pos + 1}"
        except RecursionError:
            return "not valid JSON: nested too deeply"
        except ValueError as error:
            return f"not valid JSON: {error}"
        if not isinstance(values, dict):
            return f"{_type_name(values)} where a JSON object belongs"
        return self._make(line_number, values)

    def _make(self, line_number: int, values: dict[str, object]) -> Row | str:
        layout = self._layout
        present = [name for name in layout.text_columns if name in values]
        if not present:
            return f"has no {' or '.join(map(quote_column, layout.text_columns))}"
        parts = []
        for name in present:
            value = values[name]
            if isinstance(value, str):
                parts.append(value)
            elif value is not None:
                return f"{quote_column(name)} is {_type_name(value)} where a string belongs"
        text = parts[0] if len(parts) == 1 else join_texts(parts)
        external_id = None if layout.id_column is None else values.get(layout.id_column)
        if external_id is not None and not isinstance(external_id, str):
            if isinstance(external_id, bool) or not isinstance(external_id, (int, float)):
                # By the column's name: whoever judges labels as they stand has them read as ids.
                name = quote_column(layout.id_column or "")
                return f"{name} is {_type_name(external_id)} where a string or a number belongs"
            external_id = str(external_id)
        # Escapes such as \ud800 and \u0000 reach the values without standing in the line.
        if not is_clean(text) or not is_clean(external_id or ""):
            return "a NUL or a lone surrogate, written as a JSON escape, cannot be stored"
        label = None if layout.label_column is None else label_text(values.get(layout.label_column))
        return self._maker.make(line_number, text, external_id, label)


def _type_name(value: object) -> str:
    return _JSON_TYPES.get(type(value), "a number")
