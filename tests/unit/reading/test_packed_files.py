"""Archives and compressed files."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import re
import tarfile
import zipfile
from pathlib import Path

import pytest

from newsgate.foundation.installation import install_command
from newsgate.tasks.reading import (
    DamagedFileError,
    Limits,
    MemberError,
    MissingLibraryError,
    NotTextError,
    UnusedOptionError,
    open_source,
    unpacking,
)
from tests.unit.reading.helpers import Reading, texts
from tests.unit.reading.tables import parquet, xlsx

zstd = pytest.importorskip("backports.zstd")
DATA = b"id,text\n" + b"".join(b"%d,some words of row %d\n" % (number, number) for number in range(2000))


def zipped(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return packed.getvalue()


PACKED = {
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstd.compress,
    "zip": lambda data: zipped(**{"rows.csv": data}),
}


@pytest.mark.parametrize("ending", PACKED)
@pytest.mark.parametrize("name", ["rows.csv.{}", "stdin"])
def test_what_is_packed_is_read_as_it_is(reading: Reading, ending: str, name: str) -> None:
    assert reading.read(PACKED[ending](DATA), name=name.format(ending)) == reading.read(DATA)


@pytest.mark.parametrize("ending", ["bz2", "xz", "zst"])
def test_frames_follow_one_another(reading: Reading, ending: str) -> None:
    pack = PACKED[ending]
    data = pack(DATA[:1000]) + pack(b"") + pack(DATA[1000:])
    assert reading.read(data) == reading.read(DATA)
    assert reading.warnings(data) == ()
    assert reading.warnings(pack(DATA) + b"junk") == ("bytes after the end of the compressed data were not read",)


@pytest.mark.parametrize("ending", PACKED)
def test_rows_before_a_damage_are_kept(reading: Reading, ending: str) -> None:
    # As long as several blocks of bzip2, in few rows.
    body = b"id,text\n" + b"".join(
        b"%d,%s\n" % (n, hashlib.sha256(b"%d" % n).hexdigest().encode() * 8) for n in range(4500)
    )
    whole = PACKED[ending](body)
    middle = len(whole) * 3 // 4
    for data in (whole[:middle], whole[:middle] + b"\x55" * 64 + whole[middle + 64 :]):
        # An archive that was cut has no list of its files; frames of Zstandard need not have a checksum.
        if (ending, len(data) == middle) in (("zip", True), ("zst", False)):
            continue
        with reading.open(data) as source:
            assert len(list(source.rows(source.layout(None)))) > 1000
            assert source.incomplete
            assert "rows" in source.warnings[0]


def test_the_name_before_the_packing_tells_the_format(reading: Reading) -> None:
    lines = b"The bridge reopened at noon.\nA fruit, an apple, cures all.\n"
    assert len(texts(reading.read(bz2.compress(lines), name="lines.txt.bz2"))) == 2
    assert len(texts(reading.read(zipped(**{"a/lines.txt": lines}), name="lines.zip"))) == 2


@pytest.mark.parametrize(("suffix", "what"), [("bz2", "a bzip2"), ("xz", "an xz"), ("zst", "a Zstandard")])
def test_a_name_that_is_not_true(reading: Reading, suffix: str, what: str) -> None:
    with pytest.raises(DamagedFileError, match=f"not {what} file, though its name ends in .{suffix}"):
        reading.read(DATA, name=f"rows.csv.{suffix}")


def test_a_member_is_named_where_there_are_several_and_the_remedy_works(reading: Reading) -> None:
    data = zipped(**{"a/train.csv": DATA, "a/test.csv": b"text\nshort\n", "README.md": b"# x", "__MACOSX/a/._x": b"x"})
    with pytest.raises(MemberError, match=r"2 files: 'a/train.csv', 'a/test.csv'. .*--member 'a/train.csv'"):
        reading.read(data)
    assert len(reading.read(data, member="a/train.csv")) == 2000
    assert texts(reading.read(data, member="test.csv")) == ["short"]
    with pytest.raises(MemberError, match=r"no file 'x.csv', but 'a/train.csv'"):
        reading.read(data, member="x.csv")
    assert reading.layout(data, member="test.csv").notes == (
        "read a/test.csv of the archive",
        "read as a single column: the header has no delimiter (--delimiter overrides)",
    )


def test_an_empty_archive_is_not_damaged(reading: Reading) -> None:
    with pytest.raises(MemberError, match=r"the archive holds no file. Name another file"):
        reading.read(zipped(), name="a.zip")


def test_one_file_of_rows_among_others_is_read(reading: Reading) -> None:
    data = zipped(**{"README.txt": b"read me", "posts.csv": DATA, ".DS_Store": b"x", "a/": b""})
    assert len(reading.read(data)) == 2000
    with pytest.raises(UnusedOptionError, match=r"no \.zip archive. Leave --member out"):
        reading.read(DATA, member="posts.csv")


def test_what_is_packed_twice_is_read(reading: Reading) -> None:
    assert reading.read(zipped(**{"rows.csv.bz2": bz2.compress(DATA)})) == reading.read(DATA)
    with pytest.raises(NotTextError, match=r"a \.zip archive in another"):
        reading.read(zipped(**{"rows.zip": zipped(**{"rows.csv": DATA})}))


def test_a_tar_archive_is_never_opened(reading: Reading) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo("rows.csv")
        member.size = len(DATA)
        archive.addfile(member, io.BytesIO(DATA))
    for data in (bz2.compress(packed.getvalue()), lzma.compress(packed.getvalue())):
        with pytest.raises(NotTextError, match=r"this is a tar archive.*tar -xOf rows\.tar\.xz MEMBER \| enqueue -"):
            reading.read(data, name="rows.tar.xz")
    with pytest.raises(NotTextError, match="this is a tar archive"):
        reading.read(packed.getvalue(), name="rows.csv")


def test_a_locked_member_and_a_damaged_archive(reading: Reading) -> None:
    data = bytearray(zipped(**{"rows.csv": DATA}))
    data[data.rfind(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(MemberError, match="locked with a password"):
        reading.read(bytes(data))
    with pytest.raises(DamagedFileError, match="archive is damaged"):
        reading.read(zipped(**{"rows.csv": DATA})[:-100])


@pytest.mark.parametrize("ending", PACKED)
def test_a_bomb_is_read_no_further_than_a_bomb_is_known(
    reading: Reading, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "_BOMB_LEAST_BYTES", 300_000)
    bomb = PACKED[ending](b"text\n" + b"aaaaaaa\n" * 250_000)
    with reading.open(bomb, limits=Limits(sample_bytes=65_536)) as source:
        rows = sum(1 for _ in source.rows(source.layout()))
        assert rows < 100_000
        assert source.incomplete
        assert "expands to more than 250 times its size" in source.warnings[0]


def test_a_window_of_two_gigabytes_is_accepted(reading: Reading) -> None:
    options = {zstd.CompressionParameter.window_log: 31, zstd.CompressionParameter.enable_long_distance_matching: 1}
    frames = zstd.ZstdCompressor(options=options)
    data = frames.compress(DATA) + frames.flush()
    assert len(reading.read(data)) == 2000


def test_a_missing_library_names_the_extra(reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr("importlib.import_module", absent)
    with pytest.raises(MissingLibraryError, match=f"a Zstandard file.*Run: {re.escape(install_command('files'))}"):
        reading.read(zstd.compress(DATA))


@pytest.mark.parametrize("name", ["posts.xlsx.gz", "posts.parquet.gz"])
def test_what_is_unpacked_needs_no_folder_that_is_there_already(tmp_path: Path, name: str) -> None:
    table = parquet({"text": ["one text"]}) if "parquet" in name else xlsx([["text"], ["one text"]])
    (tmp_path / name).write_bytes(gzip.compress(table))
    with open_source(tmp_path / name, spool_folder=tmp_path / "home" / "spool") as source:
        assert texts(list(source.rows(source.layout()))) == ["one text"]
