"""Tables whose header stands below something else, or takes several rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsgate.tasks.reading import HeaderlessError, NoTextColumnError, Row
from newsgate.tasks.reading.header_place import find_header, is_ruler, more_header_rows
from tests.unit.reading.helpers import Reading, rejects, texts
from tests.unit.reading.tables import xlsx

SENTENCES = (
    "The mayor sold the moon to a company.",
    "The bridge reopened at noon, after two years.",
    "A fruit cures everything overnight.",
    "The library opens on Sundays now.",
)
ABOVE = (("Report:", "Bulk Mentions Download"), ("Brand:", "My Town"), ("From:", "Mon May 01 2023"), ("Label:", "Town"))
MENTIONS = (
    ("Query Id", "Date", "Title", "Url", "Full Text", "Impact"),
    *(("19", "2023-05-01 10:00", "A town", "https://example.org", text, "1.5") for text in SENTENCES),
)
QUESTIONS = (
    ("StartDate", "Progress", "ResponseId", "Q1", "Q2"),
    ("Start Date", "Progress", "Response ID", "Which rumour did you hear last week?", "Anything else?"),
)
IMPORT_IDS = tuple(f'{{"ImportId":"{name}"}}' for name in ("startDate", "progress", "_recordId", "QID1_TEXT", "QID2"))
RULER = "+----+-------------+\n"
ANSWERS = tuple(("2023-05-01 10:00:00", "100", f"R_{number}", text, "") for number, text in enumerate(SENTENCES))


def table(rows: Sequence[Sequence[object]], delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue()


def wide(rows: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """As spreadsheets save them: each row has as many cells as the longest."""
    width = max(map(len, rows))
    return [(*row, *[""] * (width - len(row))) for row in rows]


@pytest.mark.parametrize("above", [(*ABOVE, ()), ABOVE, (("A report",), *ABOVE, (), ())])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("pad", [False, True])
def test_keys_and_values_above_a_header_are_no_rows(
    reading: Reading, above: Sequence[Sequence[str]], delimiter: str, *, pad: bool
) -> None:
    rows = [*above, *MENTIONS]
    data = table(wide(rows) if pad else rows, delimiter)
    layout = reading.layout(data)
    assert (layout.text_columns, layout.delimiter) == (("Full Text",), delimiter)
    assert f"line {len(above) + 1} read as the header: what stands above it is no table" in layout.notes
    read = reading.read(data)
    assert (texts(read), rejects(read)) == (list(SENTENCES), [])
    assert read[0].row == len(above) + 2


@pytest.mark.parametrize("name", ["rows.tsv", "rows.csv"])
def test_a_header_is_found_below_where_the_delimiter_is_known(reading: Reading, name: str) -> None:
    data = table([*ABOVE, (), *MENTIONS], "\t")
    assert texts(reading.read(data, name=name, delimiter="tab" if name == "rows.csv" else None)) == list(SENTENCES)


def test_the_column_that_a_person_names_tells_where_the_header_is(reading: Reading) -> None:
    rows = [
        ("Town", "2023"),
        ("By", "Ann"),
        ("Nr", "Sum", "Wording"),
        *((str(n), "7", text) for n, text in enumerate(SENTENCES)),
    ]
    with pytest.raises(NoTextColumnError):
        reading.layout(table(rows))
    assert texts(reading.read(table(rows), text_columns=("Wording",))) == list(SENTENCES)
    sheet = reading.read(xlsx(rows), name="rows.xlsx", text_columns=("Wording",))
    assert (texts(sheet), sheet[0].row) == (list(SENTENCES), 4)


def test_keys_that_are_names_of_columns_are_no_header(reading: Reading) -> None:
    rows = [("Title", "My Town"), ("Content", "moon AND mayor"), ("Author", "Ann"), (), *MENTIONS]
    assert texts(reading.read(table(rows))) == list(SENTENCES)
    assert texts(reading.read(xlsx(rows), name="rows.xlsx")) == list(SENTENCES)


def test_a_row_that_holds_the_name_of_a_text_is_a_row(reading: Reading) -> None:
    rows = [("kind", "wording"), ("news", SENTENCES[0]), ("news", SENTENCES[1]), ("sport", SENTENCES[2])]
    assert texts(reading.read(table(rows))) == list(SENTENCES[:3])
    numbered = [("nr", "kind", "wording"), *((str(n), "news", text) for n, text in enumerate(SENTENCES))]
    assert texts(reading.read(table(numbered))) == list(SENTENCES)


def test_a_sheet_has_its_header_in_row_five(reading: Reading) -> None:
    above = [("Monitoring",), ("From", "2023-05-01", "To", "2023-05-14"), ("Author", "Ann"), ()]
    rows = [*above, ("Nr", "Text", "Label", "Length"), *((n, text, "fake", 40) for n, text in enumerate(SENTENCES))]
    read = reading.read(xlsx(rows), name="rows.xlsx")
    assert [(row.row, row.text) for row in read if isinstance(row, Row)] == list(enumerate(SENTENCES, 6))
    groups = [
        ("Post", None, "Rating", None),
        ("id", "text", "fake", "who"),
        *((n, text, 1, "ann") for n, text in enumerate(SENTENCES)),
    ]
    assert texts(reading.read(xlsx(groups), name="rows.xlsx")) == list(SENTENCES)


def test_a_cover_sheet_that_lists_columns_is_no_table(reading: Reading) -> None:
    cover = (("A report",), (), ("Title", "My Town"), ("Content", "moon AND mayor"), ("Date", "2023"), ("Count", 4))
    with pytest.raises(NoTextColumnError, match=r"'Title' holds names of columns.*--sheet: 'Results'"):
        reading.layout(xlsx(cover, Results=MENTIONS), name="rows.xlsx")


@given(
    st.lists(
        st.tuples(st.sampled_from(["Report:", "Title", "text", "Müll", "7"]), st.text("ab :", max_size=9)), max_size=9
    ),
    st.lists(st.text("abc 1", min_size=1, max_size=9).filter(str.strip), min_size=20, max_size=30),
    st.booleans(),
)
def test_whatever_keys_stand_above_all_rows_are_there(above: list[tuple[str, str]], body: list[str], pad: bool) -> None:
    rows = [
        *above,
        ("Url", "Date", "Full Text", "Impact"),
        *(("https://e.org", "2023-05-01", f"a {text}", "7") for text in body),
    ]
    with TemporaryDirectory() as folder:
        read = Reading(Path(folder)).read(table(wide(rows) if pad else rows))
    assert [(row.row, getattr(row, "text", None)) for row in read] == list(
        enumerate((f"a {text}" for text in body), len(above) + 2)
    )


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ([QUESTIONS[1], IMPORT_IDS], "the 2 lines below the header belong to it, and are no rows: 'Which rumour"),
        ([QUESTIONS[1]], "the line below the header belongs to it, and is no row: 'Which rumour"),
    ],
)
def test_the_questions_of_qualtrics_are_no_answers(reading: Reading, more: list[tuple[str, ...]], says: str) -> None:
    rows = [QUESTIONS[0], *more, *ANSWERS]
    assert any(note.startswith(says) for note in reading.layout(table(rows)).notes)
    for read in (reading.read(table(rows)), reading.read(xlsx(rows), name="rows.xlsx")):
        assert [(row.row, getattr(row, "text", None)) for row in read] == list(enumerate(SENTENCES, 2 + len(more)))


def test_a_question_that_takes_two_lines_is_one_row_of_the_header(reading: Reading) -> None:
    questions = tuple(cell.replace("last week", "last\nweek") for cell in QUESTIONS[1])
    read = reading.read(table([QUESTIONS[0], questions, IMPORT_IDS, *ANSWERS]))
    assert [row.row for row in read] == [5, 6, 7, 8]


def test_the_second_header_of_surveymonkey_names_the_columns_that_have_no_name(reading: Reading) -> None:
    rows = [
        ("Respondent ID", "Collector ID", "Start Date", "What rumour did you hear? Please write.", "Is it fake?", None),
        (None, None, None, "Open-Ended Response", "Yes", "No"),
        *((f"11{n}", "40", "05/01/2023 10:00:00 AM", text, "Yes", "") for n, text in enumerate(SENTENCES)),
    ]
    layout = reading.layout(table(rows))
    assert layout.columns[-2:] == ("Is it fake?", "No")
    # A sheet's header ends at its last name.
    assert reading.layout(xlsx(rows), name="rows.xlsx").columns == layout.columns
    assert texts(reading.read(table(rows))) == texts(reading.read(xlsx(rows), name="rows.xlsx")) == list(SENTENCES)


def test_the_labels_of_kobotoolbox_are_no_answers(reading: Reading) -> None:
    rows = [
        ("start", "text", "is_fake", "_id"),
        ("start", "Please write down the rumour", "Is it fake?", "_id"),
        *(("2023-05-01T10:00:00.000+02:00", text, "yes", str(n)) for n, text in enumerate(SENTENCES)),
    ]
    assert texts(reading.read(table(rows, ";"))) == list(SENTENCES)


def test_a_choice_that_is_called_as_its_column_is_an_answer(reading: Reading) -> None:
    rows = [("nr", "text", "Radio", "Press", "Web"), ("1", SENTENCES[0], "Radio", "Press", "Web")]
    rows += [
        ("2", SENTENCES[1], "Radio", "", ""),
        ("3", SENTENCES[2], "", "Press", ""),
        ("4", SENTENCES[3], "", "", "Web"),
    ]
    assert texts(reading.read(table(rows))) == list(SENTENCES)
    assert texts(reading.read(table(rows[:3]))) == list(SENTENCES[:2])


@given(st.lists(st.tuples(st.sampled_from(["", "Radio"]), st.sampled_from(["", "Press"])), min_size=1, max_size=8))
def test_no_answer_is_taken_for_a_header(chosen: list[tuple[str, str]]) -> None:
    rows = [(str(number), "A text of its own.", *cells) for number, cells in enumerate(chosen)]
    assert more_header_rows(("nr", "text", "Radio", "Press"), rows) == 0


def test_a_header_that_is_there_twice_is_refused_as_before(reading: Reading) -> None:
    assert rejects(reading.read("id,text\nid,text\n1,a\n2,b\n3,c\n")) == [
        (2, "the header once more, as where files were joined")
    ]


def test_questions_above_values_are_a_header(reading: Reading) -> None:
    rows = [
        ("Record number", "When was it?", "Which rumour did you hear?"),
        *((str(n), "2023-05-01", text) for n, text in enumerate(SENTENCES)),
    ]
    assert texts(reading.read(table(rows))) == list(SENTENCES)
    with pytest.raises(HeaderlessError):
        reading.layout(table(rows[1:]))
    with pytest.raises(HeaderlessError):
        reading.layout(table([("NA", "n/a", SENTENCES[0]), *rows[1:]]))


@pytest.mark.parametrize(
    ("data", "name", "first"),
    [
        ("| id | text |\n| --- | ---: |\n| 1 | Hello there |\n| 2 | Good night |\n", "rows.md", 3),
        (" id |    text     \n----+-------------\n  1 | Hello there \n  2 | Good night  \n(2 rows)\n", "rows.txt", 3),
        (
            f"{RULER}| id | text        |\n{RULER}|  1 | Hello there |\n|  2 | Good night  |\n{RULER}",
            "rows.txt",
            4,
        ),
    ],
)
def test_the_line_below_the_header_of_a_drawn_table_is_no_row(
    reading: Reading, data: str, name: str, first: int
) -> None:
    assert {*reading.layout(data, name=name).columns} <= {"id", "text", ""}
    read = reading.read(data, name=name)
    assert [(row.row, row.text.strip()) for row in read if isinstance(row, Row)] == [
        (first, "Hello there"),
        (first + 1, "Good night"),
    ]


def test_rulers() -> None:
    assert is_ruler(["", " --- ", ":---:"])
    assert is_ruler(["----+------"])
    assert not is_ruler(["--", "--"])
    assert not is_ruler(["---", "a"])
    assert not is_ruler(["", ""])
    assert find_header([], names_text=bool) is None


def test_a_text_in_which_a_line_is_like_a_header_stays_a_text(reading: Reading) -> None:
    lines = ["A heading of words", "News, sports and weather", "The town has two bridges"]
    assert texts(reading.read("\n".join(lines), name="rows.txt")) == lines
