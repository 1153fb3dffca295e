from __future__ import annotations

import json
from typing import Any

import pytest

from newsgate.tasks.reading import Rejected, Row
from tests.unit.reading.helpers import Reading, rejects, texts


def test_objects_become_rows(reading: Reading) -> None:
    data = '{"id": 7, "text": "a"}\n\n{"text": "b\\nc", "id": "x"}\n{"text": "d"}'
    expected = [Row(1, "7", "a", None), Row(3, "x", "b\nc", None), Row(4, None, "d", None)]
    assert reading.read(data, name="rows.jsonl") == expected
    assert reading.read(data, name="stdin") == expected


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"text": "a', "not valid JSON: Unterminated string starting at character 10"),
        ("[1]", "an array where a JSON object belongs"),
        ("7", "a number where a JSON object belongs"),
        ("null", "null where a JSON object belongs"),
        ('{"body": "a"}', "has no 'text'"),
        ('{"text": 5}', "'text' is a number where a string belongs"),
        ('{"text": ["a"]}', "'text' is an array where a string belongs"),
        ('{"text": null}', "empty text"),
        ('{"text": "\\u200b"}', "empty text"),
        ('{"text": "a", "id": {}}', "'id' is an object where a string or a number belongs"),
        ('{"text": "a", "id": true}', "'id' is true or false where a string or a number belongs"),
        ('{"text": "\\ud800"}', "a NUL or a lone surrogate, written as a JSON escape, cannot be stored"),
        ('{"text": "a\\u0000"}', "a NUL or a lone surrogate, written as a JSON escape, cannot be stored"),
        ('{"text": "a\0"}', "a NUL at character 12 of line 2"),
        ("[" * 100_000, "not valid JSON: nested too deeply"),
        ('{"text": "a", "id": ' + "9" * 5000 + "}", "not valid JSON: Exceeds the limit"),
    ],
)
def test_a_bad_line_costs_itself_alone(reading: Reading, line: str, reason: str) -> None:
    rows = reading.read('{"text": "before", "id": 1}\n' + line + '\n{"text": "after"}\n', name="rows.jsonl")
    assert texts(rows) == ["before", "after"]
    [(row, said)] = rejects(rows)
    assert row == 2
    assert said.startswith(reason)


def test_labels(reading: Reading) -> None:
    data = '{"text": "a", "label": "FAKE"}\n{"text": "b", "label": 1}\n{"text": "c", "label": null}\n{"text": "d"}\n'
    rows = reading.read(data, name="rows.jsonl", label_column="label")
    assert [row.label for row in rows if isinstance(row, Row)] == ["fake", None, None, None]
    assert reading.warnings(data, name="rows.jsonl", label_column="label") == (
        "labels ignored: 1 row had labels other than fake or real, such as '1'",
    )


def test_title_and_text_are_joined_and_either_may_be_missing(reading: Reading) -> None:
    data = '{"title": "a", "text": "b"}\n{"text": "c"}\n{"title": "d", "text": null}\n{"other": "e"}\n'
    rows = reading.read(data, name="rows.jsonl")
    assert texts(rows) == ["a\nb", "c", "d"]
    assert rejects(rows) == [(4, "has no 'title' or 'text'")]


def test_raw_can_be_stored_anywhere(reading: Reading) -> None:
    data = b'{"text": "a"}\n{"text": "caf\xff\0"}\n'
    [_, refused] = reading.read(data, name="rows.jsonl")
    assert refused == Rejected(
        2, "byte 0xFF at character 14 of line 2 is not valid UTF-8", '{"text": "caf\ufffd\ufffd"}'
    )


_PAGES = "".join(
    json.dumps({"data": [{"id": f"{page}{each}", "text": f"post {page}{each}"} for each in "ab"], "meta": {"n": 2}})
    + "\n"
    for page in (1, 2, 3)
)


@pytest.mark.parametrize("options", [{}, {"text_columns": ("text",)}, {"records": "data"}])
def test_each_line_may_be_a_page_of_records(reading: Reading, options: dict[str, Any]) -> None:
    rows = reading.read(_PAGES, name="tweets.jsonl", **options)
    assert texts(rows) == ["post 1a", "post 1b", "post 2a", "post 2b", "post 3a", "post 3b"]
    assert [row.external_id for row in rows if isinstance(row, Row)] == ["1a", "1b", "2a", "2b", "3a", "3b"]
    assert "records read at data" in reading.layout(_PAGES, name="tweets.jsonl", **options).notes


@pytest.mark.parametrize(
    "line",
    [
        {"text": "moon", "comments": [{"id": 1, "text": "a comment of it"}]},
        {"phrase": "The mayor sold the moon.", "entities": [{"text": "mayor", "label": "PERSON"}]},
        {"data": {"text": "The mayor sold the moon."}, "annotations": [{"result": [{"value": {"text": "moon"}}]}]},
    ],
)
def test_a_record_with_lists_in_it_is_no_page(reading: Reading, line: dict[str, object]) -> None:
    rows = reading.read((json.dumps(line) + "\n") * 2, name="rows.jsonl")
    assert len(texts(rows)) == 2
    assert len(set(texts(rows)) & {"moon", "The mayor sold the moon."}) == 1


def test_a_list_of_posts_is_no_text_of_parts(reading: Reading) -> None:
    line = {"text": [{"id": 1, "text": "one post"}, {"id": 2, "text": "another"}], "title": "of the thread"}
    rows = reading.read(json.dumps(line) + "\n", name="rows.jsonl", text_columns=("text",))
    assert rejects(rows) == [(1, "'text' is an array where a string belongs")]
