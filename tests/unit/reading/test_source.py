"""Where the bytes come from: files, pipes, standard input, gzip."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import threading
from pathlib import Path

import pytest

from newsgate.tasks.reading import EmptyFileError, Limits, open_source
from tests.unit.reading.helpers import Reading, rejects, texts

DATA = b"id,text\n" + b"".join(b"%d,some words of row %d\n" % (number, number) for number in range(200))


def test_name_size_and_checksum(reading: Reading) -> None:
    with reading.open(DATA) as source:
        assert (source.name, source.size_bytes) == ("rows.csv", len(DATA))
        assert source.sha256 == hashlib.sha256(DATA).hexdigest()


def test_position_grows_to_the_size(reading: Reading) -> None:
    with reading.open(DATA, limits=Limits(block_bytes=512)) as source:
        seen = [source.position_bytes for _ in source.rows(source.layout())]
        assert seen == sorted(seen)
        assert 0 < seen[0] < len(DATA)
        assert source.position_bytes == len(DATA)


def test_rows_may_be_read_again(reading: Reading) -> None:
    with reading.open(DATA) as source:
        layout = source.layout()
        assert list(source.rows(layout)) == list(source.rows(layout))


def test_standard_input_is_kept_and_removed(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    with open_source("-", spool_folder=spool, stdin=io.BytesIO(DATA)) as source:
        assert (source.name, source.size_bytes) == ("stdin", len(DATA))
        assert source.sha256 == hashlib.sha256(DATA).hexdigest()
        assert len(texts(list(source.rows(source.layout())))) == 200
    assert list(spool.iterdir()) == []


def test_empty_standard_input(tmp_path: Path) -> None:
    with pytest.raises(EmptyFileError):
        open_source("-", spool_folder=tmp_path, stdin=io.BytesIO())


def test_a_named_pipe_is_read_like_standard_input(tmp_path: Path) -> None:
    pipe = tmp_path / "rows.csv"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(DATA,))
    writer.start()
    with open_source(pipe, spool_folder=tmp_path) as source:
        writer.join()
        assert len(list(source.rows(source.layout()))) == 200


@pytest.mark.parametrize("name", ["rows.csv.gz", "rows.csv", "stdin"])
def test_gzip_is_told_by_its_first_bytes(reading: Reading, name: str) -> None:
    assert reading.read(gzip.compress(DATA), name=name) == reading.read(DATA)


def test_gzip_members_follow_one_another(reading: Reading) -> None:
    data = gzip.compress(DATA[:1000]) + gzip.compress(b"") + gzip.compress(DATA[1000:]) + b"\0" * 512
    assert reading.read(data) == reading.read(DATA)
    assert reading.warnings(data) == ()


def test_bytes_after_gzip_are_a_warning(reading: Reading) -> None:
    assert reading.warnings(gzip.compress(DATA) + b"junk") == (
        "bytes after the end of the compressed data were not read",
    )


@pytest.mark.parametrize("block_bytes", [16, 262_144])
def test_a_truncated_gzip_keeps_its_rows(reading: Reading, block_bytes: int) -> None:
    data = gzip.compress(DATA)[:-200]
    with reading.open(data, limits=Limits(block_bytes=block_bytes)) as source:
        rows = list(source.rows(source.layout()))
        assert source.warnings == ("the compressed file ends early: its last rows are missing",)
    whole = reading.read(DATA)
    assert len(rows) > 20
    assert rows[:-1] == whole[: len(rows) - 1]
    assert rejects(rows) == [(len(rows) + 1, "the compressed file ends early")]


def test_damage_is_found_without_reading_rows(reading: Reading) -> None:
    for data, incomplete in ((DATA, False), (gzip.compress(DATA), False), (gzip.compress(DATA)[:-200], True)):
        with reading.open(data) as source:
            source.look_for_damage()
            found = (source.incomplete, source.warnings)
            rows = list(source.rows(source.layout()))
            assert (source.incomplete, source.warnings) == found
            source.look_for_damage()
            assert (source.incomplete, source.warnings) == found
        assert found[0] == incomplete == (len(rows) < 200)


def test_a_corrupt_gzip_keeps_the_rows_before_the_damage(reading: Reading) -> None:
    lines = b"".join(hashlib.sha256(b"%d" % number).hexdigest().encode() + b"\n" for number in range(3000))
    data = bytearray(gzip.compress(b"text\n" + lines))
    data[len(data) // 2 : len(data) // 2 + 40] = b"\xff" * 40
    warnings = reading.warnings(bytes(data))
    rows = reading.read(bytes(data))
    assert len(texts(rows)) > 1000
    assert warnings == ("the compressed file is damaged: the rows after the damage are missing",)


def test_a_wrong_checksum_is_a_warning(reading: Reading) -> None:
    data = bytearray(gzip.compress(DATA))
    data[-6] ^= 1
    assert len(texts(reading.read(bytes(data)))) == 200
    assert len(reading.warnings(bytes(data))) == 1


def test_a_quoted_row_cut_by_the_end_of_gzip_is_one_reject(reading: Reading) -> None:
    body = b'id,text\n1,a\n2,"' + b"".join(b"%d line\n" % number for number in range(2000)) + b'"\n'
    rows = reading.read(gzip.compress(body)[:-300])
    assert texts(rows) == ["a"]
    assert rejects(rows) == [(3, "the compressed file ends early")]
