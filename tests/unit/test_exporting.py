"""Any table in, the same table back with the verdicts beside it, in every format; and what formats cannot hold."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsgate.db.file_rows import FileRow
from newsgate.foundation.errors import WrongUsageError
from newsgate.tasks.exporting import workbook_file
from newsgate.tasks.exporting.csv_file import write_csv
from newsgate.tasks.exporting.formats import OutputForm, choose_form
from newsgate.tasks.exporting.json_file import write_json, write_jsonl
from newsgate.tasks.exporting.own_table import ADDED, OwnTable, added_names
from newsgate.tasks.exporting.packed_stream import packed
from newsgate.tasks.exporting.parquet_file import write_parquet
from newsgate.tasks.exporting.table import Column
from newsgate.tasks.exporting.workbook_file import TooLargeForWorkbookError, write_workbook
from newsgate.tasks.labelling.spreadsheet_files import unguard_cell
from newsgate.tasks.reading import ReadOptions, Rejected, columns_of, open_source

HEADER = ["id", "text", "", "Label", "url", "url"]
WHEN = datetime(2026, 11, 22, 12, 7, 35, 123000, UTC)
_STORABLE = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
_CELLS = st.text(_STORABLE, max_size=6) | st.sampled_from(
    ["", " ", "-5", "+1,5", "=1+1", "'=a", "@a", "a\nb", "a\r\nb", "\r", '"q"', "_x000D_", "a\tb", "<&>", "\x0b"]
)
_VALUES = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | st.text(_STORABLE, max_size=4)
)
_QUIET = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def own_table(folder: Path, data: str, *, name: str, **options: Any) -> OwnTable:
    """A file's table once all of it is classified, without a database between."""
    path = folder / name
    path.write_bytes(data.encode())
    with open_source(path, spool_folder=folder) as source:
        layout = source.layout(ReadOptions(keep="all", text_columns=("text",), id_column="id", **options))
        rows = [_file_row(each, position) for position, each in enumerate(source.rows(layout), 1)]
    return OwnTable(columns_of(layout), kept=lambda: [row.columns for row in rows], rows=lambda: (row for row in rows))


def _file_row(row: Any, position: int) -> FileRow:
    if isinstance(row, Rejected):
        return FileRow(row.row, None, None, None, row.columns, error=row.reason, position=position)
    verdict = ("fake", 0.75, None, 3, WHEN, False)
    return FileRow(row.row, position, row.external_id, row.text, row.columns, *verdict, position)


def csv_of(rows: list[list[str]]) -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream, quoting=csv.QUOTE_ALL).writerows([HEADER, *rows])
    return stream.getvalue()


def written(write: Callable[..., object], table: Any, **options: Any) -> str:
    stream = io.StringIO(newline="")
    write(table, stream, **options)
    return stream.getvalue()


def parquet_rows(table: OwnTable) -> tuple[list[str], list[list[Any]]]:
    stream = io.BytesIO()
    write_parquet(table, stream)
    read = pyarrow.parquet.read_table(stream)
    return read.column_names, [list(each.values()) for each in read.to_pylist()]


def sheet_rows(table: Any) -> list[list[Any]]:
    stream = io.BytesIO()
    write_workbook(table, stream, is_large=False)
    sheet = openpyxl.load_workbook(stream, read_only=True).active
    assert sheet is not None
    width = len(table.columns)
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    return [[_unescaped(cell) for cell in [*row, *[None] * (width - len(row))]] for row in rows]


def _unescaped(cell: Any) -> Any:
    from openpyxl.utils.escape import unescape

    return unescape(cell) if isinstance(cell, str) else cell


@_QUIET
@given(rows=st.lists(st.tuples(*[_CELLS] * len(HEADER)).map(list), min_size=1, max_size=4))
def test_any_table_of_texts_comes_back_in_every_format(tmp_path: Path, rows: list[list[str]]) -> None:
    table = own_table(tmp_path, csv_of(rows), name="a.csv", delimiter="comma", encoding="utf-8")
    width = len(HEADER)
    for delimiter in (",", "\t"):
        for raw in (True, False):
            text = written(write_csv, table, delimiter=delimiter, raw=raw)
            header, *back = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
            assert header[:width] == HEADER
            assert header[width:] == ["newsgate_label", *(name for name, _ in ADDED[1:])]
            own = [row[:width] if raw else [unguard_cell(cell) for cell in row[:width]] for row in back]
            assert own == rows
            assert [row[width + 3] for row in back] == [str(place) for place in range(1, len(rows) + 1)]
    for records in (
        json.loads(written(write_json, table)),
        [json.loads(line) for line in written(write_jsonl, table).split("\n")[:-1]],
    ):
        assert [list(record.values())[:width] for record in records] == rows
        assert list(records[0])[:width] == ["id", "text", "column_3", "Label", "url", "url_6"]
    assert [row[:width] for row in parquet_rows(table)[1]] == rows
    sheet = sheet_rows(table)
    assert [[cell or "" for cell in row[:width]] for row in sheet] == [HEADER, *rows]


@_QUIET
@given(
    rows=st.lists(
        st.fixed_dictionaries({"id": st.integers() | _CELLS, "text": _CELLS}, optional={"n": _VALUES, "o": _VALUES}),
        min_size=1,
        max_size=4,
    )
)
def test_any_records_come_back_with_their_types(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    rows = [{"id": 7, "text": "a text"}, *rows]
    table = own_table(tmp_path, "".join(json.dumps(row) + "\n" for row in rows), name="a.jsonl")
    added = [name for name, _ in ADDED]
    records = [json.loads(line) for line in written(write_jsonl, table).split("\n")[:-1]]
    assert [{key: value for key, value in each.items() if key not in added} for each in records] == rows
    names, back = parquet_rows(table)
    for row, cells in zip(rows, back, strict=True):
        found = dict(zip(names, cells, strict=True))
        for key, value in row.items():
            as_text = value if value is None or isinstance(value, str) else json.dumps(value)
            assert found[key] in (value, as_text)
    assert len(sheet_rows(table)) == len(rows) + 1


def test_times_booleans_and_refused_rows_have_one_form(tmp_path: Path) -> None:
    table = own_table(tmp_path, "id,text\n7,A text\n8,\n9\n", name="a.csv")
    header = "id,text,label,p_fake,error,position,row,item,model,classified_at,truncated,familiarity\n"
    assert written(write_csv, table) == (
        f"{header}7,A text,fake,0.75,,1,2,1,3,2026-11-22T12:07:35.123+00:00,false,\n"
        "8,,,,empty text,2,3,,,,,\n"
        ",,,,has 1 column where the header has 2 (a delimiter or a quote is missing?),3,4,,,,,\n"
    )
    first, _, _ = (json.loads(line) for line in written(write_jsonl, table).splitlines())
    assert (first["classified_at"], first["truncated"]) == ("2026-11-22T12:07:35.123+00:00", False)
    names, rows = parquet_rows(table)
    assert rows[0][names.index("classified_at")] == WHEN
    assert sheet_rows(table)[1][2:] == ["fake", 0.75, None, 1, 2, 1, 3, "2026-11-22T12:07:35.123+00:00", False, None]


def test_a_name_that_is_taken_gets_another() -> None:
    assert added_names(["LABEL", "Newsgate_Label", "row"])[:5] == [
        "newsgate_label_2",
        "p_fake",
        "error",
        "position",
        "newsgate_row",
    ]


@pytest.mark.parametrize(
    ("output", "said", "form"),
    [
        ("a.csv", None, OutputForm("csv")),
        ("A.TSV", None, OutputForm("tsv")),
        ("a.csv.gz", None, OutputForm("csv", "gzip")),
        ("a.ndjson.zst", None, OutputForm("jsonl", "zstd")),
        ("a.b.parquet", None, OutputForm("parquet")),
        ("a.xlsx", None, OutputForm("xlsx")),
        ("a.txt", "csv", OutputForm("csv")),
        ("a.xz", "jsonl", OutputForm("jsonl", "xz")),
        ("out", None, OutputForm("csv")),
        ("-", None, OutputForm("csv")),
        (None, None, OutputForm("table")),
    ],
)
def test_the_ending_says_the_format(output: str | None, said: str | None, form: OutputForm) -> None:
    assert choose_form(output, said=said, if_unsaid="csv" if output else "table") == form


@pytest.mark.parametrize("output", ["a.txt", "a.xls", "a.gz", "a.parquet.gz", "a.zip", "a.csv.zip"])
def test_an_unknown_ending_is_refused_with_those_that_are_known(output: str) -> None:
    with pytest.raises(WrongUsageError, match=r"Known are \.csv|compressed already"):
        choose_form(output, said=None)


def test_what_is_packed_unpacks() -> None:
    for packing, unpack in (("gzip", gzip.decompress), ("bzip2", bz2.decompress), ("xz", lzma.decompress)):
        stream = io.BytesIO()
        with packed(stream, packing) as compressor:  # type: ignore[arg-type]
            compressor.write(b"a" * 1000)
        assert unpack(stream.getvalue()) == b"a" * 1000
    stream = io.BytesIO()
    with packed(stream, "zstd") as compressor:
        compressor.write(b"a" * 1000)
    assert pyarrow.input_stream(io.BytesIO(stream.getvalue()), compression="zstd").read() == b"a" * 1000


class _Wide:
    """A table of one column."""

    columns: tuple[Column, ...] = (Column("text", "text"),)

    def __init__(self, *cells: Any) -> None:
        self._cells = cells

    def cells(self) -> Iterator[list[Any]]:
        return ([cell] for cell in self._cells)

    def records(self) -> Iterator[dict[str, Any]]:
        return ({"text": cell} for cell in self._cells)


def test_a_sheet_cuts_what_no_cell_holds_and_says_so() -> None:
    long = "x" + "😀" * 20_000
    stream = io.BytesIO()
    assert write_workbook(_Wide(long, "y" * 32_767), stream, is_large=True) == 1
    sheet = openpyxl.load_workbook(stream).active
    assert sheet is not None
    assert [sheet["A2"].value, len(sheet["A3"].value)] == [long[:16_384], 32_767]


def test_a_sheet_refuses_more_rows_than_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_file, "MOST_ROWS", 2)
    write_workbook(_Wide("a", "b"), io.BytesIO(), is_large=False)
    with pytest.raises(TooLargeForWorkbookError, match="Write Parquet or CSV"):
        write_workbook(_Wide("a", "b", "c"), io.BytesIO(), is_large=False)


def test_large_integers_are_texts_in_a_sheet() -> None:
    table = _Wide(1)
    table.columns = (Column("n", "n", "integer"),)
    assert sheet_rows(table)[1] == [1]
    table = _Wide(1234567890123456789)
    table.columns = (Column("n", "n", "integer"),)
    assert sheet_rows(table)[1] == ["1234567890123456789"]
