"""The person's own columns of a row, as one JSON object beside its text and its id.

What the text and the id say already is not kept twice: `kept_text_column` says which column the text gives back.
"""

from __future__ import annotations

import csv
import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring
from operator import itemgetter

from newsgate.tasks.reading.errors import ambiguous_column, unknown_column
from newsgate.tasks.reading.json_values import find_value
from newsgate.tasks.reading.lines import is_clean
from newsgate.tasks.reading.records import Keep, Layout, Row
from newsgate.tasks.reading.row_maker import is_blank, is_removed, storable

# Of one row's JSON, where nobody named the columns: a thousand words, or a hundred links.
MOST_KEPT_CHARS = 16_384
_NUL_ESCAPE = "\\u0000"
_COLUMNS_SHOWN = 5
_KNOWN_CELLS = 100


@dataclass(frozen=True, slots=True)
class LeftOut:
    """In how many rows a column was too long to be kept, and which columns those were."""

    rows: int = 0
    columns: tuple[str, ...] = ()

    def and_earlier(self, earlier: LeftOut) -> LeftOut:
        """Both together."""
        return LeftOut(self.rows + earlier.rows, tuple(dict.fromkeys((*earlier.columns, *self.columns))))

    def warning(self) -> str | None:
        """What a person is told of it."""
        if not self.rows:
            return None
        names = sorted(self.columns)
        shown = ", ".join(names[:_COLUMNS_SHOWN]) + (", …" if len(names) > _COLUMNS_SHOWN else "")
        count = "1 row has" if self.rows == 1 else f"{self.rows:,} rows have"
        return (
            f"{count} more than {MOST_KEPT_CHARS:,} characters in the other columns, and the longest were not kept:"
            f" {shown} (--keep keeps those that it names, however long)"
        )


class ColumnKeeper:
    """Gives the other columns of each row of one input.

    has_more: whether a row of cells may hold more than its text and its id.
    left_out_rows, left_out: in how many rows a column was too long to be kept, and which columns those were.
    """

    def __init__(self, layout: Layout) -> None:
        self.left_out_rows = 0
        self.left_out: Counter[str] = Counter()
        self._keep = layout.keep
        self._texts = layout.text_columns
        self._id = layout.id_column
        self._is_html = layout.is_html
        self._names = unique_names(layout.columns)
        self._named = _kept_names(layout)
        columns = layout.columns
        self._text_index = columns.index(layout.text_columns[-1]) if layout.text_columns[-1] in columns else 0
        self._id_index = columns.index(layout.id_column) if layout.id_column in columns else None
        said = {self._text_index, self._id_index}
        wanted = set(range(len(columns))) if self._named is None else {columns.index(name) for name in self._named}
        self._indexes = tuple(index for index in range(len(columns)) if index in wanted and index not in said)
        self.has_more = bool(self._indexes) or len(layout.text_columns) > 1
        self._only_index = self._indexes[0] if len(self._indexes) == 1 else None
        self._known: dict[str, str] = {}
        self._take = _taker(self._indexes)
        self._template = _template([self._names[index] for index in self._indexes])
        self._never_left_out = _needed_by_text(layout)
        self._encode = json.JSONEncoder(
            ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=str, check_circular=False
        ).encode

    def of_cells(self, row: Row, cells: Sequence[str]) -> str | None:
        """The other columns of an accepted row of cells; None where there are none."""
        id_index = self._id_index
        id_is_said = id_index is None or (row.external_id or "") == cells[id_index]
        # Nearly every row's text is its cell: a look at two addresses.
        if id_is_said and (row.text is cells[self._text_index] or self._is_said(row.text, cells[self._text_index])):
            if not self._indexes:
                return None
            # A column alone is mostly one of labels, which has few values.
            if self._only_index is not None and (known := self._known.get(cells[self._only_index])) is not None:
                return known
            kept = self._template % tuple(map(encode_basestring, self._take(cells)))
            if len(kept) <= MOST_KEPT_CHARS or self._keep != "all":
                if self._only_index is not None and len(self._known) < _KNOWN_CELLS:
                    self._known[cells[self._only_index]] = kept
                return kept
            indexes: Sequence[int] = self._indexes
        else:
            more = [] if id_is_said or id_index is None else [id_index]
            if not self._is_said(row.text, cells[self._text_index]):
                more.append(self._text_index)
            indexes = sorted((*self._indexes, *more))
        return self._fitting({self._names[index]: cells[index] for index in indexes})

    def of_refused_cells(self, cells: Sequence[str]) -> str | None:
        """All columns of a refused row of cells, whose text and id are stored nowhere else."""
        indexes = sorted({*self._indexes, self._text_index, *([] if self._id_index is None else [self._id_index])})
        kept = {self._names[index]: storable(cells[index]) for index in indexes if index < len(cells)}
        return self._fitting(kept, all_may_go=True)

    def of_record(self, row: Row, record: Mapping[str, object]) -> str | None:
        """The other columns of an accepted record; None where there are none."""
        found, text = find_value(record, self._texts[-1])
        if not found:
            # What stands in its place must not be taken for it.
            record = {**record, self._texts[-1]: None}
        said = [self._texts[-1]] if found and self._is_said(row.text, text) else []
        if self._id is not None and row.external_id is not None and find_value(record, self._id)[1] == row.external_id:
            said.append(self._id)
        if self._named is None:
            kept: Mapping[str, object] = record
            for name in said:
                kept = _without(kept, name)
        else:
            names = [name for name in self._of_names(record) if name not in said]
            kept = {name: find_value(record, name)[1] for name in names}
        return self._fitting(kept) if kept else None

    def of_refused_record(self, record: Mapping[str, object]) -> str | None:
        """All columns of a refused record, whose text and id are stored nowhere else."""
        if self._named is not None:
            record = {name: find_value(record, name)[1] for name in self._of_names(record)}
        return self._fitting(record, all_may_go=True) if record else None

    def _of_names(self, record: Mapping[str, object]) -> list[str]:
        wanted = dict.fromkeys((*(self._named or ()), *self._texts, *([] if self._id is None else [self._id])))
        return [name for name in wanted if find_value(record, name)[0]]

    def _is_said(self, text: str, cell: object) -> bool:
        """Whether the row's text gives this cell of the last text column back: see `split_text`."""
        if len(self._texts) == 1:
            return text == cell
        # What was read out of HTML gives none of it back.
        return not self._is_html and isinstance(cell, str) and not is_blank(cell) and not is_removed(cell)

    def _fitting(self, kept: Mapping[str, object], *, all_may_go: bool = False) -> str | None:
        """The JSON of these columns, without the longest where it would be too long."""
        encoded = self._encoded(kept)
        if len(encoded) <= MOST_KEPT_CHARS or (self._keep != "all" and not all_may_go):
            return encoded
        pieces = {name: self._encoded(value) for name, value in kept.items()}
        chars = len(encoded)
        for name in sorted(pieces, key=lambda name: -len(pieces[name])):
            if chars <= MOST_KEPT_CHARS:
                break
            if all_may_go or name not in self._never_left_out:
                chars -= len(pieces.pop(name)) + len(name)
                self.left_out[name] += 1
        self.left_out_rows += 1
        return "{" + ",".join(f"{encode_basestring(name)}:{value}" for name, value in pieces.items()) + "}"

    def _encoded(self, value: object) -> str:
        try:
            encoded = self._encode(value)
        except ValueError:
            encoded = self._encode(_cleaned(value))
        if _NUL_ESCAPE in encoded or not is_clean(encoded):
            encoded = self._encode(_cleaned(value))
        return encoded


def resolve_keep(columns: Sequence[str], keep: Keep, *, where: str) -> Keep:
    """The columns to keep, each by its name in the file. Raises UnknownColumnError, AmbiguousColumnError."""
    if isinstance(keep, str):
        return keep
    resolved = []
    for wanted in keep:
        spelled = [name for name in columns if name.strip().casefold() == wanted.strip().casefold()]
        exact = [name for name in spelled if name == wanted] or spelled
        if not exact:
            raise unknown_column(wanted, columns, option="--keep", where=where)
        if len(exact) > 1:
            raise ambiguous_column(exact[0], columns, where)
        resolved.append(exact[0])
    return tuple(dict.fromkeys(resolved))


def parse_keep(said: str) -> Keep:
    """What `--keep` says: all, none, or names with commas between; a name with a comma stands in double quotes."""
    if said in ("all", "none"):
        return "all" if said == "all" else "none"
    return tuple(name.strip() for name in next(csv.reader([said]), []) if name.strip())


def unique_names(columns: Sequence[str]) -> tuple[str, ...]:
    """The columns' names as keys of an object: one that is missing or given twice gets its place behind it."""
    seen: set[str] = set()
    names = []
    for place, column in enumerate(columns, 1):
        name = column or f"column_{place}"
        while name in seen or (name != column and name in columns):
            name = f"{name}_{place}"
        seen.add(name)
        names.append(name)
    return tuple(names)


def _kept_names(layout: Layout) -> tuple[str, ...] | None:
    """The columns to keep; None for all. Where several make up the text, the text needs each of them."""
    if layout.keep == "all":
        return None
    if layout.keep == "none":
        return ()
    texts = layout.text_columns if len(layout.text_columns) > 1 else ()
    return (*layout.keep, *texts)


def _needed_by_text(layout: Layout) -> frozenset[str]:
    """The columns without which the last of several text columns could not be given back."""
    if len(layout.text_columns) == 1:
        return frozenset()
    return frozenset(layout.text_columns) | {name.partition(".")[0] for name in layout.text_columns}


def _taker(indexes: Sequence[int]) -> Callable[[Sequence[str]], Iterable[str]]:
    if len(indexes) == 1:
        only = indexes[0]
        return lambda cells: (cells[only],)
    return itemgetter(*indexes) if indexes else lambda _: ()


def _template(names: Sequence[str]) -> str:
    return "{" + ",".join(encode_basestring(storable(name)).replace("%", "%%") + ":%s" for name in names) + "}"


def _without(record: Mapping[str, object], column: str) -> Mapping[str, object]:
    """The record without one column, which may be in an object of it."""
    if column in record:
        return {key: value for key, value in record.items() if key != column}
    for index, char in enumerate(column):
        if char != "." or not isinstance(inner := record.get(column[:index]), dict):
            continue
        if find_value(inner, column[index + 1 :])[0]:
            return {**record, column[:index]: _without(inner, column[index + 1 :])}
    return record


def _cleaned(value: object) -> object:
    """The same without what JSON in databases cannot hold: NULs, lone surrogates, numbers that are none."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {storable(str(key)): _cleaned(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_cleaned(inner) for inner in value]
    return value
