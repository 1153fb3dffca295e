"""Columns as arrays in PostgreSQL's binary format: what one statement takes without a text being written and read.

An array is its number of dimensions, whether it holds NULLs, the type of its elements, its length and where it begins;
an element is its length and its bytes, and NULL is the length -1.
https://github.com/postgres/postgres/blob/master/src/backend/utils/adt/arrayfuncs.c reads it so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from struct import Struct
from typing import Any, ClassVar

_HEAD = Struct(">iiIii")
_LENGTH = Struct(">i")
_NULL = _LENGTH.pack(-1)
_EMPTY = Struct(">iiI")


@dataclass(frozen=True, slots=True)
class BinaryArray:
    """An array as the driver sends it.

    array_oid, element_oid: PostgreSQL's numbers of the two types. layout: of one number, for `struct`; none of texts.
    """

    data: bytes
    array_oid: ClassVar[int]
    element_oid: ClassVar[int]
    layout: ClassVar[str]


@dataclass(frozen=True, slots=True)
class BigIntegers(BinaryArray):
    """Of whole numbers of eight bytes."""

    array_oid = 1016
    element_oid = 20
    layout = "q"


@dataclass(frozen=True, slots=True)
class Integers(BinaryArray):
    """Of whole numbers of four bytes."""

    array_oid = 1007
    element_oid = 23
    layout = "i"


@dataclass(frozen=True, slots=True)
class Doubles(BinaryArray):
    """Of floating-point numbers of eight bytes."""

    array_oid = 1022
    element_oid = 701
    layout = "d"


@dataclass(frozen=True, slots=True)
class Booleans(BinaryArray):
    """Of truth values."""

    array_oid = 1000
    element_oid = 16
    layout = "?"


@dataclass(frozen=True, slots=True)
class Texts(BinaryArray):
    """Of texts."""

    array_oid = 1009
    element_oid = 25


@dataclass(frozen=True, slots=True)
class ByteStrings(BinaryArray):
    """Of bytes."""

    array_oid = 1001
    element_oid = 17


def big_integers(values: Sequence[int | None]) -> BigIntegers:
    """Return whole numbers of eight bytes as an array."""
    return BigIntegers(_numbers(BigIntegers, values))


def integers(values: Sequence[int | None]) -> Integers:
    """Return whole numbers of four bytes as an array."""
    return Integers(_numbers(Integers, values))


def doubles(values: Sequence[float | None]) -> Doubles:
    """Return floating-point numbers as an array."""
    return Doubles(_numbers(Doubles, values))


def booleans(values: Sequence[bool | None]) -> Booleans:
    """Return truth values as an array."""
    return Booleans(_numbers(Booleans, values))


def byte_strings(values: Sequence[bytes]) -> ByteStrings:
    """Return bytes as an array."""
    return ByteStrings(_head(ByteStrings, len(values), has_null=False) + b"".join(map(_field, values)))


def texts(values: Sequence[str | None], *, few: bool = True) -> Texts:
    """Return texts as an array; the connection's encoding must be UTF-8. few: they are a few, again and again."""
    if not few:
        each = [_NULL if value is None else _text(value) for value in values]
        return Texts(_head(Texts, len(values), has_null=None in values) + b"".join(each))
    # Each is made once.
    known = {value: _NULL if value is None else _text(value) for value in set(values)}
    return Texts(_head(Texts, len(values), has_null=None in known) + b"".join(map(known.__getitem__, values)))


def register(connection: Any) -> None:
    """Let a connection of psycopg send these arrays."""
    from psycopg.adapt import Dumper
    from psycopg.pq import Format

    class BinaryArrayDumper(Dumper):
        format = Format.BINARY

        def dump(self, obj: BinaryArray) -> bytes:
            return obj.data

    for kind in (BigIntegers, Integers, Doubles, Booleans, Texts, ByteStrings):
        name = f"{kind.__name__}Dumper"
        connection.adapters.register_dumper(kind, type(name, (BinaryArrayDumper,), {"oid": kind.array_oid}))


def _numbers(kind: type[BinaryArray], values: Sequence[Any]) -> bytes:
    has_null = None in values
    head = _head(kind, len(values), has_null=has_null)
    if has_null:
        whole = Struct(f">i{kind.layout}")
        size = whole.size - _LENGTH.size
        return head + b"".join(_NULL if value is None else whole.pack(size, value) for value in values)
    size = Struct(f">{kind.layout}").size
    each = Struct(">" + f"i{kind.layout}" * len(values))
    return head + each.pack(*chain.from_iterable(zip(repeat(size), values, strict=False)))


def _head(kind: type[BinaryArray], count: int, *, has_null: bool) -> bytes:
    if not count:
        return _EMPTY.pack(0, 0, kind.element_oid)
    return _HEAD.pack(1, has_null, kind.element_oid, count, 1)


def _text(value: str) -> bytes:
    return _field(value.encode())


def _field(data: bytes) -> bytes:
    return _LENGTH.pack(len(data)) + data
