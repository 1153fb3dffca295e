"""From the values of one object to an accepted row, or to the reason against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from newsgate.tasks.reading.errors import quote_column
from newsgate.tasks.reading.json_values import find_value, join_parts
from newsgate.tasks.reading.kept_columns import unique_names
from newsgate.tasks.reading.label_values.cell import label_text
from newsgate.tasks.reading.lines import is_clean
from newsgate.tasks.reading.program_messages import program_messages
from newsgate.tasks.reading.records import Layout, Row
from newsgate.tasks.reading.row_maker import NO_TEXT, RowMaker, join_texts

_JSON_TYPES = {dict: "an object", list: "an array", str: "a string", bool: "true or false", type(None): "null"}

_HAS_NO = "has no "


class RecordMaker:
    """Builds rows of objects whose keys are the layout's columns, those of nested objects with dots."""

    def __init__(self, layout: Layout, maker: RowMaker) -> None:
        self._layout = layout
        self._maker = maker
        self._names = unique_names(layout.columns)
        self._of_program = program_messages(layout.columns)
        self._mend = None
        if layout.is_mended:
            from newsgate.tasks.reading.meta_exports import mend

            self._mend = mend

    def convert(self, number: int, value: object) -> Row | str:
        """Return the row of one record, whatever the layout's shape is, or the reason to refuse it."""
        shape, columns = self._layout.shape, self._layout.columns
        record = self._as_record(value)
        if record is not None:
            reason = None if self._of_program is None else self._of_program.reason_against(record)
            return self.make(number, record) if reason is None else reason
        if shape == "cells" and isinstance(value, list):
            return f"has {len(value):,} cells where the header has {len(columns):,}"
        wanted = {"texts": "a string", "cells": "an array"}.get(shape, "a JSON object")
        return f"{type_name(value)} where {wanted} belongs"

    def kept_of_refused(self, value: object) -> str | None:
        """The columns of a record that was refused, where they are kept and it is one."""
        record = self._as_record(value)
        if record is None or self._maker.keeper is None:
            return None
        return self._maker.keeper.of_refused_record(record)

    def _as_record(self, value: object) -> Mapping[str, object] | None:
        shape = self._layout.shape
        if shape == "texts" and isinstance(value, str):
            return {self._names[0]: value}
        if shape == "cells" and isinstance(value, list) and len(value) == len(self._names):
            return dict(zip(self._names, value, strict=True))
        if shape not in ("objects", "columns") or not isinstance(value, dict):
            return None
        return value if self._mend is None else self._mend(value)

    def make(self, number: int, values: Mapping[str, object]) -> Row | str:
        """Return the row, or the reason to refuse it."""
        made = self._make_text(number, values)
        if self._maker.keeper is None or not isinstance(made, Row):
            return made
        columns = self._maker.keeper.of_record(made, values)
        return made if columns is None else made._replace(columns=columns)

    def _make_text(self, number: int, values: Mapping[str, object]) -> Row | str:
        layout = self._layout
        external_id = None if layout.id_column is None else find_value(values, layout.id_column)[1]
        if external_id is not None and not isinstance(external_id, str):
            if isinstance(external_id, bool) or not isinstance(external_id, (int, float)):
                # By the column's name: whoever judges labels as they stand has them read as ids.
                name = quote_column(layout.id_column or "")
                return f"{name} is {type_name(external_id)} where a string or a number belongs"
            external_id = str(external_id)
        label = None
        if layout.label_column is not None and layout.tool is None:
            label = label_text(find_value(values, layout.label_column)[1])
        record = values if layout.label_column is not None and layout.tool is not None else None
        made = self._make(number, _text_of(values, layout.text_columns), external_id, label, record)
        for column in layout.text_fallbacks:
            if not (isinstance(made, str) and (made in NO_TEXT or made.startswith(_HAS_NO))):
                break
            other = self._make(number, _text_of(values, (column,)), external_id, label, record)
            made = other if isinstance(other, Row) else made
        return made

    def _make(
        self,
        number: int,
        text: str | _Refusal,
        external_id: str | None,
        label: str | None,
        record: Mapping[str, object] | None,
    ) -> Row | str:
        if isinstance(text, _Refusal):
            return text.reason
        # Escapes such as \ud800 and \u0000 reach the values without standing in the line.
        if not is_clean(text) or not is_clean(external_id or ""):
            return "a NUL or a lone surrogate, written as a JSON escape, cannot be stored"
        return self._maker.make(number, text, external_id, label, record)


class _Refusal:
    def __init__(self, reason: str) -> None:
        self.reason = reason


def _text_of(values: Mapping[str, object], columns: Sequence[str]) -> str | _Refusal:
    parts = []
    is_present = False
    for name in columns:
        found, value = find_value(values, name)
        is_present = is_present or found
        if isinstance(value, str):
            parts.append(value)
        elif value is not None:
            joined = join_parts(value)
            if joined is None:
                return _Refusal(f"{quote_column(name)} is {type_name(value)} where a string belongs")
            parts.append(joined)
    if not is_present:
        return _Refusal(f"{_HAS_NO}{' or '.join(map(quote_column, columns))}")
    return parts[0] if len(parts) == 1 else join_texts(parts)


def type_name(value: object) -> str:
    """What a value is, in JSON's words with an article."""
    return _JSON_TYPES.get(type(value), "a number")
