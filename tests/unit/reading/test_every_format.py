"""A table comes back from each format in which it is written as the same items, rejects and labels."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from newsgate.tasks.reading import ReadOptions, Rejected, Row, open_source
from newsgate.tasks.reading.row_maker import is_blank, is_removed, why_no_text
from tests.unit.reading import tables

Record = tuple[str, str, str]
Read = list[tuple[int, str | None, str, str | None]]

# What XML and every other form can hold, and no spreadsheet takes for a formula or an escape.
CELL = st.text(
    st.characters(
        exclude_categories=["Cs", "Cc", "Cn", "Co"], include_characters="\t\n", exclude_characters="\ufeff_=\u2028"
    ),
    max_size=12,
) | st.sampled_from(
    ["[deleted]", 'a "quoted" text, with; commas | and\ttabs', "two\nlines", "  around  ", "<b>&amp;", "17"]
)
RECORDS = st.lists(st.tuples(CELL, CELL, st.sampled_from(["fake", "real", "REAL", ""])), min_size=1, max_size=8)
COLUMNS = ("id", "text", "label")


def written_csv(records: Sequence[Record], delimiter: str = ",") -> tuple[bytes, list[int]]:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(COLUMNS)
    lines = []
    for record in records:
        lines.append(1 + out.getvalue().count("\n"))
        writer.writerow(record)
    return out.getvalue().encode(), lines


def objects(records: Sequence[Record]) -> list[dict[str, str]]:
    return [dict(zip(COLUMNS, record, strict=True)) for record in records]


def columns(records: Sequence[Record]) -> dict[str, list[str]]:
    return {name: [record[index] for record in records] for index, name in enumerate(COLUMNS)}


def as_json(
    make: Callable[[Sequence[Record]], Any], **options: Any
) -> Callable[[Sequence[Record]], tuple[bytes, list[int]]]:
    def write(records: Sequence[Record]) -> tuple[bytes, list[int]]:
        return json.dumps(make(records), **options).encode(), list(range(1, len(records) + 1))

    return write


def written_jsonl(records: Sequence[Record]) -> tuple[bytes, list[int]]:
    lines = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in objects(records))
    return lines.encode(), list(range(1, len(records) + 1))


def sheet_rows(records: Sequence[Record]) -> list[int]:
    """The numbers of rows; one in which every cell is empty is none, in any spreadsheet."""
    return [number if any(record) else 0 for number, record in enumerate(records, 2)]


WRITERS: dict[str, Callable[[Sequence[Record]], tuple[bytes, list[int]]]] = {
    "csv": written_csv,
    "tsv": lambda records: written_csv(records, "\t"),
    "jsonl": written_jsonl,
    "array.json": as_json(objects),
    "lines.json": as_json(objects, indent=1, ensure_ascii=False),
    "nested.json": as_json(lambda records: {"about": "x", "data": {"rows": objects(records)}, "end": [1]}),
    "columns.json": as_json(columns),
    "keys.json": as_json(lambda records: {name: dict(enumerate(cells)) for name, cells in columns(records).items()}),
    "cells.json": as_json(lambda records: [COLUMNS, *records]),
    "split.json": as_json(lambda records: {"columns": COLUMNS, "index": [*range(len(records))], "data": records}),
    "ids.json": as_json(lambda records: {f"r{number}": each for number, each in enumerate([*objects(records)])}),
    "xlsx": lambda records: (tables.xlsx([COLUMNS, *records]), sheet_rows(records)),
    "ods": lambda records: (tables.ods(tables.ods_sheet([COLUMNS, *records])), sheet_rows(records)),
    "parquet": lambda records: (tables.parquet(columns(records), row_group_size=3), list(range(1, len(records) + 1))),
}


def zipped(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rows", data)
    return out.getvalue()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstd.compress,
    "zip": zipped,
}


def read(data: bytes, *, after_row: int = 0, **options: Any) -> Read:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows"
        path.write_bytes(data)
        with open_source(path, spool_folder=Path(folder)) as source:
            found = list(source.rows(source.layout(ReadOptions(**options)), after_row=after_row))
            assert not source.incomplete
    return [
        (row.row, None, row.reason, None)
        if isinstance(row, Rejected)
        else (row.row, row.external_id, row.text, row.label)
        for row in found
    ]


def meant(records: Sequence[Record], numbers: Sequence[int]) -> Read:
    rows: Read = []
    for number, (external_id, text, label) in zip(numbers, records, strict=True):
        if is_blank(text) or is_removed(text):
            rows.append((number, None, why_no_text(text) or "", None))
        else:
            rows.append((number, external_id.strip() or None, text, label.casefold() or None))
    return [row for row in rows if row[0]]


@pytest.mark.parametrize("form", WRITERS)
@given(records=RECORDS, packing=st.sampled_from(sorted(PACKERS)), after=st.integers(0, 9))
@settings(deadline=None, max_examples=10)
def test_a_table_comes_back_from_every_format(form: str, records: list[Record], packing: str, after: int) -> None:
    # One row is there for sure, so that it is always a table.
    records = [("0", "a text of several words", "fake"), *records]
    data, numbers = WRITERS[form](records)
    options: dict[str, Any] = {"text_columns": ("text",), "id_column": "id", "label_column": "label"}
    rows = meant(records, numbers)
    packed = PACKERS[packing](data)
    assert read(packed, **options) == rows
    assert read(packed, after_row=after, **options) == [row for row in rows if row[0] > after]


@given(texts=st.lists(CELL.filter(lambda text: "\n" not in text), min_size=1, max_size=8))
@settings(deadline=None, max_examples=10)
def test_lines_of_text_come_back(texts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.txt"
        path.write_text("\n".join(["The bridge reopened at noon.", *texts]) + "\n", encoding="utf-8")
        with open_source(path, spool_folder=Path(folder)) as source:
            found = list(source.rows(source.layout()))
    kept = [row.text for row in found if isinstance(row, Row)]
    assert kept[1:] == [text for text in texts if not (is_blank(text) or is_removed(text))]
    assert len(found) == 1 + sum(bool(text.strip()) for text in texts)
