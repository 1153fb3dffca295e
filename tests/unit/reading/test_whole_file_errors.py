"""One test per way in which a whole input cannot be read."""

from __future__ import annotations

import gzip
import io
import os
import pwd
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest

from newsgate.tasks.enqueueing.input_files import find_input_files
from newsgate.tasks.reading import (
    AmbiguousColumnError,
    BadDelimiterError,
    DamagedFileError,
    EmptyFileError,
    FileChangedError,
    Limits,
    MissingFileError,
    NoRowsError,
    NoTextColumnError,
    NotTextError,
    ReadError,
    UnknownColumnError,
    UnknownEncodingError,
    UnreadableFileError,
    open_source,
)
from tests.unit.reading.helpers import Reading


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"is an address.*curl -fLO 'https://x\.org/a\?b=1'"):
        open_source("https://x.org/a?b=1", spool_folder=tmp_path)
    [file] = find_input_files([("https://x.org/a?b=1", None)]).files
    assert file.error is None
    with pytest.raises(MissingFileError, match=r"gone\.csv: there is no such file"):
        open_source(tmp_path / "gone.csv", spool_folder=tmp_path)


def test_a_directory_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="this is a directory"):
        open_source(tmp_path, spool_folder=tmp_path)


@contextmanager
def _as_nobody() -> Iterator[None]:
    """Root may read everything: for the time of the block, be somebody else."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        yield
    finally:
        os.seteuid(before)


def test_an_unreadable_file_says_how_to_allow_it() -> None:
    with NamedTemporaryFile(dir="/tmp", suffix=".csv") as file:
        path = Path(file.name)
        path.chmod(0o000)
        with _as_nobody(), pytest.raises(UnreadableFileError, match=r"chmod u\+r"):
            open_source(path, spool_folder=path.parent)


def test_a_path_with_a_nul_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError):
        open_source("a\0b", spool_folder=tmp_path)


@pytest.mark.parametrize("data", [b"", b"\n\n  \r\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n", gzip.compress(b"", mtime=0)])
def test_an_empty_file(reading: Reading, data: bytes) -> None:
    with pytest.raises(EmptyFileError, match="the file is empty"):
        reading.read(data)


@pytest.mark.parametrize("data", ["id,text", "id,text\n", "id,text\n\n \n"])
def test_a_header_without_rows(reading: Reading, data: str) -> None:
    with pytest.raises(NoRowsError, match="no data rows"):
        reading.read(data)


def test_no_rows_is_no_error_when_resuming(reading: Reading) -> None:
    assert reading.read("id,text\n1,a\n", after_row=2) == []


def test_no_text_column_lists_the_columns(reading: Reading) -> None:
    with pytest.raises(NoTextColumnError, match=r"among: 'a', 'b'\. Name it with --text-column") as caught:
        reading.read("a,b\n1,2\n")
    assert caught.value.columns == ("a", "b")


def test_no_text_column_lists_at_most_twenty(reading: Reading) -> None:
    header = ",".join(f"c{number}" for number in range(1025))
    with pytest.raises(NoTextColumnError, match=r"'c19' and 1,005 more"):
        reading.read(header + "\n")


def test_an_absent_column_suggests_a_close_one(reading: Reading) -> None:
    with pytest.raises(UnknownColumnError, match=r"Did you mean 'Headline'"):
        reading.read("id,Headline\n1,a\n", text_columns=("headlne",))


@pytest.mark.parametrize("option", ["id_column", "label_column"])
def test_an_absent_id_or_label_column_names_its_option(reading: Reading, option: str) -> None:
    with pytest.raises(UnknownColumnError, match="--" + option.replace("_", "-")):
        reading.layout("id,text\n1,a\n", **{option: "zzz"})


def test_a_repeated_header_name_that_matters(reading: Reading) -> None:
    with pytest.raises(AmbiguousColumnError, match="'text' more than once"):
        reading.read("text,text\na,b\n")


@pytest.mark.parametrize("name", ["utf-99", "base64", "", "a\0b", "undefined", "rot13"])
def test_an_unknown_encoding(reading: Reading, name: str) -> None:
    with pytest.raises(UnknownEncodingError) as caught:
        reading.read("id,text\n1,a\n", encoding=name)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("delimiter", ["", "ab", "\n", '"', "\0", "\udc80"])
def test_a_bad_delimiter(reading: Reading, delimiter: str) -> None:
    with pytest.raises(BadDelimiterError, match="tab, comma, semicolon, pipe"):
        reading.read("id,text\n1,a\n", delimiter=delimiter)


def test_a_gz_that_is_not_gzip(reading: Reading) -> None:
    with pytest.raises(DamagedFileError, match="not a gzip file"):
        reading.read("id,text\n1,a\n", name="rows.csv.gz")


def test_a_gz_damaged_before_its_first_line(reading: Reading) -> None:
    with pytest.raises(DamagedFileError, match="ends early"):
        reading.read(gzip.compress(b"id,text\n1,a\n")[:11], name="rows.csv.gz")


def test_a_workbook_says_save_as_csv(reading: Reading) -> None:
    workbook = io.BytesIO()
    with zipfile.ZipFile(workbook, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    with pytest.raises(DamagedFileError, match=r"it has no xl/workbook\.xml. Save it again, or as CSV"):
        reading.read(workbook.getvalue())


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xls workbook"),
        (b"%PDF-1.7\n", "PDF"),
        (b"SQLite format 3\0", "SQLite"),
        (bytes(range(256)) * 8, "binary"),
    ],
)
def test_other_formats_are_named(reading: Reading, head: bytes, what: str) -> None:
    with pytest.raises(NotTextError, match=what):
        reading.read(head)


@pytest.mark.parametrize("data", ['{"text": \n{"text": "a"}\n', '{"text": "b\n{"text": "a"}\n', '[1]\n{"text": "a"}\n'])
def test_a_first_row_that_is_damaged_costs_no_other(reading: Reading, data: str) -> None:
    rows = reading.read(data, name="rows.jsonl")
    assert [getattr(row, "text", None) for row in rows] == [None, "a"]


def test_a_header_in_brackets_is_csv(reading: Reading) -> None:
    assert reading.layout("[id],[text],text\n1,a,b\n").columns == ("[id]", "[text]", "text")


def test_a_jsonl_without_objects(reading: Reading) -> None:
    with pytest.raises(NoRowsError, match="no line is a JSON object"):
        reading.read("id,text\n1,a\n", name="rows.jsonl")


def test_a_file_rewritten_while_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("id,text\n1,a\n2,b\n")
    with open_source(path, spool_folder=tmp_path) as source:
        rows = source.rows(source.layout())
        assert source.sha256
        path.write_text("id,text\n1,a\n2,c\n")
        with pytest.raises(FileChangedError, match="was changed while it was read"):
            list(rows)


def test_a_file_cut_short_while_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("id,text\n" + "1,a\n" * 100)
    with open_source(path, spool_folder=tmp_path, limits=Limits(block_bytes=16)) as source:
        rows = source.rows(source.layout())
        next(rows)
        os.truncate(path, 50)
        with pytest.raises(FileChangedError, match="became shorter"):
            list(rows)


def test_every_error_is_one_line_with_a_place_and_a_remedy(reading: Reading) -> None:
    with pytest.raises(ReadError) as caught:
        reading.read("a\nb", text_columns=("x\ny",))
    assert "\n" not in str(caught.value)
    assert caught.value.where == "rows.csv"
    assert caught.value.remedy


def test_closing_after_a_failed_opening_leaves_no_file_open(reading: Reading) -> None:
    # A leaked file would be a ResourceWarning, which the test run turns into an error.
    for data in (b"", b"%PDF-1.7"):
        with pytest.raises(ReadError):
            reading.open(data)
