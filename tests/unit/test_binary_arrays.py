"""Arrays in PostgreSQL's binary format, byte by byte; tests/integration/test_reservations.py stores them."""

from __future__ import annotations

import struct

from newsgate.db.binary_arrays import big_integers, booleans, doubles, integers, texts


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
