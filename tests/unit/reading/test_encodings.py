from __future__ import annotations

import codecs

import pytest

from newsgate.tasks.reading.encodings import detect_encoding
from tests.unit.reading.helpers import Reading, rejects, texts

PLAIN = "id,text\n1,Zürich “quoted” 東京\n2,b\n"


@pytest.mark.parametrize(
    ("mark", "codec", "name"),
    [
        (codecs.BOM_UTF8, "utf-8", "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16-le", "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16"),
        (codecs.BOM_UTF32_LE, "utf-32-le", "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32-be", "utf-32"),
        (b"", "utf-8", "utf-8"),
        (b"", "utf-16-le", "utf-16-le"),
        (b"", "utf-16-be", "utf-16-be"),
    ],
)
def test_unicode_encodings(reading: Reading, mark: bytes, codec: str, name: str) -> None:
    data = mark + PLAIN.encode(codec)
    assert reading.layout(data).encoding == name
    assert texts(reading.read(data)) == ["Zürich “quoted” 東京", "b"]


def test_a_named_encoding_overrides(reading: Reading) -> None:
    rows = reading.read("id,text\n1,Привет\n".encode("cp1251"), encoding="cp1251")
    assert texts(rows) == ["Привет"]


def test_a_byte_order_mark_is_dropped_under_a_named_encoding(reading: Reading) -> None:
    assert reading.layout(codecs.BOM_UTF8 + b"text\na\n", encoding="utf-8").columns == ("text",)


@pytest.mark.parametrize(
    "text", ["café au lait", "naïve Zürich", "it’s “quoted” – yes", "Ærøskøbing", "10 € off", "Müller & Söhne"]
)
def test_cp1252_is_recognised_and_said(reading: Reading, text: str) -> None:
    data = f"id,text\n1,plain\n2,{text}\n".encode("cp1252")
    layout = reading.layout(data)
    assert layout.encoding == "cp1252"
    assert layout.notes == ("read as cp1252: not valid UTF-8 (--encoding overrides)",)
    assert texts(reading.read(data)) == ["plain", text]


@pytest.mark.parametrize("broken", [b"\xff\xfe", b"\xe2\x80", b"\x81", b"wor\xf0\x9f\x98", b"\xc3\xc3\xc3\xc3\xc3"])
def test_broken_bytes_in_ascii_are_broken_utf8(reading: Reading, broken: bytes) -> None:
    rows = reading.read(b"id,text\n1,a\n2,x " + broken + b"\n3,c\n")
    assert texts(rows) == ["a", "c"]
    [(row, reason)] = rejects(rows)
    assert row == 3
    assert reason.startswith("byte 0x")
    assert reason.endswith("is not valid UTF-8")


def test_a_few_broken_rows_among_utf8_stay_broken_rows(reading: Reading) -> None:
    data = "id,text\n1,café\n".encode() + b"2,caf\xe9\n3,caf\xe9\n4,d\n"
    rows = reading.read(data)
    assert texts(rows) == ["café", "d"]
    assert rejects(rows)[0] == (3, "byte 0xE9 at character 6 of line 3 is not valid UTF-8")


def test_one_accidentally_valid_line_does_not_hide_cp1252(reading: Reading) -> None:
    data = b"id,text\n1,\xc3\xa9\n" + b"2,caf\xe9 noir\n" * 50
    assert reading.layout(data).encoding == "cp1252"


def test_bytes_without_a_meaning_in_cp1252_cost_their_row(reading: Reading) -> None:
    rows = reading.read(b"id,text\n1,caf\xe9\n2,\x81\n", encoding="cp1252")
    assert texts(rows) == ["café"]
    assert rejects(rows) == [(3, "byte 0x81 at character 3 of line 3 is not valid cp1252")]


def test_utf16_cut_in_the_middle_costs_its_row(reading: Reading) -> None:
    rows = reading.read(codecs.BOM_UTF16_LE + "id,text\n1,a\n2,b".encode("utf-16-le")[:-1])
    assert texts(rows) == ["a"]
    assert len(rejects(rows)) == 1


@pytest.mark.parametrize("cut", range(1, 8))
def test_a_sample_may_end_inside_a_character(cut: int) -> None:
    sample = "id,text\n1,東京".encode()[:-cut]
    assert detect_encoding(sample, is_whole=False).name == "utf-8"


def test_undecodable_rows_are_counted_in_a_warning(reading: Reading) -> None:
    data = b"id,text\n1,a\n" + "2,Привет\n".encode("cp1251")
    assert reading.warnings(data) == ("1 row is not valid in the encoding read; --encoding names another",)
