"""The other columns of a row: kept beside it, and given back as they stood, whatever the table holds."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsgate.tasks.exporting.own_columns import OwnColumns, StoredRow
from newsgate.tasks.reading import ReadOptions, Rejected, Row, UnknownColumnError, columns_of, parse_columns, parse_keep
from newsgate.tasks.reading.kept_columns import MOST_KEPT_CHARS, unique_names
from tests.unit.reading.helpers import Reading

COLUMNS = ("id", "text", "url", "likes", "")
_STORABLE = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
_CELLS = st.text(_STORABLE, max_size=8) | st.sampled_from(
    ["", " ", "-5", "=1+1", "'@a", "a\nb", "a\r\nb", '"q"', "é,;\t"]
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _CELLS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(_STORABLE, max_size=3), inner, max_size=2),
    max_leaves=4,
)
_QUIET = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def given_back(reading: Reading, data: str, *, name: str = "rows.csv", **options: Any) -> list[dict[str, Any]]:
    """Each row of a file, read, stored and made again, by the file's columns."""
    with reading.open(data.encode(), name=name) as source:
        layout = source.layout(ReadOptions(**{"keep": "all", **options}))
        own = OwnColumns(parse_columns(columns_of(layout).as_json()))
        rows = list(source.rows(layout))
    return [own.record(stored(row)) for row in rows]


def stored(row: Row | Rejected) -> StoredRow:
    if isinstance(row, Rejected):
        return StoredRow(row.columns, None, None)
    return StoredRow(row.columns, row.text, row.external_id)


def csv_of(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream, quoting=csv.QUOTE_ALL).writerows([header, *rows])
    return stream.getvalue()


@_QUIET
@given(rows=st.lists(st.tuples(*[_CELLS] * len(COLUMNS)), min_size=1, max_size=4))
def test_any_table_of_texts_comes_back(reading: Reading, rows: list[tuple[str, ...]]) -> None:
    named: dict[str, Any] = {"text_columns": ("text",), "id_column": "id", "delimiter": "comma", "encoding": "utf-8"}
    back = given_back(reading, csv_of(COLUMNS, rows), **named)
    assert [tuple(each.values()) for each in back] == rows
    assert {tuple(each) for each in back} == {("id", "text", "url", "likes", "column_5")}


@_QUIET
@given(rows=st.lists(st.tuples(_CELLS, _CELLS, _CELLS), min_size=1, max_size=4))
def test_texts_of_several_columns_come_apart_again(reading: Reading, rows: list[tuple[str, ...]]) -> None:
    header = ("title", "url", "body")
    for texts, fallbacks in ((("title", "body"), ()), (("body", "title"), ()), (("body",), ("title", "url"))):
        options: dict[str, Any] = {"text_columns": texts, "text_fallbacks": fallbacks, "encoding": "utf-8"}
        back = given_back(reading, csv_of(header, rows), delimiter="comma", **options)
        assert [tuple(each.values()) for each in back] == rows


@_QUIET
@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {"id": _VALUES, "text": _VALUES}, optional={"more": _VALUES, "a.b": _VALUES, "x": _VALUES}
        ),
        min_size=1,
        max_size=4,
    )
)
def test_any_records_come_back(reading: Reading, rows: list[dict[str, Any]]) -> None:
    lines = "".join(json.dumps(each) + "\n" for each in [{"id": "1", "text": "a text"}, *rows])
    back = given_back(reading, lines, name="rows.jsonl", text_columns=("text",), id_column="id")
    assert back == [{"id": "1", "text": "a text"}, *json.loads(json.dumps(rows))]


def test_what_is_nested_stays_nested_and_the_text_is_not_kept_twice(reading: Reading) -> None:
    record = {"data": {"id": "7", "text": "A long text.", "by": {"name": "Ann"}}, "when": "today"}
    options: dict[str, Any] = {"text_columns": ("data.text",), "id_column": "data.id", "keep": "all"}
    [row] = reading.read(json.dumps(record) + "\n", name="a.jsonl", **options)
    assert row == Row(1, "7", "A long text.", None, columns='{"data":{"by":{"name":"Ann"}},"when":"today"}')
    assert given_back(reading, json.dumps(record) + "\n", name="a.jsonl", **options) == [record]


def test_a_row_of_text_and_id_keeps_nothing_more(reading: Reading) -> None:
    assert reading.read("id,text\n1,one two\n 2,three four\n", keep="all") == [
        Row(2, "1", "one two", None),
        Row(3, "2", "three four", None, columns='{"id":" 2"}'),
    ]


def test_named_columns_are_kept_and_others_not(reading: Reading) -> None:
    data = "id,text,url,likes\n1,one two,u,5\n"
    for said, kept in (("all", '{"url":"u","likes":"5"}'), ("none", None), ("LIKES", '{"likes":"5"}')):
        [row] = reading.read(data, keep=parse_keep(said))
        assert isinstance(row, Row)
        assert row.columns == kept
    assert given_back(reading, data, keep=("likes",)) == [{"id": "1", "text": "one two", "likes": "5"}]
    assert parse_keep('"a, b",c') == ("a, b", "c")
    with pytest.raises(UnknownColumnError, match="--keep"):
        reading.read(data, keep=("nowhere",))


def test_a_refused_row_keeps_all_it_held(reading: Reading) -> None:
    rows = reading.read("id,text,url\n7,,u\n8,one,two,three\n", keep="all")
    assert [row.columns for row in rows] == ['{"id":"7","text":"","url":"u"}', None]
    [refused] = reading.read('{"id": 7, "text": ["a"], "n": NaN}\n', name="a.jsonl", keep="all")
    assert refused.columns == '{"id":7,"text":["a"],"n":null}'


def test_the_longest_columns_of_a_row_are_left_out_and_told_once(reading: Reading) -> None:
    data = f"text,url,ids,note\none two,u,{'9' * MOST_KEPT_CHARS},n\nthree four,u,8,n\n"
    first, second = reading.read(data, keep="all")
    assert (first.columns, second.columns) == ('{"url":"u","note":"n"}', '{"url":"u","ids":"8","note":"n"}')
    [warning] = reading.warnings(data, keep="all")
    assert warning == (
        "1 row has more than 16,384 characters in the other columns, and the longest were not kept: ids"
        " (--keep keeps those that it names, however long)"
    )
    named, _ = reading.read(data, keep=("ids",))
    assert len(named.columns or "") > MOST_KEPT_CHARS
    assert reading.warnings(data, keep=("ids",)) == ()


def test_what_no_database_can_hold_is_replaced(reading: Reading) -> None:
    line = r'{"text": "one two", "a": "\u0000x", "b": "\ud800", "c": [NaN, 1e400], "d": "\\u0000"}' + "\n"
    [row] = reading.read(line, name="a.jsonl", keep="all")
    assert json.loads(row.columns or "") == {"a": "�x", "b": "�", "c": [None, None], "d": "\\u0000"}


def test_names_are_unique_keys() -> None:
    assert unique_names(("", "a", "a", "a_3", "", "a")) == ("column_1", "a", "a_3_3", "a_3", "column_5", "a_6")
