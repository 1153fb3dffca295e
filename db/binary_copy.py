"""Rows in the format of PostgreSQL's COPY ... (FORMAT BINARY), which neither side has to write out and read as text.

https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS describes it: a row is the number of its
fields, a field is its length and its bytes in the order of the network, and NULL is the length -1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from struct import Struct
from typing import Any

from sqlalchemy import BigInteger, Boolean, Double, Integer, LargeBinary, String, Table
from sqlalchemy.types import TypeEngine

_BEGINNING = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
_FIELDS = Struct(">h")
_LENGTH = Struct(">i")
_NULL = _LENGTH.pack(-1)
# In the order in which they are asked: each is an Integer before it is anything else.
_NUMBERS: tuple[tuple[type[TypeEngine[Any]], str], ...] = (
    (BigInteger, "q"),
    (Integer, "i"),
    (Double, "d"),
    (Boolean, "?"),
)


@dataclass(frozen=True, slots=True)
class EncodedRows:
    """Rows as COPY reads them. names: the columns, in the order of the fields."""

    names: tuple[str, ...]
    data: bytes


def encode_rows(
    table: Table, *, each: Mapping[str, Sequence[Any]], same: Mapping[str, Any], encoding: str = "utf-8"
) -> EncodedRows:
    """Return the rows of the table whose columns are `each`, all of one length, and `same`, one value for all rows.

    encoding: of text, as the connection has it. Raises TypeError for a kind of column that is stored in no such rows.
    """
    packed: dict[str, tuple[str, Sequence[Any]]] = {}
    loose: dict[str, Iterable[bytes]] = {}
    for name, values in each.items():
        kind = table.c[name].type
        layout = _layout(kind, values)
        if layout is None:
            loose[name] = _fields(kind, values, encoding)
        else:
            packed[name] = (layout, values)
    fields = [_FIELDS.pack(len(same) + len(each))]
    fields += [next(iter(_fields(table.c[name].type, [value], encoding))) for name, value in same.items()]
    beginning = b"".join(fields)
    # Fields of one size are written at once, with what stands before the first of them.
    row = Struct(f">{len(beginning)}s" + "".join(f"i{layout}" for layout, _ in packed.values()))
    sizes = [Struct(f">{layout}").size for layout, _ in packed.values()]
    arguments = chain.from_iterable(zip(map(repeat, sizes), (values for _, values in packed.values()), strict=True))
    rows = len(next(iter(each.values())))
    beginnings = map(row.pack, repeat(beginning, rows), *arguments)
    parts = chain.from_iterable(zip(beginnings, *loose.values(), strict=True))
    return EncodedRows((*same, *packed, *loose), b"".join([_BEGINNING, *parts, _END]))


def _layout(kind: TypeEngine[Any], values: Sequence[Any]) -> str | None:
    """How each value is packed, where all of them take the same room; None where they do not."""
    if None in values:
        return None
    if isinstance(kind, LargeBinary):
        sizes = set(map(len, values))
        return f"{sizes.pop()}s" if len(sizes) == 1 else None
    return _number(kind)


def _number(kind: TypeEngine[Any]) -> str | None:
    return next((layout for each, layout in _NUMBERS if isinstance(kind, each)), None)


def _fields(kind: TypeEngine[Any], values: Sequence[Any], encoding: str) -> Iterable[bytes]:
    """Each value as a field."""
    if (number := _number(kind)) is not None:
        whole = Struct(f">i{number}")
        size = whole.size - _LENGTH.size
        return [_NULL if value is None else whole.pack(size, value) for value in values]
    if isinstance(kind, LargeBinary):
        return [_field(value) for value in values]
    if not isinstance(kind, String):
        raise TypeError(f"no rows with a column of {kind!r} are stored at once")
    if kind.length is not None:
        # One of a few words: each is made once.
        known = {value: _text(value, encoding) for value in set(values)}
        return map(known.__getitem__, values)
    return [_text(value, encoding) for value in values]


def _text(value: str | None, encoding: str) -> bytes:
    return _NULL if value is None else _field(value.encode(encoding))


def _field(value: bytes | None) -> bytes:
    return _NULL if value is None else _LENGTH.pack(len(value)) + value
