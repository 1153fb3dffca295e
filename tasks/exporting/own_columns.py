"""The person's own row again, of what is stored of it: the other columns, the text, the id."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from newsgate.tasks.reading import FileColumns
from newsgate.tasks.reading.json_values import find_value, flat_items, join_parts
from newsgate.tasks.reading.row_maker import join_texts

# Where several columns made up the text and were not kept apart.
JOINED_TEXT = "text"


@dataclass(frozen=True, slots=True)
class StoredRow:
    """What is stored of one row. columns: as JSON; text, external_id: None where the row was refused."""

    columns: str | None
    text: str | None
    external_id: str | None


class OwnColumns:
    """Gives rows of one file back. names: the columns, in the file's order, as far as every row has them.

    keys: the same without repetitions. text_key, id_key: those of the text and the id.
    """

    def __init__(self, columns: FileColumns) -> None:
        texts = columns.text_columns
        self._columns = columns
        self._are_joined = len(texts) > 1 and columns.keep == "none"
        self._text = JOINED_TEXT if self._are_joined else texts[-1]
        self._parts = () if self._are_joined else texts[:-1]
        self._order = dict.fromkeys(part for name in columns.keys for part in (name, name.partition(".")[0]))
        self.text_key, self.id_key = self._text, columns.id_column
        places = self._places()
        self.names = tuple(columns.names[place] if place is not None else JOINED_TEXT for place in places)
        self.keys = tuple(columns.keys[place] if place is not None else JOINED_TEXT for place in places)

    def record(self, row: StoredRow) -> dict[str, Any]:
        """The row as a record, nested where the file's records are; one that was torn is empty."""
        record: Mapping[str, Any] = json.loads(row.columns) if row.columns else {}
        if row.text is not None:
            if not find_value(record, self._text)[0]:
                record = _with_value(record, self._text, self._own_text(record, row.text))
            if (name := self._columns.id_column) is not None and not find_value(record, name)[0]:
                record = self._with_id(record, name, row.external_id)
        ordered = {name: record[name] for name in self._order if name in record}
        return ordered | dict(record)

    def cells(self, row: StoredRow) -> dict[str, Any]:
        """The row as cells by key: what is nested has names with dots."""
        return dict(flat_items(self.record(row)))

    def _places(self) -> list[int | None]:
        columns = self._columns
        if columns.keep == "all":
            return list(range(len(columns.names)))
        own = {*columns.keep, columns.id_column, *(() if self._are_joined else columns.text_columns)}
        if columns.keep == "none":
            own = {columns.id_column, *(() if self._are_joined else columns.text_columns)}
        places: list[int | None] = []
        for place, name in enumerate(columns.names):
            if name in own and columns.names.index(name) == place:
                places.append(place)
            elif self._are_joined and name == columns.text_columns[-1]:
                places.append(None)
        return places

    def _own_text(self, record: Mapping[str, Any], text: str) -> str:
        """What the last of several text columns held: the rest of the text behind the others."""
        if not self._parts:
            return text
        values = (find_value(record, name)[1] for name in self._parts)
        before = join_texts([each if isinstance(each, str) else join_parts(each) or "" for each in values])
        return text[len(before) + 1 :] if before else text

    def _with_id(self, record: Mapping[str, Any], name: str, external_id: str | None) -> Mapping[str, Any]:
        if external_id is None:
            return {**record, name: ""} if self._columns.format == "csv" else record
        return _with_value(record, name, external_id)


def _with_value(record: Mapping[str, Any], column: str, value: object) -> Mapping[str, Any]:
    for index, char in enumerate(column):
        if char == "." and isinstance(inner := record.get(column[:index]), dict):
            return {**record, column[:index]: _with_value(inner, column[index + 1 :], value)}
    return {**record, column: value}
