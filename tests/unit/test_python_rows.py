"""Rows of a program as the lines of a file: from texts, mappings and tables, and never all of them at once."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas
import pyarrow
import pytest

from newsgate.api.rows import rows_as_jsonl
from newsgate.foundation.errors import WrongUsageError

TABLE = {"text": ["a", None, "c"], "likes": [3, 4, 5], "share": [0.5, None, 1.0]}
ROWS: list[dict[str, Any]] = [
    {"text": "a", "likes": 3, "share": 0.5},
    {"text": None, "likes": 4, "share": None},
    {"text": "c", "likes": 5, "share": 1.0},
]


class LikePolars:
    """What is used of a polars DataFrame."""

    columns = ("text", "likes", "share")

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def iter_rows(self, *, named: bool) -> Iterator[dict[str, Any]]:
        assert named
        return iter(ROWS)


def read(rows: object) -> list[Any]:
    return [json.loads(line) for line in rows_as_jsonl(rows)]


@pytest.mark.parametrize(
    "table",
    [pandas.DataFrame(TABLE, index=[7, 8, 9]), pyarrow.table(TABLE), LikePolars(), ROWS, iter(ROWS)],
    ids=lambda table: type(table).__name__,
)
def test_a_table_is_its_rows(table: object) -> None:
    assert read(table) == ROWS


@pytest.mark.parametrize(
    "texts", [["a", None], pandas.Series(["a", None]), pyarrow.array(["a", None]), np.array(["a"])]
)
def test_texts_are_rows_of_a_text_each(texts: object) -> None:
    assert read(texts)[0] == {"text": "a"}
    assert read(texts)[1:] in ([], [{"text": None}])


def test_what_json_does_not_know_is_written_as_it_reads() -> None:
    row = {"text": "\ud800é", 7: datetime.date(2026, 11, 29), "at": pandas.Timestamp("2026-11-29"), "n": np.int64(3)}
    row |= {"many": np.array([1, 2]), "set": frozenset({1}), "gone": pandas.NaT}
    assert read([row]) == [
        {
            "text": "\ud800é",
            "7": "2026-11-29",
            "at": "2026-11-29T00:00:00",
            "n": 3,
            "many": [1, 2],
            "set": "frozenset({1})",
            "gone": None,
        }
    ]


def test_rows_are_made_while_they_are_read() -> None:
    made = 0

    def rows() -> Iterator[str]:
        nonlocal made
        while True:
            made += 1
            yield "x" * 1000

    stream = rows_as_jsonl(rows())
    assert len(stream.read(1_000_000)) == 1_000_000
    assert made <= 3000


def test_lines_longer_than_what_is_read_at_a_time_stay_whole() -> None:
    texts = ["x" * 700_000, "y"]
    assert read(texts) == [{"text": text} for text in texts]


@pytest.mark.parametrize("rows", [7, None, b"text", {"text": "a"}])
def test_what_has_no_rows_is_refused(rows: object) -> None:
    with pytest.raises(WrongUsageError, match="is nothing that has rows"):
        read(rows)


def test_a_row_that_is_neither_text_nor_mapping_is_refused_by_its_place() -> None:
    with pytest.raises(WrongUsageError, match="row 1 is neither a str nor a mapping but int"):
        read(["a", 7])


@pytest.mark.parametrize(
    "table",
    [
        pandas.DataFrame([["a", "b"]], columns=["text", "text"]),
        pandas.DataFrame([["a", "b"]], columns=[1, "1"]),
        pyarrow.Table.from_arrays([pyarrow.array(["a"]), pyarrow.array(["b"])], names=["text", "text"]),
    ],
)
def test_of_two_columns_with_one_name_none_is_lost_in_silence(table: object) -> None:
    with pytest.raises(WrongUsageError, match="more than once"):
        rows_as_jsonl(table)
