from __future__ import annotations

import pytest

from newsgate.tasks.reading import Layout, Row
from tests.unit.reading.helpers import Reading, rejects, texts


def test_the_layout_of_a_plain_file(reading: Reading) -> None:
    assert reading.layout("id,text,label\n1,a,fake\n") == Layout(
        format="csv",
        encoding="utf-8",
        delimiter=",",
        columns=("id", "text", "label"),
        text_columns=("text",),
        id_column="id",
        label_column=None,
        notes=(),
        first_row=2,
    )


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("id,Tweet", ("Tweet",)),
        ("id, TEXT ", ("TEXT",)),
        ("title,text", ("title", "text")),
        ("text,title", ("title", "text")),
        ("title,body", ("body",)),
        ("title,id", ("title",)),
        ("headline,claim", ("headline",)),
        ("full_text,news", ("news",)),
    ],
)
def test_text_guesses(reading: Reading, header: str, expected: tuple[str, ...]) -> None:
    assert reading.layout(f"{header}\n1,2\n").text_columns == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("id,text", "id"),
        ("ID,text", "ID"),
        ("uuid,text", "uuid"),
        (",text", None),
        ("id,id,text", None),
        ("x,text", None),
    ],
)
def test_id_guesses(reading: Reading, header: str, expected: str | None) -> None:
    assert reading.layout(f"{header}\n").id_column == expected


def test_the_text_column_is_not_also_guessed_as_the_id(reading: Reading) -> None:
    assert reading.layout("id,text\n1,a\n", text_columns=("id",)).id_column is None


def test_repeated_names_that_are_not_used_are_fine(reading: Reading) -> None:
    assert texts(reading.read("x,x,text\n1,2,a\n")) == ["a"]


def test_exact_spelling_wins_over_folded(reading: Reading) -> None:
    assert reading.layout("Text,text\na,b\n").text_columns == ("text",)
    assert reading.layout("Text,text\na,b\n", text_columns=("Text",)).text_columns == ("Text",)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_detected(reading: Reading, delimiter: str) -> None:
    data = f"id{delimiter}text\n1{delimiter}a\n2{delimiter}b\n"
    assert reading.layout(data).delimiter == delimiter
    assert texts(reading.read(data)) == ["a", "b"]


def test_a_header_with_the_text_column_outweighs_more_columns(reading: Reading) -> None:
    assert reading.layout("text;a, b, c\nx;1, 2, 3\n").delimiter == ";"


def test_steadiness_decides_when_the_header_does_not(reading: Reading) -> None:
    data = "a,b;text,c\n1;2,3\n1;2\n1;2\n"
    assert reading.layout(data, text_columns=("text,c",)).delimiter == ";"


@pytest.mark.parametrize("word", ["semicolon", "Semicolon", ";"])
def test_a_named_delimiter(reading: Reading, word: str) -> None:
    assert reading.layout("a,b;text\n1,2;3\n", delimiter=word).columns == ("a,b", "text")


def test_a_tsv_is_split_at_tabs(reading: Reading) -> None:
    assert texts(reading.read("id\ttext\n1\ta, b\n", name="rows.TSV")) == ["a, b"]
    assert texts(reading.read("text\na, b\n", name="rows.tsv")) == ["a, b"]


def test_a_single_column_keeps_its_commas(reading: Reading) -> None:
    data = 'text\nhello, world; and | more\n"quoted, ""text"""\nplain\n'
    rows = reading.read(data)
    assert texts(rows) == ["hello, world; and | more", 'quoted, "text"', "plain"]
    assert rejects(rows) == []
    assert "single column" in reading.layout(data).notes[0]


def test_a_header_may_span_lines(reading: Reading) -> None:
    data = '\n"a\nb",text\n1,x\n'
    assert reading.layout(data).columns == ("a\nb", "text")
    assert [row.row for row in reading.read(data)] == [4]


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.ndjson", "stdin", "rows.csv"])
def test_jsonl_is_told_by_name_or_content(reading: Reading, name: str) -> None:
    layout = reading.layout('{"Text": "a", "id": 1}\n{"label": "fake"}\n', name=name)
    assert (layout.format, layout.columns, layout.text_columns) == ("jsonl", ("Text", "id", "label"), ("Text",))


def test_a_sample_may_end_inside_a_row(reading: Reading) -> None:
    data = "id,text\n" + "".join(f"{number},some words here\n" for number in range(300_000))
    assert reading.layout(data).delimiter == ","


@pytest.mark.parametrize("line", ["sep=;", "SEP=;", '"sep=;"', "sep=;\r"])
def test_excels_separator_line_is_no_row_and_names_the_delimiter(reading: Reading, line: str) -> None:
    content = f"\ufeff{line}\nid;text\n1;a, b, c\n2;d;e\n"
    layout = reading.layout(content)
    assert (layout.delimiter, layout.columns, layout.first_row) == (";", ("id", "text"), 3)
    rows = reading.read(content)
    assert [(row.row, row.text) for row in rows if isinstance(row, Row)] == [(3, "a, b, c")]
    assert [row for row, _ in rejects(rows)] == [4]


def test_a_separator_line_wins_over_the_files_name_and_a_person_over_both(reading: Reading) -> None:
    content = "sep=|\nid|te,xt\n1|a,b\n"
    assert reading.layout(content, name="rows.tsv", text_columns=("te,xt",)).delimiter == "|"
    assert reading.layout("sep=|\nid;text\n1;a|b\n", delimiter=";").columns == ("id", "text")
    assert texts(reading.read("sep=\t\nid\ttext\n1\ta,b\n")) == ["a,b"]


def test_a_line_that_is_only_like_a_separators_is_a_header(reading: Reading) -> None:
    assert reading.layout("sep=,text\n1,a\n").columns == ("sep=", "text")
