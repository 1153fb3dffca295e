"""Sheets of workbooks: their rows by the numbers that a spreadsheet shows."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, time
from typing import Any

import openpyxl
import pytest

from newsgate.tasks.reading import (
    ColumnError,
    DamagedFileError,
    EmptyFileError,
    HeaderlessError,
    NotTextError,
    Row,
    SheetError,
    UnusedOptionError,
    unpacking,
)
from newsgate.tasks.reading.workbooks.xlsx_strings import SharedStrings
from newsgate.tasks.reading.workbooks.xlsx_values import show_date
from tests.unit.reading.helpers import Reading, rejects, texts
from tests.unit.reading.tables import ods, ods_sheet, xlsx

LONG = "The river bridge reopened at noon."
POSTS = (("id", "text", "label"), (7, LONG, "real"), (None,), (8, "  two\n lines\t& <more>", True), (9, None, 0))


def changed(workbook: bytes, name: str, new: bytes) -> bytes:
    """The workbook with another content of one part."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in {*old.namelist(), name}:
            archive.writestr(each, new if each == name else old.read(each))
    return out.getvalue()


@pytest.mark.parametrize("ending", ["xlsx", "ods"])
@pytest.mark.parametrize("name", ["posts.{}", "stdin"])
def test_each_row_of_a_sheet_is_a_row_or_a_reject_by_its_number(reading: Reading, ending: str, name: str) -> None:
    data = xlsx(POSTS) if ending == "xlsx" else ods(ods_sheet(POSTS))
    rows = reading.read(data, name=name.format(ending), label_column="label", vocabulary=None)
    assert rows[:2] == [Row(2, "7", LONG, "real"), Row(4, "8", "  two\n lines\t& <more>", None)]
    assert rejects(rows) == [(5, "empty text")]
    assert reading.layout(data).notes == ()
    assert reading.read(data, after_row=2) == [row._replace(label=None) for row in rows[1:2]] + rows[2:]  # type: ignore[union-attr]


def test_what_a_cell_shows_is_its_value(reading: Reading) -> None:
    shown = {
        3: "3",
        2.5: "2.5",
        1234567890123: "1234567890123",
        True: "TRUE",
        date(2024, 1, 31): "2024-01-31",
        datetime.fromisoformat("2024-01-31 10:05"): "2024-01-31 10:05:00",
        time(10, 5): "10:05:00",
        "=1/0": None,
    }
    data = xlsx((("id", "text"), *((value, "a text") for value in shown)))
    rows = reading.read(data)
    assert [row.external_id for row in rows if isinstance(row, Row)] == list(shown.values())


def test_days_before_the_wrong_leap_day() -> None:
    assert show_date("59", since_1904=False) == "1900-02-28"
    assert show_date("61", since_1904=False) == "1900-03-01"
    assert show_date("0", since_1904=True) == "1904-01-01"
    assert show_date("-1", since_1904=False) == "-1"
    assert show_date("soon", since_1904=False) == "soon"


def test_a_table_need_not_begin_in_the_first_row(reading: Reading) -> None:
    for data in (
        xlsx(((None,), (None, "text"), (None, LONG))),
        ods(ods_sheet(((None,), (None, "text"), (None, LONG)))),
    ):
        assert reading.read(data) == [Row(3, None, LONG, None)]


def test_a_title_above_the_table_is_no_header(reading: Reading) -> None:
    table = (("Posts of May",), (None,), ("id", "text"), (1, LONG), (2, "yes"))
    for data in (xlsx(table), ods(ods_sheet(table))):
        assert reading.read(data) == [Row(4, "1", LONG, None), Row(5, "2", "yes", None)]
        assert "row 3 read as the header" in reading.layout(data).notes[0]
    assert [row.row for row in reading.read(xlsx((("text",), (LONG,), ("yes",))))] == [2, 3]


@pytest.mark.parametrize("ending", ["xlsx", "ods"])
def test_a_sheet_is_named_or_numbered(reading: Reading, ending: str) -> None:
    first, second = (("text",), ("one text",)), (("text",), ("another text",))
    data = (
        xlsx(first, Posts=second)
        if ending == "xlsx"
        else ods(ods_sheet(first, name="Sheet"), ods_sheet(second, name="Posts"))
    )
    assert texts(reading.read(data)) == ["one text"]
    for wanted in ("Posts", "posts", "2"):
        assert texts(reading.read(data, sheet=wanted)) == ["another text"]
    with pytest.raises(SheetError, match=r"no sheet 'Post'. Name one of: 'Sheet', 'Posts'"):
        reading.read(data, sheet="Post")
    with pytest.raises(UnusedOptionError, match=r"no workbook. Leave --sheet out"):
        reading.read("text\na\n", sheet="2")
    if ending == "xlsx":
        assert reading.layout(data).notes == ("sheet 'Sheet' read; others: 'Posts' (--sheet)",)


@pytest.mark.parametrize(
    ("cover", "says"),
    [
        ((("Report of the week, as we sent it",),), "the first line looks like a row"),
        ((("Year", "Sum"), (2024, 7), (2025, 8), (2026, 9)), "no column looks like the text"),
    ],
)
def test_a_title_page_leads_to_the_other_sheets(
    reading: Reading, cover: tuple[tuple[Any, ...], ...], says: str
) -> None:
    data = xlsx(cover, Posts=(("text",), ("one text",)))
    with pytest.raises(
        ColumnError, match=rf"{says}.*; if the rows are in another sheet than 'Sheet'.*--sheet: 'Posts'"
    ):
        reading.read(data)
    assert texts(reading.read(data, sheet="Posts")) == ["one text"]


def test_a_sheet_of_a_header_alone_leads_to_the_others(reading: Reading) -> None:
    data = xlsx((("text",),), Posts=(("text",), ("one text",)))
    with pytest.raises(
        EmptyFileError, match=r"'Sheet' has no rows below its header. Name another with --sheet: 'Posts'"
    ):
        reading.read(data)


def test_hidden_and_empty_sheets(reading: Reading) -> None:
    book = openpyxl.Workbook()
    book.active.sheet_state = "hidden"
    book.create_sheet("Empty")
    book.create_sheet("Posts").append(("text",))
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(EmptyFileError, match=r"the sheet 'Empty' is empty. Name another with --sheet: 'Posts'"):
        reading.read(out.getvalue())


@pytest.mark.parametrize("ending", ["xlsx", "ods"])
def test_a_sheet_without_a_header_is_asked_about(reading: Reading, ending: str) -> None:
    rows = ((1, LONG), (2, "A fruit cures everything at once."))
    data = xlsx(rows) if ending == "xlsx" else ods(ods_sheet(rows))
    with pytest.raises(HeaderlessError, match=r"--no-header.*--columns 1,text"):
        reading.read(data)
    assert [row.row for row in reading.read(data, no_header=True)] == [1, 2]
    assert reading.read(data, column_names=("id", "text"))[0] == Row(1, "1", LONG, None)


def test_what_libre_office_writes_into_cells(reading: Reading) -> None:
    cells = (
        "<table:table-cell table:number-columns-repeated='2'/>"
        "<table:table-cell office:value-type='string'><office:annotation><text:p>a remark</text:p></office:annotation>"
        "<text:p>One  <text:span>bold</text:span>\n word"
        "<text:s text:c='2'/>and<text:tab/>a<text:line-break/>line</text:p>"
        "<text:p><text:a>two</text:a></text:p></table:table-cell>"
    )
    sheet = (
        "<table:table table:name='S'><table:table-header-rows>"
        "<table:table-row><table:table-cell/><table:table-cell/><table:table-cell office:value-type='string'>"
        "<text:p>text</text:p></table:table-cell></table:table-row></table:table-header-rows>"
        f"<table:table-row table:number-rows-repeated='2'>{cells}</table:table-row></table:table>"
    )
    assert [(row.row, row.text) for row in reading.read(ods(sheet)) if isinstance(row, Row)] == [
        (2, "One bold word  and\ta\nline\ntwo"),
        (3, "One bold word  and\ta\nline\ntwo"),
    ]


STRINGS = (
    "<x:sst xmlns:x='http://schemas.openxmlformats.org/spreadsheetml/2006/main'>"
    "<x:si><x:t>text</x:t></x:si>"
    "<x:si><x:r><x:t>Rich </x:t></x:r><x:r><x:t>text of Excel</x:t></x:r><x:rPh><x:t>spoken</x:t></x:rPh></x:si>"
    "<x:si><x:t>a_x000D__x005F_x000D_b &amp; more</x:t></x:si></x:sst>"
)


def test_strings_that_cells_share(reading: Reading) -> None:
    sheet = (
        "<x:worksheet xmlns:x='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><x:sheetData>"
        "<x:row><x:c t='s'><x:v>0</x:v></x:c></x:row>"
        "<x:row><x:c t='s'><x:v>1</x:v></x:c></x:row><x:row r='7'><x:c r='A7' t='s'><x:v>2</x:v></x:c></x:row>"
        "<x:row><x:c t='inlineStr'><x:is><x:t>in line</x:t></x:is></x:c></x:row>"
        "<x:row><x:c t='s'><x:v>99</x:v></x:c><x:c t='n'><x:v>1</x:v></x:c></x:row></x:sheetData></x:worksheet>"
    )
    data = changed(xlsx((("text",), ("a",))), "xl/sharedStrings.xml", STRINGS.encode())
    relations = (
        "<Relationships><Relationship Type='http://x/worksheet' Target='worksheets/sheet1.xml' Id='rId1'/>"
        "<Relationship Type='http://x/sharedStrings' Target='/xl/sharedStrings.xml' Id='rId9'/></Relationships>"
    )
    data = changed(data, "xl/_rels/workbook.xml.rels", relations.encode())
    rows = reading.read(changed(data, "xl/worksheets/sheet1.xml", sheet.encode()))
    assert [(row.row, row.text) for row in rows if isinstance(row, Row)] == [
        (2, "Rich text of Excel"),
        (7, "a\r_x000D_b & more"),
        (8, "in line"),
    ]
    assert rejects(rows) == [(9, "empty text")]


def test_many_strings_lie_on_disk(reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsgate.tasks.reading.workbooks.xlsx_strings._WRITE_BYTES", 100)
    monkeypatch.setattr("newsgate.tasks.reading.workbooks.xlsx_strings._WINDOW_BYTES", 50)
    strings = SharedStrings(reading.folder)
    known = [f"string number {number} " + "é" * (number % 7) for number in range(60)]
    for each in known:
        strings.add(each)
    assert [strings.get(number) for number in (*range(60), 3, 59, 0)] == [*known, known[3], known[59], known[0]]
    assert strings.get(60) is None
    strings.close()


def test_entities_are_refused_before_they_grow(reading: Reading) -> None:
    bomb = b"<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]><worksheet>&b;</worksheet>"
    with pytest.raises(DamagedFileError, match="declares a document type"):
        reading.read(changed(xlsx(POSTS), "xl/workbook.xml", bomb))
    with pytest.raises(DamagedFileError, match="declares a document type"):
        reading.read(changed(xlsx(POSTS), "xl/worksheets/sheet1.xml", bomb))
    with pytest.raises(DamagedFileError, match="declares a document type"):
        reading.read(changed(ods(ods_sheet(POSTS)), "content.xml", bomb))


def test_a_part_that_expands_like_a_bomb_is_read_no_further(reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "_BOMB_LEAST_BYTES", 300_000)
    many = "".join(f"<row r='{n}'><c t='inlineStr'><is><t>text</t></is></c></row>" for n in range(1, 200_000, 100))
    sheet = f"<worksheet><sheetData>{many}{' ' * 3_000_000}</sheetData></worksheet>"
    with reading.open(changed(xlsx(POSTS), "xl/worksheets/sheet1.xml", sheet.encode())) as source:
        list(source.rows(source.layout()))
        assert source.incomplete
        assert "expands to more than 250 times its size" in source.warnings[0]


def test_a_tag_that_never_ends_is_no_memory(reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsgate.tasks.reading.workbooks.parts._MOST_TAG_BYTES", 200_000)
    sheet = b"<worksheet><sheetData><row r='1'><c t='str' x='" + b"y" * 600_000
    with pytest.raises(DamagedFileError, match="a tag that is too long"):
        reading.read(changed(xlsx(POSTS), "xl/worksheets/sheet1.xml", sheet))


def test_rows_before_a_damage_are_kept(reading: Reading) -> None:
    whole = xlsx([("text",), *((f"{LONG} {number}",) for number in range(5000))])
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    with reading.open(changed(whole, "xl/worksheets/sheet1.xml", sheet[: len(sheet) // 2])) as source:
        assert 1000 < len(list(source.rows(source.layout()))) < 5000
        assert source.incomplete
    with pytest.raises(DamagedFileError, match=r"workbook is damaged.*Save it again, or as CSV"):
        reading.read(whole[:3000], name="posts.xlsx")


def test_a_workbook_in_an_archive_is_read(reading: Reading) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("posts.xlsx", xlsx(POSTS))
    assert reading.read(out.getvalue()) == reading.read(xlsx(POSTS))


@pytest.mark.parametrize(
    ("part", "what"), [("xl/workbook.bin", r"an \.xlsb workbook"), ("word/document.xml", "a Word document")]
)
def test_other_documents_are_named(reading: Reading, part: str, what: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(part, "x")
    with pytest.raises(NotTextError, match=f"this is {what}. Save it as .xlsx or CSV"):
        reading.read(out.getvalue())


def test_options_of_text_files_mean_nothing_for_a_workbook(reading: Reading) -> None:
    given: list[dict[str, Any]] = [{"delimiter": ","}, {"encoding": "utf-8"}, {"quoting": "none"}, {"records": "a"}]
    for options in given:
        with pytest.raises(UnusedOptionError, match=f"Leave --{next(iter(options))} out"):
            reading.read(xlsx(POSTS), **options)
