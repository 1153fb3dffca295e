"""Tables that are divided or quoted in rare ways."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsgate.foundation.errors import NewsgateError
from newsgate.tasks.reading import NotTextError
from newsgate.tasks.reading.errors import QuotedLinesError
from newsgate.tasks.reading.other_lines import what_lines_are
from tests.unit.reading.helpers import Reading, rejects, texts

LONG = (
    "The mayor sold the moon, officials say.",
    'A "fruit" cures all; nobody knows.',
    "It's noon | the bridge is open.",
)


def written(rows: Iterable[tuple[str, ...]], **dialect: str) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, **dialect).writerows(rows)  # type: ignore[arg-type]
    return out.getvalue()


ROWS = [("id", "text", "label"), *((str(number), text, "fake") for number, text in enumerate(LONG))]


@pytest.mark.parametrize("delimiter", ["\x01", "^", "~", "¦", "§"])
@pytest.mark.parametrize("name", ["rows.csv", "rows.txt", "stdin"])
def test_rare_delimiters_are_detected(reading: Reading, delimiter: str, name: str) -> None:
    data = "".join(delimiter.join(row) + "\n" for row in ROWS)
    assert reading.layout(data, name=name).delimiter == delimiter
    assert texts(reading.read(data, name=name)) == list(LONG)


def test_a_rare_delimiter_needs_a_text_and_rows_that_are_cut_alike(reading: Reading) -> None:
    assert reading.layout("a^text\nx\ny ^ z ^ w\n", text_columns=("a^text",)).delimiter is None
    assert reading.layout("Text ~ of the week\nHello ~ there\n", text_columns=("Text ~ of the week",)).delimiter is None


@pytest.mark.parametrize("name", ["rows.csv", "rows.txt", "rows.tsv"])
@pytest.mark.parametrize("delimiter", [" ", "\t", ","])
def test_rs_numbers_of_rows_are_a_column_without_a_name(reading: Reading, name: str, delimiter: str) -> None:
    if name == "rows.tsv" and delimiter != "\t":
        return
    lines = (
        ['"text"', '"label"'],
        *((f'"{n}"', '"' + text.replace('"', '\\"') + '"', '"fake"') for n, text in enumerate(LONG, 5)),
    )
    data = "".join(delimiter.join(line) + "\n" for line in lines)
    layout = reading.layout(data, name=name)
    assert (layout.columns, layout.text_columns) == (("", "text", "label"), ("text",))
    read = reading.read(data, name=name)
    assert (texts(read), rejects(read)) == (list(LONG), [])


@pytest.mark.parametrize("numbers", [("1", "2", "2"), ("3", "2", "1"), ("a", "b", "c"), ("1", "2", "Some words")])
def test_a_comma_in_each_text_is_no_number_of_a_row(reading: Reading, numbers: tuple[str, ...]) -> None:
    data = "text,label\n" + "".join(f"{number},and more,fake\n" for number in numbers)
    assert len(rejects(reading.read(data, text_columns=("text",)))) == 3


def test_cells_in_single_quotes(reading: Reading) -> None:
    data = written(ROWS, quotechar="'")
    layout = reading.layout(data)
    assert (layout.columns, layout.quoting) == (("id", "text", "label"), "single")
    assert layout.notes == ("cells stand in single quotes (--quoting overrides)",)
    assert texts(reading.read(data)) == list(LONG)
    assert reading.layout(data, quoting="usual").columns[1] == "'text'"
    assert texts(reading.read("'id','text'\n1,'a, b'\n2,'it''s c'\n")) == ["a, b", "it's c"]
    assert reading.layout("'id','text'\n1,it's a, b\n").quoting == "usual"


@given(st.lists(st.text("ab,;'\"\n ", min_size=1).filter(lambda text: text.strip("\n ") != ""), min_size=1, max_size=9))
def test_whatever_stands_in_single_quotes_is_read_back(written_texts: list[str]) -> None:
    rows = [("id", "text", "n"), *(("x", f"a{text}", "1") for text in written_texts)]
    with TemporaryDirectory() as folder:
        read = Reading(Path(folder)).read(written(rows, quotechar="'", lineterminator="\n"))
    assert (texts(read), rejects(read)) == ([f"a{text}" for text in written_texts], [])


def test_lines_that_are_quoted_as_a_whole_are_told_with_a_command_that_helps(reading: Reading) -> None:
    inner = written(ROWS, lineterminator="\n").splitlines()
    data = written([(line,) for line in inner])
    with pytest.raises(QuotedLinesError, match="each line is quoted as a whole") as caught:
        reading.layout(data, name="a b.csv")
    remedy = caught.value.remedy or ""
    command = remedy.removeprefix("Take the quotes off: ").removesuffix(" | enqueue -")
    assert "'a b.csv'" in command
    command = command.replace("python3", sys.executable)
    told = subprocess.run(command, shell=True, cwd=reading.folder, capture_output=True, text=True, check=True)
    assert texts(reading.read(told.stdout)) == list(LONG)
    assert texts(reading.read('"text, that has a comma"\n"one, two"\n', text_columns=("text, that has a comma",))) == [
        "one, two"
    ]


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_a_quote_that_is_never_closed_in_the_only_column_costs_its_row_alone(reading: Reading, end: str) -> None:
    data = end.join(("text", '"Schools reopen on Monday', "Garlic cures the virus", "")).encode()
    read = reading.read(data)
    assert texts(read) == ["Garlic cures the virus"]
    assert rejects(read) == [(2, "a quote opened in this row is never closed")]


PIECES = (
    *(
        "text",
        "id",
        "label",
        ",",
        ";",
        "\t",
        "|",
        "^",
        "~",
        "\x01",
        "'",
        '"',
        '""',
        "\\",
        "\n",
        "\r\n",
        "\r",
        " ",
        "---",
    ),
    *("{", "}", "[", "]", '"text":', "<p>", "&amp;", "Report:", '{"ImportId":"x"}', "RespondentID", "Title", "12"),
    *("The mayor sold the moon.", "2023-01-01", "http://x.org/a", "12/31/20, 10:15 PM - Ann: hi"),
)


@given(
    st.lists(st.sampled_from(PIECES), max_size=40).map("".join),
    st.sampled_from(("posts.csv", "posts.txt", "posts.json", "posts.jsonl", "posts.tsv")),
)
@example('""', "posts.csv")
def test_whatever_stands_in_a_file_it_ends_in_rows_or_in_an_error_of_its_own(data: str, name: str) -> None:
    with TemporaryDirectory() as folder, suppress(NewsgateError):
        Reading(Path(folder)).read(data, name=name)


@pytest.mark.parametrize(
    ("data", "name", "what"),
    [
        ("% x\n\\begin{tabular}{ll}\nid & text \\\\\n", "table.tex", "a LaTeX document"),
        ("@RELATION posts\n@ATTRIBUTE text STRING\n", "rows.arff", "an ARFF file"),
        ("-- MySQL dump 10.13\n/*!40101 SET NAMES utf8 */;\nDROP TABLE IF EXISTS `posts`;\n", "dump.sql", "in SQL"),
        ("--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\n", "dump.sql", "in SQL"),
        ("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n", "dump.txt", "in SQL"),
        ("COPY public.posts (id, text) FROM stdin;\n1\ta\n", "dump.txt", "in SQL"),
        ("*************************** 1. row ***************************\n  id: 0\n", "out.txt", "below each other"),
        ("-[ RECORD 1 ]---\nid    | 0\ntext  | a\n", "out.txt", "below each other"),
        ("┌────┬──────┐\n│ id │ text │\n", "out.txt", "a table that is drawn"),
        ("id  text\n--  ------\n1   Hello there\n", "out.txt", "aligned by blanks"),
        ("- id: 0\n  text: A town.\n", "posts.yaml", "a YAML document"),
        ("<table><tr><td>x</td></tr></table>", "rows.xls", "a table in HTML. Open it in a spreadsheet"),
        ("<html><body/></html>", "rows.xls", "is called a workbook. Open it in a spreadsheet"),
        ("<html><body/></html>", "rows.csv", "saved in place of the data"),
        (
            '{"url":"https://docs.google.com/open?id=1","doc_id":"1","email":"a@b.org"}',
            "a.gsheet",
            "a link to a document",
        ),
        ("<stata_dta><header>", "a.dta", "a Stata file"),
        ("Obj\x01\x04\x14avro.codec", "a.avro", "an Avro file"),
    ],
)
def test_lines_that_are_no_rows_are_named(reading: Reading, data: str, name: str, what: str) -> None:
    with pytest.raises(NotTextError, match=what):
        reading.read(data, name=name)


@pytest.mark.parametrize(
    "data",
    [
        "Set the clocks back tonight.\nCreate table tennis clubs, says the mayor.\n",
        "- A list begins here\n- and goes on\n",
        "A heading of a list\n-----------\nThe first line.\n",
        "Begin transactions early, bank says.\n",
    ],
)
def test_texts_that_are_only_like_them_are_texts(reading: Reading, data: str) -> None:
    assert len(texts(reading.read(data, name="rows.txt"))) == data.count("\n")


def test_a_record_with_a_link_to_google_is_a_record(reading: Reading) -> None:
    assert texts(reading.read('{"url": "https://docs.google.com/a", "text": "A town."}\n', name="rows.jsonl")) == [
        "A town."
    ]


@pytest.mark.parametrize("piece", ["/* a */ ", "-- a\n", "% a\n", "\n", " \t", "- ", "-- ", "/*", '{"doc_id" '])
def test_no_beginning_keeps_anybody_busy(piece: str) -> None:
    assert what_lines_are((piece * 2000 + "!").encode(), where="rows.csv") is None
    assert what_lines_are(("a\n" + piece * 2000 + "!").encode(), where="rows.csv") is None
