from __future__ import annotations

import codecs

import pytest

from newsgate.tasks.reading.encodings import detect_encoding
from newsgate.tasks.reading.errors import UndecodableHeaderError
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


_IN_A_CODE_PAGE = [
    ("cp1251", "id;текст\n1;Мэр продал луну во вторник вечером.\n2;Мост открыли в полдень.\n"),
    ("koi8_r", "id;текст\n1;Мэр продал луну во вторник вечером.\n2;Мост открыли в полдень.\n"),
    ("cp1253", "id;κείμενο\n1;Ο δήμαρχος πούλησε το φεγγάρι.\n2;Η γέφυρα άνοιξε ξανά.\n"),
    ("cp1254", "id;başlık\n1;Belediye başkanı ayı sattı, şaşırtıcı.\n2;Köprü öğlen açıldı.\n"),
    ("cp1250", "id;treść\n1;Burmistrz sprzedał księżyc we wtorek.\n2;Most został otwarty w południe.\n"),
    ("cp932", "番号,本文\n1,市長は火曜日に月を売った。\n2,橋は正午に再開した。\n"),
    ("euc_kr", "번호,본문\n1,시장이 화요일에 달을 팔았다.\n2,다리가 정오에 다시 열렸다.\n"),
    ("gb18030", "编号,正文\n1,市长星期二把月亮卖给了一家公司。\n2,大桥于中午重新开放了。\n"),
    ("big5", "編號,內容\n1,市長星期二把月亮賣給了一家公司。\n2,大橋於中午重新開放了。\n"),
]


@pytest.mark.parametrize(("codec", "table"), _IN_A_CODE_PAGE)
def test_a_header_in_a_code_page_names_the_option_that_reads_it(reading: Reading, codec: str, table: str) -> None:
    data = table.encode(codec)
    with pytest.raises(UndecodableHeaderError, match=rf"columns are not valid UTF-8.*--encoding {codec}\b"):
        reading.layout(data)
    assert len(texts(reading.read(data, encoding=codec))) == 2


@pytest.mark.parametrize(("codec", "table"), _IN_A_CODE_PAGE)
def test_rows_in_a_code_page_below_a_plain_header_are_told_with_the_option(
    reading: Reading, codec: str, table: str
) -> None:
    data = ("id" + table[2] + "text" + table[table.index("\n") :]).encode(codec)
    [note] = reading.layout(data).notes
    assert note.startswith("not valid UTF-8. If it is ")
    assert f"add --encoding {codec}" in note
    assert texts(reading.read(data)) == []


def test_a_named_encoding_that_does_not_fit_the_header_is_told(reading: Reading) -> None:
    with pytest.raises(UndecodableHeaderError, match="are not valid ascii"):
        reading.layout("id,tëxt\n1,a\n", encoding="ascii")


@pytest.mark.parametrize("text", ["30 m³ more", "¿Qué pasó?", "Nº¹ in the list", "œuvre de Noël", "à côté de l’été"])
def test_signs_of_cp1252_are_not_taken_for_polish(reading: Reading, text: str) -> None:
    assert reading.layout(f"id,text\n1,{text}\n".encode("cp1252")).encoding == "cp1252"
