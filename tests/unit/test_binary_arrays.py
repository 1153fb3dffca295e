"""Arrays in PostgreSQL's binary format, byte by byte; tests/integration/test_reservations.py stores them."""

from __future__ import annotations

import struct

from newsgate.db.binary_arrays import big_integers, booleans, byte_strings, doubles, integers, texts


def test_numbers_of_one_size() -> None:
    assert integers([7, -1]).data == struct.pack(">iiIii", 1, 0, 23, 2, 1) + struct.pack(">iiii", 4, 7, 4, -1)
    assert big_integers([2**40]).data == struct.pack(">iiIii", 1, 0, 20, 1, 1) + struct.pack(">iq", 8, 2**40)
    assert doubles([0.5]).data == struct.pack(">iiIii", 1, 0, 701, 1, 1) + struct.pack(">id", 8, 0.5)
    assert booleans([True, False]).data == struct.pack(">iiIii", 1, 0, 16, 2, 1) + b"\0\0\0\1\1\0\0\0\1\0"


def test_what_is_null_has_no_bytes() -> None:
    assert integers([None, 3]).data == struct.pack(">iiIii", 1, 1, 23, 2, 1) + struct.pack(">iii", -1, 4, 3)
    assert texts([None, "é"]).data == struct.pack(">iiIii", 1, 1, 25, 2, 1) + struct.pack(">ii", -1, 2) + "é".encode()


def test_nothing_has_no_dimension() -> None:
    assert texts([]).data == struct.pack(">iiI", 0, 0, 25)
    assert doubles([]).data == struct.pack(">iiI", 0, 0, 701)


def test_texts_that_are_few_or_many_are_written_alike() -> None:
    values = ["a", None, "é", "a"]
    assert texts(values, few=False) == texts(values)
    assert texts([], few=False) == texts([])


def test_bytes_come_as_they_are() -> None:
    told = struct.pack(">iiIii", 1, 0, 17, 2, 1) + struct.pack(">i", 2) + b"\0\xff" + struct.pack(">i", 0)
    assert byte_strings([b"\0\xff", b""]).data == told
