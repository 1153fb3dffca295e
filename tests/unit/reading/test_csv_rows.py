"""One test per kind of CSV row, good and bad."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pytest

from newsgate.tasks.reading import Limits, Rejected, Row, open_source
from tests.unit.reading.helpers import Reading, rejects, texts


def test_plain_rows(reading: Reading) -> None:
    assert reading.read("id,text\n7,hello\n8,world\n") == [Row(2, "7", "hello", None), Row(3, "8", "world", None)]


def test_a_last_line_without_line_end(reading: Reading) -> None:
    assert texts(reading.read("id,text\n1,a\n2,b")) == ["a", "b"]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("block_bytes", [1, 2, 3, 4096])
def test_line_ends(reading: Reading, line_end: str, block_bytes: int) -> None:
    data = line_end.join(["id,text", '1,"a', 'b"', "", "2,c", ""])
    rows = reading.read(data, limits=Limits(block_bytes=block_bytes))
    assert rows == [Row(2, "1", f"a{line_end}b", None), Row(5, "2", "c", None)]


def test_unusual_line_breaks_belong_to_the_text(reading: Reading) -> None:
    text = "a\x0bb\x0cc\x1cd\x85e\u2028f\u2029g"
    assert texts(reading.read(f"id,text\n1,{text}\n")) == [text]


def test_blank_lines_are_not_rows(reading: Reading) -> None:
    assert [row.row for row in reading.read("\n id,text\n\n1,a\n   \n\n2,b\n\n")] == [4, 7]


def test_rows_of_empty_fields_are_rows(reading: Reading) -> None:
    assert rejects(reading.read("id,text,x\n,,\n1,a,\n")) == [(2, "empty text")]


@pytest.mark.parametrize("text", ["", "  ", "\u200b\u200d", "\u00a0", "\ufeff", "\u3164\u2800", "\u202e\u2060"])
def test_an_invisible_text_is_empty(reading: Reading, text: str) -> None:
    rows = reading.read(f'id,text\n1,"{text}"\n2,b\n')
    assert rejects(rows) == [(2, "empty text")]
    assert texts(rows) == ["b"]


@pytest.mark.parametrize(
    ("header", "again"),
    [
        ("id,text", "id,text"),
        ("id,text", "\ufeffid,text"),
        ("id, text ", "id, text "),
        ('"id","text"', '\ufeff"id","text"'),
        ("text,id", "\ufefftext,id"),
        ("text,id,,", "text,id,,"),
        ("text", "text"),
        ("text", "\ufefftext"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_header_that_is_repeated_is_no_text(reading: Reading, header: str, again: str, packed: bool) -> None:
    width = header.count(",") + 1
    row = ",".join(["a text", "a text", "", ""][:width])
    parts = [f"{header}\n{row}\n{row}\n".encode(), f"{again}\n{row}\n".encode()]
    # As `cat a.csv.gz b.csv.gz` joins two files.
    data = b"".join(map(gzip.compress, parts)) if packed else b"".join(parts)
    rows = reading.read(data, name="rows.csv.gz" if packed else "rows.csv")
    assert texts(rows) == ["a text"] * 3
    assert rejects(rows) == [(4, "the header once more, as where files were joined")]
    assert len(rows) == 4


def test_only_the_whole_header_is_one(reading: Reading) -> None:
    rows = reading.read("id,text\n1,text\nid,a\nid,text,\n")
    assert texts(rows) == ["text", "a"]
    assert [line for line, _ in rejects(rows)] == [4]
    # Without a header, none can be repeated.
    assert texts(reading.read("a\ntext\nb\n", column_names=("text",))) == ["a", "text", "b"]


def test_too_many_columns(reading: Reading) -> None:
    rows = reading.read("id,text\n1,a, and b\n2,c\n")
    assert rejects(rows) == [(2, "has 3 columns where the header has 2 (an unquoted delimiter?)")]
    assert texts(rows) == ["c"]


def test_too_few_columns(reading: Reading) -> None:
    rows = reading.read("id,text,x\n1,a,2\nb\n3,c,4\n")
    assert rejects(rows) == [(3, "has 1 column where the header has 3 (a delimiter or a quote is missing?)")]
    assert texts(rows) == ["a", "c"]


def test_empty_columns_at_the_end_are_forgiven(reading: Reading) -> None:
    assert texts(reading.read("id,text\n1,a,,\n2,b\n")) == ["a", "b"]
    assert texts(reading.read("id,text,,\n1,a,,\n2,b\n")) == ["a", "b"]


def test_a_quote_never_closed_costs_one_line(reading: Reading) -> None:
    rows = reading.read('id,text\n1,a\n2,"b\n3,c\n4,d\n')
    assert rejects(rows) == [(3, "a quote opened in this row is never closed")]
    assert texts(rows) == ["a", "c", "d"]


def test_a_quote_closed_by_a_later_row_costs_one_line(reading: Reading) -> None:
    rows = reading.read('id,text\n1,"a\n2,b\n3,"c, d"\n4,e\n')
    assert rejects(rows) == [(2, "a quote opened in this row is closed in the middle of a later one")]
    assert texts(rows) == ["b", "c, d", "e"]


def test_many_stray_quotes_cost_their_lines_alone(reading: Reading) -> None:
    data = "id,text\n" + "".join(f'{number},"broken\n{number},fine\n' for number in range(50))
    rows = reading.read(data)
    assert texts(rows) == ["fine"] * 50
    assert len(rejects(rows)) == 50


def test_a_record_over_the_line_limit_counts_as_unclosed(reading: Reading) -> None:
    data = 'id,text\n1,"' + "x\n" * 20 + '"\n2,b\n'
    rows = reading.read(data, limits=Limits(record_lines=10))
    assert rejects(rows)[0] == (2, "a quote opened in this row is never closed")
    assert texts(rows) == ["b"]
    assert len(texts(reading.read(data, limits=Limits(record_lines=21)))) == 2


def test_characters_after_a_closing_quote_are_forgiven(reading: Reading) -> None:
    assert texts(reading.read('id,text\n1,"a" b\n2,c\n')) == ["a b", "c"]


def test_a_quote_inside_an_unquoted_field_is_a_character(reading: Reading) -> None:
    assert texts(reading.read('id,text\n1,say "hi" 6"\n2,c\n')) == ['say "hi" 6"', "c"]


def test_a_nul_costs_its_row(reading: Reading) -> None:
    rows = reading.read("id,text\n1,a\0b\n2,c\n")
    assert rejects(rows) == [(2, "a NUL at character 4 of line 2")]
    assert rows[0] == Rejected(2, "a NUL at character 4 of line 2", "1,a\ufffdb")
    assert texts(rows) == ["c"]


def test_a_text_over_the_limit(reading: Reading) -> None:
    rows = reading.read("id,text\n1,abcdef\n2,abcde\n", max_text_chars=5)
    assert rejects(rows) == [(2, "the text has 6 characters; at most 5 are accepted")]
    assert texts(rows) == ["abcde"]


@pytest.mark.parametrize("block_bytes", [7, 64, 4096])
def test_a_line_over_the_limit_is_never_held(reading: Reading, block_bytes: int) -> None:
    limits = Limits(block_bytes=block_bytes, record_chars=100)
    rows = reading.read(f"id,text\n1,a\n2,{'x' * 2000}\r\n3,c\n", limits=limits, max_text_chars=100)
    assert rejects(rows) == [(3, "the row has 2,002 characters; at most 100 are accepted")]
    assert texts(rows) == ["a", "c"]
    [refused] = [row for row in rows if isinstance(row, Rejected)]
    assert refused.raw.startswith("2,xxx")
    assert len(refused.raw) <= 1000


def test_a_line_over_the_limit_may_be_the_last(reading: Reading) -> None:
    limits = Limits(block_bytes=7, record_chars=100)
    rows = reading.read(f"id,text\n1,a\n2,{'x' * 200}", limits=limits, max_text_chars=100)
    assert rejects(rows) == [(3, "the row has 202 characters; at most 100 are accepted")]


def test_an_id_over_the_limit(reading: Reading) -> None:
    assert rejects(reading.read(f"id,text\n{'9' * 1001},a\n")) == [
        (2, "the id has 1,001 characters; at most 1,000 are accepted")
    ]


def test_raw_is_shortened(reading: Reading) -> None:
    [refused] = reading.read(f"id,text\n1,{'a,' * 1000}\n")
    assert isinstance(refused, Rejected)
    assert len(refused.raw) == 1000
    assert refused.raw.endswith("…")


def test_a_hundred_thousand_columns(reading: Reading) -> None:
    names = [f"c{number}" for number in range(99_999)]
    row = ",".join(["x"] * 99_999)
    rows = reading.read(",".join(names) + f",text\n{row},a\n{row}\n{row},b\n")
    assert texts(rows) == ["a", "b"]
    assert rejects(rows) == [
        (3, "has 99,999 columns where the header has 100,000 (a delimiter or a quote is missing?)")
    ]


def test_labels_are_normalised_and_others_counted(reading: Reading) -> None:
    data = "text,label\na, Fake\nb,REAL\nc,maybe\nd,\ne,maybe\nf,7\n"
    rows = reading.read(data, label_column="label")
    assert [row.label for row in rows if isinstance(row, Row)] == ["fake", "real", None, None, None, None]
    [warning] = reading.warnings(data, label_column="label")
    assert warning == "labels ignored: 3 rows had labels other than fake or real, such as 'maybe', '7'"


def test_labels_are_read_only_when_asked_for(reading: Reading) -> None:
    assert [row.label for row in reading.read("text,label\na,fake\n") if isinstance(row, Row)] == [None]
    assert reading.warnings("text,label\na,maybe\n") == ()


def test_an_empty_id_is_none(reading: Reading) -> None:
    assert reading.read("id,text\n ,a\n") == [Row(2, None, "a", None)]


def test_several_text_columns_are_joined_in_the_order_given(reading: Reading) -> None:
    rows = reading.read("a,b,c\n1,2,3\n,5,\n, ,\n", text_columns=("c", "b", "c"))
    assert texts(rows) == ["3\n2", "5"]
    assert rejects(rows) == [(4, "empty text")]


def test_a_file_that_grows_loses_only_its_unfinished_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("id,text\n1,a\n2,b")
    with open_source(path, spool_folder=tmp_path) as source:
        with path.open("a") as file:
            file.write("c\n3,d\n")
        rows = list(source.rows(source.layout()))
        assert texts(rows) == ["a"]
        assert rejects(rows) == [(3, "the file grew while it was read; the row may be incomplete")]
        assert source.warnings == (
            "the file grew while it was read: what was written after it was opened was not read",
        )


def test_a_file_that_grows_after_a_line_end_loses_no_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("id,text\n1,a\n")
    with open_source(path, spool_folder=tmp_path) as source:
        with path.open("a") as file:
            file.write("2,b\n")
        assert texts(list(source.rows(source.layout()))) == ["a"]
        assert len(source.warnings) == 1


def test_an_unfinished_quoted_row_of_a_growing_file_is_one_reject(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text('id,text\n1,a\n2,"b\nc\n')
    with open_source(path, spool_folder=tmp_path) as source:
        with path.open("a") as file:
            file.write('d"\n')
        assert rejects(list(source.rows(source.layout()))) == [
            (3, "the file grew while it was read; the row may be incomplete")
        ]


def test_the_whole_csv_field_limit_is_ours(reading: Reading) -> None:
    long = "x" * 200_000
    written = io.StringIO()
    csv.writer(written).writerows([["id", "text"], ["1", long]])
    assert texts(reading.read(written.getvalue())) == [long]


def test_a_text_limit_above_the_usual_one_lifts_the_limit_on_a_row(reading: Reading) -> None:
    limits = Limits(block_bytes=64, record_chars=10)
    assert texts(reading.read(f"id,text\n1,{'x' * 90}\n", limits=limits, max_text_chars=100)) == ["x" * 90]


def test_a_row_of_empty_fields_between_tabs_is_a_row(reading: Reading) -> None:
    rows = reading.read("id\ttext\n\t\n1\ta\n", name="rows.tsv")
    assert rejects(rows) == [(2, "empty text")]
    assert texts(rows) == ["a"]


@pytest.mark.parametrize("block_bytes", [7, 4096])
def test_a_quote_left_open_before_a_line_over_the_limit(reading: Reading, block_bytes: int) -> None:
    limits = Limits(block_bytes=block_bytes, record_chars=100)
    data = f'id,text\n1,"a\n2,b\n3,{"x" * 200}\n4,c\n'
    rows = reading.read(data, limits=limits, max_text_chars=100)
    assert texts(rows) == ["b", "c"]
    assert [line for line, _ in rejects(rows)] == [2, 4]
