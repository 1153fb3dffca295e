"""Physical lines to JSONL rows."""

from __future__ import annotations

import json
from typing import Any

from newsgate.tasks.reading.line_rows import LineRows
from newsgate.tasks.reading.record_maker import RecordMaker
from newsgate.tasks.reading.records import Layout, Rejected, Row
from newsgate.tasks.reading.row_maker import RowMaker, reject


class JsonlRows(LineRows):
    """Reads the rows of one JSONL input."""

    def __init__(self, layout: Layout, maker: RowMaker, **options: Any) -> None:
        super().__init__(layout, maker, **options)
        self._records = RecordMaker(layout, maker)

    def _convert(self, line_number: int, line: str) -> Row | Rejected:
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
