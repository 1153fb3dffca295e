"""Which columns are chosen, by their names and by what is in them."""

from __future__ import annotations

import csv
import io
import json

import pytest

from newsgate.tasks.reading import HeaderlessError, NoTextColumnError, Rejected, Row, UnusedOptionError
from newsgate.tasks.reading.column_content import judge_cell
from tests.unit.reading.helpers import Reading, rejects, texts

LONG = "The river bridge reopened at noon."


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("https://example.org/a?b=c", "addresses"),
        ("www.example.org", "addresses"),
        ("someone@example.org", "addresses"),
        ("see https://example.org", "texts"),
        ("1,234.5", "numbers"),
        ("-3e5", "numbers"),
        ("12 %", "numbers"),
        ("2020-01-01T10:00:00Z", "dates"),
        ("31.12.2020", "dates"),
        ("2020-01-01 was a day", "texts"),
        ("pants-fire", "single words"),
        ("地震の後に橋が再開した", "texts"),
        ("สะพานเปิดอีกครั้ง", "texts"),
        ("two words", "texts"),
        ("", "nothing"),
    ],
)
def test_what_a_cell_is(cell: str, kind: str) -> None:
    assert judge_cell(cell) == kind


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        ("post,author,description", f"https://example.org/1,someone,{LONG}", ("description",)),
        ("text,content", f"https://example.org/1,{LONG}", ("content",)),
        ("text,content", f"17,{LONG}", ("content",)),
        ("title,text", f"{LONG},https://example.org/1", ("title",)),
        ("claim,verdict_en", f"yes,{LONG}", ("verdict_en",)),
        ("text,content", f"ok then,{LONG * 5}", ("content",)),
        ("id,claim_de,rating", f"1,{LONG},false", ("claim_de",)),
        ("Headline,articleBody", f"Bridge opens,{LONG}", ("Headline", "articleBody")),
        ("title,selftext", f"Bridge opens,{LONG}", ("title", "selftext")),
        ("Page Name,Message", f"Town,{LONG}", ("Message",)),
        ("tweet_id,Tweet Text", f"17,{LONG}", ("Tweet Text",)),
        ("autor,Kommentar", f"jemand,{LONG}", ("Kommentar",)),
    ],
)
def test_the_text_is_what_reads_like_one(reading: Reading, header: str, row: str, expected: tuple[str, ...]) -> None:
    assert reading.layout(f"{header}\n" + f"{row}\n" * 4).text_columns == expected


def test_the_choice_and_its_reason_are_said(reading: Reading) -> None:
    data = f"post,description\nhttps://example.org/1,{LONG}\n"
    assert reading.layout(data).notes == (
        "text from 'description': 'post' holds addresses (--text-column names another)",
    )
    data = f"a,b\n1,{LONG}\n"
    assert reading.layout(data).notes == (
        "text from 'b': no other column holds sentences (--text-column names another)",
    )


def test_a_column_that_is_nearly_empty_is_not_the_text(reading: Reading) -> None:
    rows = "".join(f"{'x y' if number == 1 else ''},{LONG}\n" for number in range(30))
    assert reading.layout(f"text,body\n{rows}").text_columns == ("body",)


def test_addresses_alone_are_refused_and_the_remedy_works(reading: Reading) -> None:
    data = "id,post\n1,https://example.org/1\n2,https://example.org/2\n"
    with pytest.raises(NoTextColumnError, match=r"\('post' holds addresses\). Name it with --text-column"):
        reading.read(data)
    assert len(texts(reading.read(data, text_columns=("post",)))) == 2


def test_few_single_words_may_be_texts(reading: Reading) -> None:
    assert texts(reading.read("text,b\nyes,c\nno,c\nyes,c\nno,c\n")) == ["yes", "no", "yes", "no"]


def test_where_the_text_is_empty_it_is_the_title(reading: Reading) -> None:
    data = f"title,content\nA title here,\nAnother,{LONG}\n,\nLast,[removed]\n"
    rows = reading.read(data)
    assert texts(rows) == ["A title here", LONG, "Last"]
    assert rejects(rows) == [(4, "empty text")]
    assert reading.layout(data).notes == ("where 'content' is empty, the text is 'title'",)
    jsonl = '{"title": "A title", "body": ""}\n{"title": "Another"}\n{"body": "A text of the third."}\n{"id": 1}\n'
    assert texts(reading.read(jsonl)) == ["A title", "Another", "A text of the third."]


def test_a_named_fallback_wins(reading: Reading) -> None:
    data = f"title,note,content\nA title,A note,\nAnother,,\n,,{LONG}\n"
    assert texts(reading.read(data, text_fallbacks=("note", "title"))) == ["A note", "Another", LONG]
    # With both named, each is a part of the text, and nothing stands in.
    assert texts(reading.read(data, text_columns=("note", "content"))) == ["A note", LONG]


def test_crowdtangle_has_the_words_of_a_post_in_several_columns(reading: Reading) -> None:
    data = f"Message,Image Text,Link Text,Description\n{LONG},,,\n,a,b,A photo of it\n,From the image,,\n"
    assert texts(reading.read(data)) == [LONG, "A photo of it", "From the image"]


def test_a_title_above_the_table_is_no_header(reading: Reading) -> None:
    data = f"Report of May\n\nid,text\n1,{LONG}\n2,yes\n"
    assert [(row.row, row.external_id) for row in reading.read(data) if isinstance(row, Row)] == [(4, "1"), (5, "2")]
    assert reading.layout(data).notes == ("line 3 read as the header: what stands above it is no table",)
    with pytest.raises(NoTextColumnError):
        reading.read("a,b,c\nid,text\n1,2\n")


def test_parts_in_a_cell_are_one_text(reading: Reading) -> None:
    data = 'Comment Text\n"{""text"":""One ""},{""text"":""two""}"\n"{""text"":5}"\n"{""text"":"\n'
    assert texts(reading.read(data)) == ["One two", '{"text":5}', '{"text":']


def test_addresses_a_line_are_no_texts(reading: Reading) -> None:
    data = "https://example.org/1\nhttps://example.org/2\n"
    with pytest.raises(NoTextColumnError, match="'text' holds addresses"):
        reading.read(data, name="links.txt")
    assert len(reading.read(data, name="links.txt", text_columns=("text",))) == 2


def test_what_was_removed_is_no_text(reading: Reading) -> None:
    rows = reading.read("id,body\n1,[deleted]\n2,[removed]\n3,[Removed] by me\n4, [ Removed by Reddit ] \n")
    assert texts(rows) == ["[Removed] by me"]
    assert {reason for _, reason in rejects(rows)} == {"the text was deleted or removed where it stood"}
    assert texts(reading.read('title,text\nBridge opens,"[deleted]"\n')) == ["Bridge opens"]


HEADERLESS = (
    "1.json\tfalse\tThe town hall is made of cheese.\t0\t3\n2.json\ttrue\tThe town has two bridges today.\t1\t0\n"
)


def test_a_file_without_a_header_is_asked_about_and_the_remedies_work(reading: Reading) -> None:
    with pytest.raises(HeaderlessError, match=r"--no-header.*: --columns 1,2,text,4,5;") as caught:
        reading.read(HEADERLESS, name="rows.tsv")
    assert "'1.json', 'false', 'The town hall is made of chee…'" in str(caught.value)
    rows = reading.read(HEADERLESS, name="rows.tsv", no_header=True)
    assert [row.row for row in rows] == [1, 2]
    assert texts(rows) == ["The town hall is made of cheese.", "The town has two bridges today."]
    named = reading.read(HEADERLESS, name="rows.tsv", column_names=("id", "label", "text", "4", "5"))
    assert (texts(named), named[0].external_id) == (texts(rows), "1.json")  # type: ignore[union-attr]
    by_number = reading.read(HEADERLESS, name="rows.tsv", no_header=True, text_columns=("2",))
    assert texts(by_number) == ["false", "true"]


def test_as_many_names_as_columns(reading: Reading) -> None:
    with pytest.raises(UnusedOptionError, match="--columns names 2 columns, and the first line has 5"):
        reading.read(HEADERLESS, name="rows.tsv", column_names=("a", "text"))


def test_names_for_a_file_that_has_a_header(reading: Reading) -> None:
    with pytest.raises(UnusedOptionError, match="the first line is a header already"):
        reading.read("id,text\n1,a\n", column_names=("nr", "text"))
    assert len(reading.read("id,text\n1,a\n", column_names=("nr", "text"), no_header=True)) == 2


@pytest.mark.parametrize(
    "data",
    [
        f"{LONG}\nA fruit cures everything at once.\n",
        f"1,{LONG}\n2,A fruit cures everything at once.\n",
        f"{LONG}\n",
    ],
)
def test_a_first_row_is_never_swallowed(reading: Reading, data: str) -> None:
    with pytest.raises(HeaderlessError, match="--no-header"):
        reading.read(data)
    assert LONG in texts(reading.read(data, no_header=True))


@pytest.mark.parametrize("header", ["text", "a,text", "1,2,3,text"])
def test_a_header_is_a_header(reading: Reading, header: str) -> None:
    row = ",".join(["x"] * header.count(",") + [LONG])
    assert texts(reading.read(f"{header}\n{row}\n")) == [LONG]


def test_a_text_file_has_a_text_a_line(reading: Reading) -> None:
    data = '"The bridge reopened," she said.\n\nA fruit, an apple, cures "everything.\n  \nyes\n'
    rows = reading.read(data, name="lines.txt")
    assert [(row.row, row.text) for row in rows if not isinstance(row, Rejected)] == [
        (1, '"The bridge reopened," she said.'),
        (3, 'A fruit, an apple, cures "everything.'),
        (5, "yes"),
    ]
    assert reading.layout(data, name="lines.txt").notes == ("read as plain text, each line a text of its own",)


def test_a_text_file_may_be_a_table(reading: Reading) -> None:
    assert texts(reading.read("id\ttext\n1\tone\n", name="a.txt")) == ["one"]
    assert texts(reading.read("text\none\n", name="a.txt")) == ["one"]
    with pytest.raises(HeaderlessError):
        reading.read(HEADERLESS, name="a.txt")


def test_without_quoting_a_quote_is_a_character(reading: Reading) -> None:
    data = 'id\ttext\n1\t"He said that he left.\n2\tShe said "no".\n3\t"Both" of them\n'
    assert texts(reading.read(data, name="a.tsv", quoting="none")) == [
        '"He said that he left.',
        'She said "no".',
        '"Both" of them',
    ]
    assert any("--quoting none" in warning for warning in reading.warnings(data, name="a.tsv"))


@pytest.mark.parametrize(
    "word",
    ["NaN", "nan", "NULL", "None", "<NA>", "NA", "N/A", "NaT", "\\N", "#N/A", "#NAME?", "#REF!", " null ", "undefined"],
)
def test_a_word_for_a_missing_value_is_no_text(reading: Reading, word: str) -> None:
    rows = reading.read(f"id,body\n1,{word}\n2,{word} of them\n")
    assert rejects(rows) == [(2, "the text is only a word for a missing value")]
    assert len(texts(rows)) == 1
    assert texts(reading.read(f"title,text\nBridge opens,{word}\n{word},It is open\n")) == [
        "Bridge opens",
        "It is open",
    ]
    assert texts(reading.read(f"title,content\nBridge opens,{word}\nB,It is open today\n")) == [
        "Bridge opens",
        "It is open today",
    ]
    assert texts(reading.read(json.dumps([{"text": word}, {"text": "open"}]), name="a.json")) == ["open"]


def test_what_a_person_says_of_themselves_is_not_the_text(reading: Reading) -> None:
    post = {"rawContent": "The bridge is open again.", "id": 1, "user": {"description": "A clerk who likes the fruit."}}
    assert reading.layout(json.dumps([post, post]), name="a.json").text_columns == ("rawContent",)
    other = {"wording": "The bridge is open again.", "remark": "One of two of these", "author": post["user"]}
    with pytest.raises(NoTextColumnError):
        reading.layout(json.dumps([other, other]), name="a.json")
    del other["remark"]
    assert reading.layout(json.dumps([other, other]), name="a.json").text_columns == ("wording",)


def test_a_likely_name_is_the_reason_where_other_columns_hold_sentences(reading: Reading) -> None:
    header, row = "summary,remark\n", "The bridge is open again.,Nobody has said that today.\n"
    [note] = reading.layout(header + 2 * row).notes
    assert note.startswith("text from 'summary': of those with sentences, its name is the likeliest (--text-column")


def test_comments_of_reddit_may_stand_among_submissions(reading: Reading) -> None:
    rows = [{"id": "a", "title": "Bridge", "selftext": "It is open."}, {"id": "b", "body": "Is it?"}, {"x": 1}]
    read = reading.read("".join(json.dumps(row) + "\n" for row in rows), name="RS.ndjson")
    assert texts(read) == ["Bridge\nIt is open.", "Is it?"]
    assert [row for row, _ in rejects(read)] == [3]


_BACKSLASHES = (
    'id,text,label\n1,"He said \\"the moon, and more\\" was sold",fake\n2,"She said \\"no\\"",real\n3,plain,real\n'
    '4,"two\nlines of \\"it\\"",fake\n'
)
_UNESCAPED = ['He said "the moon, and more" was sold', 'She said "no"', "plain", 'two\nlines of "it"']


@pytest.mark.parametrize("quoting", [None, "backslash"])
def test_quotes_behind_a_backslash_are_found(reading: Reading, quoting: str | None) -> None:
    rows = reading.read(_BACKSLASHES, quoting=quoting)
    assert texts(rows) == _UNESCAPED
    assert [row.row for row in rows] == [2, 3, 4, 5]
    layout = reading.layout(_BACKSLASHES, quoting=quoting)
    assert layout.quoting == "backslash"
    assert any("a backslash before them" in note for note in layout.notes) == (quoting is None)
    assert texts(reading.read(_BACKSLASHES, quoting="usual")) != _UNESCAPED


@pytest.mark.parametrize(
    "text", ["C:\\new\\", 'a \\"word\\" of it', '{"a": "He said \\"no\\" today"}', "\\", '\\"', 'ends with "\\']
)
def test_a_backslash_in_usual_quoting_is_a_character(reading: Reading, text: str) -> None:
    stream = io.StringIO()
    csv.writer(stream).writerows([("id", "text"), (1, text), (2, text), (3, "The bridge is open.")])
    assert texts(reading.read(stream.getvalue())) == [text, text, "The bridge is open."]


def test_one_column_may_be_asked_for(reading: Reading) -> None:
    assert texts(reading.read("text\na, b; c\n", delimiter="none")) == ["a, b; c"]
