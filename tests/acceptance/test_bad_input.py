"""Bad input, as `enqueue` meets it: one clear line, the right exit code, and the good rows beside it unharmed."""

from __future__ import annotations

import gzip
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from newsgate.db.results import Reject, read_rejects
from tests.programs import World
from tests.texts import posts

DONE, ERROR, USAGE, SOME_BAD = 0, 1, 2, 3
GOOD = "id,text\n1,good one\n2,good two\n"


@dataclass(frozen=True)
class Case:
    """A file, and what `enqueue` must make of it. items None: nothing may be stored at all."""

    name: str
    content: bytes | Callable[[Path], None]
    code: int
    says: str
    items: int | None = None
    refused: dict[int, str] = field(default_factory=dict)
    file: str = "posts.csv"
    options: tuple[str, ...] = ()
    extra: dict[str, str] = field(default_factory=dict)


def _many_columns() -> bytes:
    header = ",".join(f"c{number}" for number in range(100_000))
    return f"{header},text\n{',' * 100_000}good one\n".encode()


def _truncated_gzip(*, at_line_end: bool) -> bytes:
    # Stored, not deflated: the cut then falls where it is put.
    whole = gzip.compress(("text\n" + "".join(f"{post}\n" for post in posts(5000))).encode(), 0)
    return whole[: whole.index(b"\n", len(whole) // 2) + (1 if at_line_end else 5)]


REFUSED_WHOLE = [
    Case("missing file", lambda path: None, ERROR, "no such file"),
    Case("folder", lambda path: path.mkdir(), ERROR, "the folder has no file that newsgate reads"),
    Case("empty file", b"", ERROR, "empty"),
    Case("header only", b"id,text\n", ERROR, "no data rows"),
    Case("no text column", b"id,colour\n1,red\n", ERROR, "--text-column"),
    Case("named column absent", GOOD.encode(), ERROR, "text", options=("--text-column", "txet")),
    Case("xlsx workbook", b"PK\x03\x04" + b"\0" * 200, ERROR, "CSV", file="posts.xlsx"),
    Case("not gzip at all", b"id,text\n1,good\n", ERROR, "gzip", file="posts.csv.gz"),
    Case("unknown encoding", GOOD.encode(), USAGE, "encoding", options=("--encoding", "klingon")),
    Case("model absent", GOOD.encode(), ERROR, "there is no model 99", options=("--model", "99")),
    Case("model is no number", GOOD.encode(), USAGE, "Invalid value", options=("--model", "best")),
    Case(
        "database absent",
        GOOD.encode(),
        ERROR,
        "the database does not answer",
        extra={"NEWSGATE_DATABASE_URL": "postgresql://somebody:hush@127.0.0.1:1/none"},
    ),
    Case(
        "database of another kind",
        GOOD.encode(),
        ERROR,
        "SQLite or PostgreSQL",
        extra={"NEWSGATE_DATABASE_URL": "mysql://127.0.0.1/none"},
    ),
    Case("setting that cannot be", GOOD.encode(), USAGE, "NEWSGATE_CHUNK_ROWS", extra={"NEWSGATE_CHUNK_ROWS": "many"}),
]

ROWS_REFUSED = [
    Case("ragged rows", b"id,text\n1,good\n2,a,b\n3\n4,good\n", SOME_BAD, "2 refused", 2, {3: "columns", 4: "column"}),
    Case(
        "quote never closed",
        b'id,text\n1,good\n2,"open\n3,good\n4,good\n',
        SOME_BAD,
        "1 refused",
        3,
        {3: "quote"},
    ),
    Case("NUL bytes", b"id,text\n1,good\n2,b\0d\n3,good\n", SOME_BAD, "1 refused", 2, {3: "NUL"}),
    Case(
        "broken UTF-8 in one row",
        b"id,text\n1,go\xc3\xb6d\n2,b\xff\xfed\n3,good\n",
        SOME_BAD,
        "refused",
        2,
        {3: "UTF-8"},
    ),
    Case("empty and blank texts", b"id,text\n1,\n2,good\n3,   \n", SOME_BAD, "2 refused", 1, {2: "empty", 4: "empty"}),
    Case("50 MB field", b"text\ngood\n" + b"x" * 50_000_000 + b"\ngood\n", SOME_BAD, "1 refused", 2, {3: "16,777,216"}),
    Case(
        "JSON that is none",
        b'{"text": "good"}\n{"text": \n{"text": "good"}\n',
        SOME_BAD,
        "refused",
        2,
        {2: "JSON"},
        "posts.jsonl",
    ),
]

ROWS_TAKEN = [
    Case("byte-order mark", b"\xef\xbb\xbfid,text\n1,good\n", DONE, "1 rows", 1),
    Case("UTF-16", "id,text\n1,gööd\n".encode("utf-16"), DONE, "1 rows", 1),
    Case("Latin-1", "id,text\n1,un café très réussi\n".encode("latin-1"), DONE, "cp1252", 1),
    Case("CRLF", b"id,text\r\n1,good\r\n2,good\r\n", DONE, "2 rows", 2),
    Case("semicolons", b"id;text\n1;good, really\n2;good\n", DONE, "2 rows", 2),
    Case("100 000 columns", _many_columns(), DONE, "1 rows", 1),
    Case("duplicate ids", b"id,text\n1,good\n1,good too\n", DONE, "1 rows repeat an id", 2),
    Case(
        "label column with other values",
        b"text,label\na,fake\nb,maybe\nc,REAL\n",
        DONE,
        "maybe",
        3,
        options=("--label-column", "label"),
    ),
    Case(
        "broker absent",
        GOOD.encode(),
        DONE,
        "the rows are safe",
        2,
        extra={"NEWSGATE_BROKER_URL": "redis://127.0.0.1:1"},
    ),
    Case("gzip without the name", gzip.compress(GOOD.encode()), DONE, "2 rows", 2),
    Case("tab-separated", b"id\ttext\n1\tgood, really\n", DONE, "1 rows", 1, file="posts.tsv"),
    Case("title and text", b"title,text\nHead,body\n", DONE, "1 rows", 1),
]


@pytest.mark.parametrize("case", REFUSED_WHOLE, ids=lambda case: case.name)
def test_a_file_that_cannot_be_used_is_refused_in_one_line(case: Case, alone: World, tmp_path: Path) -> None:
    done = replace(alone, extra=case.extra).run("enqueue", *case.options, _write(case, tmp_path))
    assert done.code == case.code, done.err
    assert case.says in done.err
    assert done.out == ""
    assert "Traceback" not in done.err
    assert "hush" not in done.err
    if case.code == ERROR:
        assert len(done.err.strip().splitlines()) == 1
        assert done.err.startswith("error: ")
    assert alone.run("newsgate", "status", "--json").out == ""


@pytest.mark.parametrize("case", ROWS_REFUSED + ROWS_TAKEN, ids=lambda case: case.name)
def test_a_bad_row_never_costs_the_good_ones(case: Case, alone: World, tmp_path: Path) -> None:
    done = replace(alone, extra=case.extra).run("enqueue", *case.options, _write(case, tmp_path))
    assert done.code == case.code, done.err
    assert case.says in done.err
    assert "Traceback" not in done.err
    status = alone.status(1)
    assert (status.total, status.rejected) == (case.items, len(case.refused))
    rejects = _rejects(alone)
    assert [each.row for each in rejects] == list(case.refused)
    assert [why for each, why in zip(rejects, case.refused.values(), strict=True) if why not in each.reason] == []
    alone.assert_sound()


@pytest.mark.parametrize("at_line_end", [True, False])
def test_a_truncated_gz_gives_its_whole_rows_and_says_that_it_ends_early(
    alone: World, tmp_path: Path, *, at_line_end: bool
) -> None:
    file = tmp_path / "posts.csv.gz"
    file.write_bytes(_truncated_gzip(at_line_end=at_line_end))
    done = alone.run("enqueue", file)
    assert done.code == SOME_BAD
    assert "ends early" in done.err
    assert 2000 < alone.status(1).total < 3000
    assert alone.status(1).rejected == (0 if at_line_end else 1)
    alone.assert_sound()


def test_a_million_token_text_is_classified_on_its_first_tokens(alone: World, tmp_path: Path) -> None:
    file = tmp_path / "long.csv"
    file.write_text("text\nshort\n" + "word " * 1_000_000 + "\n")
    done = alone.run("newsgate", "classify", file, "--format", "csv")
    assert done.code == DONE, done.err
    with alone.database.read() as connection:
        rows = connection.exec_driver_sql('select truncated, label is not null from results order by "row"').all()
    assert [tuple(row) for row in rows] == [(0, 1), (1, 1)]


def test_a_file_whose_name_is_no_text_is_a_file_like_any_other(alone: World, tmp_path: Path) -> None:
    file = tmp_path / os.fsdecode(b"na\xefme.csv")
    file.write_text(GOOD)
    done = alone.run("enqueue", file)
    assert (done.code, "Traceback" in done.err) == (DONE, False), done.err
    assert alone.status(1).name == "na\ufffdme.csv"
    alone.assert_sound()


def test_a_file_that_grows_while_it_is_read_is_taken_as_it_was(alone: World, tmp_path: Path) -> None:
    file = tmp_path / "growing.csv"
    file.write_text("text\n" + "".join(f"{post}\n" for post in posts(200_000)))
    size = file.stat().st_size
    over = threading.Event()
    writer = threading.Thread(target=_append_until, args=(file, over))
    writer.start()
    done = alone.run("enqueue", file)
    over.set()
    writer.join()
    assert done.code in (DONE, SOME_BAD), done.err
    assert file.stat().st_size > size
    assert 200_000 <= alone.status(1).total < 1_000_000
    alone.assert_sound()


@pytest.mark.parametrize(
    "address",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite://newsgate.db",
        "sqlite:///file:news?mode=memory&uri=true",
        "postgresql+asyncpg://ann:hunter2@127.0.0.1/news",
        "mysql://ann:hunter2@127.0.0.1/news",
        "postgres://ann:hunter2@127.0.0.1:1/news?prepare_threshold=soon",
    ],
)
def test_a_database_address_that_cannot_be_is_refused_in_one_line(alone: World, tmp_path: Path, address: str) -> None:
    file = tmp_path / "posts.csv"
    file.write_text(GOOD)
    done = replace(alone, extra={"NEWSGATE_DATABASE_URL": address}).run("enqueue", file)
    assert (done.code, done.out) == (ERROR, "")
    (line,) = done.err.splitlines()
    assert line.startswith("error: ")
    assert "NEWSGATE_DATABASE_URL" in line or "sqlite:////absolute/path" in line
    assert "hunter2" not in line


def _append_until(file: Path, over: threading.Event) -> None:
    with file.open("a") as stream:
        while not over.wait(0.001):
            stream.write("a late row\n")
            stream.flush()


def _write(case: Case, folder: Path) -> Path:
    path = folder / case.file
    if callable(case.content):
        case.content(path)
    else:
        path.write_bytes(case.content)
    return path


def _rejects(world: World) -> list[Reject]:
    with world.database.read() as connection:
        return read_rejects(connection, 1)
