"""JSON that is one document: where its records are found, and how each is counted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from newsgate.tasks.reading import HeaderlessError, Limits, NoTextColumnError, RecordsError, Row, UnusedOptionError
from tests.unit.reading.helpers import Reading, rejects, texts

TWO = '[{"id": 7, "text": "The bridge reopened.", "label": "real"}, {"id": 8, "text": "A fruit cures all."}]'


@pytest.mark.parametrize("name", ["rows.json", "rows.csv", "rows.jsonl", "stdin"])
@pytest.mark.parametrize(
    "document",
    [
        TWO,
        json.dumps(json.loads(TWO), indent=2),
        "\ufeff\r\n" + TWO.replace(",", ",\r\n"),
        "window.YTD.posts.part0 = " + TWO,
        "var posts = " + TWO + ";\n",
        json.dumps({"meta": {"pages": 1}, "data": {"items": json.loads(TWO)}}, indent=1),
        "\n".join(json.dumps(each, indent=2) for each in json.loads(TWO)),
    ],
)
def test_the_records_of_a_document_are_rows(reading: Reading, document: str, name: str) -> None:
    assert reading.read(document, name=name, label_column="label") == [
        Row(1, "7", "The bridge reopened.", "real"),
        Row(2, "8", "A fruit cures all.", None),
    ]


@pytest.mark.parametrize(
    "document",
    [
        '{"text": ["a b", "c d"], "id": [1, 2]}',
        '{"text": {"0": "a b", "1": "c d"}, "id": {"0": 1, "1": 2}}',
        '{"first": {"text": "a b", "id": 1}, "second": {"text": "c d", "id": 2}}',
        '[["id", "text"], [1, "a b"], [2, "c d"]]',
    ],
)
def test_columns_and_arrays_of_cells_are_rows_too(reading: Reading, document: str) -> None:
    rows = reading.read(document, name="rows.json")
    assert [(row.text, row.external_id) for row in rows if isinstance(row, Row)] == [("a b", "1"), ("c d", "2")]


def test_strings_are_texts(reading: Reading) -> None:
    assert texts(reading.read('["The bridge reopened.", "", "A fruit."]', name="a.json")) == [
        "The bridge reopened.",
        "A fruit.",
    ]


def test_a_null_among_strings_costs_no_other_text(reading: Reading) -> None:
    rows = reading.read('["The bridge reopened.", null, "A fruit."]', name="a.json")
    assert texts(rows) == ["The bridge reopened.", "A fruit."]
    assert rejects(rows) == [(2, "null where a string belongs")]


@pytest.mark.parametrize("document", ["[]", "[1, 2, 3]", "[null]", "[true, 1.5]", '[["a b c"], 2]', "[[1], null]"])
def test_an_array_without_any_record_is_told_as_such(reading: Reading, document: str) -> None:
    with pytest.raises(RecordsError, match="the JSON document holds no record"):
        reading.read(document, name="a.json")


def test_each_record_is_a_row_or_a_reject_by_its_number(reading: Reading) -> None:
    document = '[{"text": "one"}, 5, {"text": 6}, {"x": 1}, {"text": ""}, {"text": "a\\u0000"}, {"text": "[deleted]"}]'
    rows = reading.read(document, name="a.json")
    assert rejects(rows) == [
        (2, "a number where a JSON object belongs"),
        (3, "'text' is a number where a string belongs"),
        (4, "has no 'text'"),
        (5, "empty text"),
        (6, "a NUL or a lone surrogate, written as a JSON escape, cannot be stored"),
        (7, "the text was deleted or removed where it stood"),
    ]
    assert rows == reading.read(document, name="a.json", limits=Limits(block_bytes=3))
    assert reading.read(document, name="a.json", after_row=4) == rows[4:]


def test_a_broken_record_costs_no_other(reading: Reading) -> None:
    document = '[{"text": "one", }, {"text": "two"}, {"text": tru}, {"text": "four"}]' + " " * 40
    rows = reading.read(document, name="a.json")
    assert texts(rows) == ["two", "four"]
    assert [row for row, reason in rejects(rows) if "not valid JSON" in reason] == [1, 3]
    assert "broken" in reading.warnings(document, name="a.json")[0]


def test_a_document_that_ends_early_is_incomplete(reading: Reading) -> None:
    document = '{"data": [{"text": "one"}, {"text": "two"}, {"text": "thr'
    with reading.open(document.encode(), name="a.json") as source:
        assert texts(list(source.rows(source.layout()))) == ["one", "two"]
        assert source.incomplete
        assert source.warnings == ("the JSON document ends early: its last rows are missing",)


def test_columns_of_different_lengths_are_incomplete(reading: Reading) -> None:
    document = '{"text": ["one", "two"], "id": [1]}'
    assert "different rows" in reading.warnings(document, name="a.json")[0]
    assert "different rows" in reading.warnings('{"text": {"0": "a"}, "id": {"1": "b"}}', name="a.json")[0]


def test_parts_of_a_text_are_joined(reading: Reading) -> None:
    parts = ["Read ", {"type": "link", "text": "example.org"}, ": a fruit"]
    document = json.dumps({"name": "Town", "messages": [{"id": 1, "text": parts}, {"id": 2, "text": ""}]}, indent=1)
    rows = reading.read(document, name="result.json")
    assert rows[0] == Row(1, "1", "Read example.org: a fruit", None)
    assert rejects(rows) == [(2, "empty text")]
    assert rejects(reading.read('[{"text": ["two", "words"]}]')) == [(1, "'text' is an array where a string belongs")]


def test_names_of_nested_objects_have_dots(reading: Reading) -> None:
    line = '{"tweet": {"id_str": "5", "full_text": "The bridge reopened at noon.", "user": {"text": "x"}}}\n'
    assert reading.read(line) == [Row(1, "5", "The bridge reopened at noon.", None)]
    assert texts(reading.read(line, text_columns=("tweet.user.text",))) == ["x"]
    assert texts(reading.read('{"a.b": {"c": "dotted"}}\n', text_columns=("a.b.c",))) == ["dotted"]


def test_of_several_places_the_person_names_one_and_what_the_error_says_works(reading: Reading) -> None:
    document = '{"train": [{"text": "one"}], "test": [{"text": "two"}]}'
    with pytest.raises(RecordsError, match="Choose: --records train or --records test"):
        reading.read(document)
    assert texts(reading.read(document, records="test")) == ["two"]
    assert texts(reading.read(document, records=".test[]")) == ["two"]
    with pytest.raises(RecordsError, match=r"no records at 'tests'.*'train', 'test'"):
        reading.read(document, records="tests")


def test_an_object_with_a_text_and_arrays(reading: Reading) -> None:
    post = {"id_str": "1", "text": "The bridge reopened.", "entities": {"hashtags": [{"text": "bridge"}]}}
    assert reading.read(json.dumps(post)) == [Row(1, "1", "The bridge reopened.", None)]
    both = json.dumps({"text": "The bridge reopened.", "comments": [{"text": "So it did, at last."}]})
    with pytest.raises(RecordsError, match=r"--records \. for the object, or --records comments"):
        reading.read(both)
    assert texts(reading.read(both, records=".")) == ["The bridge reopened."]
    assert texts(reading.read(both, records="comments")) == ["So it did, at last."]


def test_objects_with_commas_between_them(reading: Reading) -> None:
    assert texts(reading.read('{"text": "one"},\n{"text": "two"},\n{"text": "three"}\n')) == ["one", "two", "three"]


def test_the_shallowest_of_several_places_is_read_and_the_others_are_named(reading: Reading) -> None:
    document = '{"data": [{"text": "one"}], "includes": {"tweets": [{"text": "two"}], "users": [{"name": "x"}]}}'
    layout = reading.layout(document)
    assert layout.records == "data"
    assert layout.notes == ("records read at data (also at includes.tweets: --records names another)",)


def test_arrays_on_the_way_to_the_records_are_opened(reading: Reading) -> None:
    document = (
        '{"feed": [{"item": [{"claimReviewed": "one"}, {"claimReviewed": "two"}]}, {"item": [{"claimReviewed": "3"}]}]}'
    )
    assert texts(reading.read(document)) == ["one", "two", "3"]
    assert reading.layout(document).records == "feed.item"


def test_records_beyond_the_sample_are_read(reading: Reading) -> None:
    document = json.dumps({"about": "x" * 50, "data": [{"text": f"text number {n}"} for n in range(300)]})
    with reading.open(document.encode(), limits=Limits(sample_bytes=400, block_bytes=64)) as source:
        assert texts(list(source.rows(source.layout()))) == [f"text number {n}" for n in range(300)]


def test_records_of_what_is_no_document(reading: Reading) -> None:
    with pytest.raises(UnusedOptionError, match=r"no JSON document. Leave --records out"):
        reading.read("id,text\n1,a\n", records="data")


@pytest.mark.parametrize("document", [TWO, '{"text": "one"}\n{"text": "two"}\n', '["one", "two"]'])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"no_header": True}, r"name their columns themselves. Leave --no-header out"),
        ({"column_names": ("id", "text")}, r"name their columns themselves. Leave --columns out"),
        ({"delimiter": ";"}, r"which no character divides. Leave --delimiter out"),
        ({"quoting": "none"}, r"quotes have their meaning. Leave --quoting out"),
    ],
)
def test_an_option_of_tables_that_json_has_no_use_for(
    reading: Reading, document: str, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(UnusedOptionError, match=said):
        reading.read(document, **options)


@pytest.mark.parametrize(
    "document", ['{"a": 1, "b": 2}\n{"a": 3, "b": 4}\n', '{"columns": ["a", "b"], "data": [[1, 2]]}']
)
def test_no_header_is_offered_only_where_the_first_line_may_be_a_row(reading: Reading, document: str) -> None:
    with pytest.raises(NoTextColumnError, match=r"Name it with --text-column$"):
        reading.read(document)
    with pytest.raises(NoTextColumnError, match=r"Name it with --text-column, or add --no-header"):
        reading.read("a,b\nx,y\n")
    with pytest.raises(NoTextColumnError, match=r"Name it with --text-column$"):
        reading.read("1,2\n3,4\n", no_header=True)


def test_lines_of_arrays_and_of_strings(reading: Reading) -> None:
    assert texts(reading.read('["id", "text"]\n[1, "one"]\n[2, "two"]\n', name="a.jsonl")) == ["one", "two"]
    rows = '[1, "The bridge reopened at noon."]\n[2, "A fruit cures everything at once."]\n'
    with pytest.raises(HeaderlessError, match=r"--no-header.*--columns 1,text"):
        reading.read(rows, name="a.jsonl")
    for options in ({"no_header": True}, {"column_names": ("1", "text")}):
        assert len(texts(reading.read(rows, name="a.jsonl", **options))) == 2
    assert texts(reading.read('"one text"\n"another"\n', name="a.jsonl")) == ["one text", "another"]
