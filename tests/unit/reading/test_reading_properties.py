"""What holds for every input."""

from __future__ import annotations

import csv
import gzip
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsgate.tasks.reading import DEFAULT_MAX_TEXT_CHARS, Layout, Limits, Rejected, Row, open_source
from newsgate.tasks.reading.row_maker import is_blank, is_removed

FIELD = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"), max_size=12) | st.text(
    'ab,;\t|"\n\r ', max_size=12
)
RECORDS = st.lists(st.tuples(FIELD, FIELD), min_size=1, max_size=12)
SMALL_BLOCKS = st.integers(min_value=1, max_value=40)


def read(
    data: bytes, layout: Layout, *, block_bytes: int = 262_144, after_row: int = 0, **limits: int
) -> list[Row | Rejected]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        path.write_bytes(data)
        with open_source(path, spool_folder=Path(folder), limits=Limits(block_bytes=block_bytes, **limits)) as source:
            return list(source.rows(layout, after_row=after_row))


def layout(delimiter: str = ",", *, max_text_chars: int = DEFAULT_MAX_TEXT_CHARS) -> Layout:
    columns = ("id", "text")
    return Layout("csv", "utf-8", delimiter, columns, ("text",), "id", None, first_row=2, max_text_chars=max_text_chars)


def write(records: Sequence[tuple[str, str]], delimiter: str, line_end: str, quoting: bool) -> tuple[str, list[int]]:
    """Write the records, and say at which line each starts."""
    out = io.StringIO()
    # Before Python 3.13 the writer leaves a lone CR unquoted when lines end in LF.
    has_cr = any("\r" in field for record in records for field in record)
    writer = csv.writer(
        out,
        delimiter=delimiter,
        lineterminator=line_end,
        quoting=csv.QUOTE_ALL if quoting or has_cr else csv.QUOTE_MINIMAL,
    )
    writer.writerow(["id", "text"])
    lines = []
    for record in records:
        lines.append(1 + len(list(io.StringIO(out.getvalue(), newline=""))))
        writer.writerow(record)
    return out.getvalue(), lines


@given(RECORDS, st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r\n"]), st.booleans(), SMALL_BLOCKS)
@settings(deadline=None)
def test_what_csv_writes_comes_back_exactly(
    records: list[tuple[str, str]], delimiter: str, line_end: str, quoting: bool, block_bytes: int
) -> None:
    data, lines = write(records, delimiter, line_end, quoting)
    rows = read(data.encode(), layout(delimiter), block_bytes=block_bytes)
    expected = [
        (line, None if is_blank(text) or is_removed(text) else (external_id.strip() or None, text))
        for line, (external_id, text) in zip(lines, records, strict=True)
    ]
    assert [(row.row, (row.external_id, row.text) if isinstance(row, Row) else None) for row in rows] == expected


@given(st.binary(max_size=120) | st.text('ab,"\n\r\0é', max_size=80).map(str.encode), SMALL_BLOCKS)
@settings(deadline=None)
def test_any_bytes_give_rows_in_order_whatever_the_blocks(body: bytes, block_bytes: int) -> None:
    data = b"id,text\n" + body + b"\nlast,row\n"
    whole = read(data, layout())
    assert read(data, layout(), block_bytes=block_bytes) == whole
    numbers = [row.row for row in whole]
    assert numbers == sorted(set(numbers))
    for row in whole:
        stored = row.text if isinstance(row, Row) else row.raw + row.reason
        assert "\0" not in stored
        stored.encode()


# A line that goes over the limit at the end of a block, and still has characters to show.
@example(["a" * 22], 1, 2, 20)
@given(st.lists(st.text('ab,"x\n', max_size=30), max_size=8), SMALL_BLOCKS, st.integers(2, 5), st.integers(20, 60))
@settings(deadline=None)
def test_limits_do_not_depend_on_the_blocks(
    pieces: list[str], block_bytes: int, record_lines: int, record_chars: int
) -> None:
    data = ("id,text\n" + "\n".join(pieces) + "\nlast,row\n").encode()
    limits = {"record_lines": record_lines, "record_chars": record_chars}
    small = layout(max_text_chars=record_chars)
    assert read(data, small, block_bytes=block_bytes, **limits) == read(data, small, **limits)


@given(
    st.lists(st.sampled_from(["good", "quote", "ragged", "nul", "bytes", "blank", "empty"]), min_size=1, max_size=30)
)
@settings(deadline=None)
def test_bad_rows_never_cost_the_good_rows_beside_them(kinds: list[str]) -> None:
    lines = {
        "good": b"1,a good row",
        "quote": b'2,"never closed',
        "ragged": b"3,a,b",
        "nul": b"4,a\0b",
        "bytes": b"5,a\xff\xfeb",
        "blank": b"",
        "empty": b"6,",
    }
    data = b"id,text\n" + b"".join(lines[kind] + b"\n" for kind in kinds)
    rows = read(data + b"7,the last\n", layout())
    accepted = [line for line, kind in enumerate(kinds, 2) if kind == "good"]
    refused = [line for line, kind in enumerate(kinds, 2) if kind not in ("good", "blank")]
    assert [row.row for row in rows if isinstance(row, Row)] == [*accepted, len(kinds) + 2]
    assert [row.row for row in rows if isinstance(row, Rejected)] == refused


@given(st.text('ab,"\n', max_size=120), st.integers(0, 60))
@settings(deadline=None)
def test_resuming_gives_exactly_the_tail(body: str, after_row: int) -> None:
    data = ("id,text\n" + body + "\nlast,row\n").encode()
    whole = read(data, layout())
    assert read(data, layout(), after_row=after_row) == [row for row in whole if row.row > after_row]


@given(RECORDS, SMALL_BLOCKS)
@settings(deadline=None)
def test_compression_changes_nothing(records: list[tuple[str, str]], block_bytes: int) -> None:
    data = write(records, ",", "\n", quoting=False)[0].encode()
    assert read(gzip.compress(data, mtime=0), layout(), block_bytes=block_bytes) == read(data, layout())
