"""A person's own columns on both databases: kept beside the row, queried, and shown where people read."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet
import pytest
from click.testing import CliRunner
from sqlalchemy import text

from newsgate.db.other_columns import batch_columns
from newsgate.enqueue import enqueue as enqueue_program
from newsgate.main import newsgate
from newsgate.tasks.enqueueing.enqueue import enqueue
from newsgate.tasks.enqueueing.request import EnqueueInterruptedError, Request
from newsgate.tasks.reading import ReadOptions, parse_columns
from tests.desk import Desk

TABLE = """id,text,url,label
p1,The bridge reopened at noon.,https://example.org/1,real
p2,,https://example.org/2,fake
p3,"A fruit
cures all.",https://example.org/3,fake
"""


@pytest.fixture
def batch(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> int:
    """A batch of a file with columns of its own, its rows classified."""
    _use(desk, monkeypatch)
    done = CliRunner().invoke(enqueue_program, [str(_table(desk.folder))])
    assert (done.exit_code, done.stdout) == (3, "1\n"), done.output
    desk.finish(1)
    return 1


def test_the_view_and_the_rejects_have_them_and_whole_times(desk: Desk, batch: int) -> None:
    with desk.database.read() as connection:
        query = text("select external_id, columns ->> 'url', classified_at from results order by row")
        rows = connection.execute(query).all()
        refused = connection.execute(text("select columns ->> 'id', columns ->> 'url' from rejects")).one()
    assert [tuple(row)[:2] for row in rows] == [("p1", "https://example.org/1"), ("p3", "https://example.org/3")]
    assert str(rows[0][2]).endswith("+00:00")
    assert tuple(refused) == ("p2", "https://example.org/2")


def test_results_have_them(batch: int) -> None:
    lines = _run("results", batch, "--format", "jsonl").splitlines()
    kept = {"url": "https://example.org/1", "label": "real"}
    assert json.loads(lines[0])["columns"] == kept
    assert json.dumps(kept, separators=(",", ":")).replace('"', '""') in _run("results", batch, "--format", "csv")


def test_the_own_table_comes_back_with_each_row_in_its_place(batch: int, tmp_path: Path) -> None:
    for name in ("a.csv", "a.tsv.gz", "a.jsonl", "a.json", "a.parquet", "a.xlsx"):
        _run("results", batch, "--own-columns", "-o", tmp_path / name)
        rows = list(read_rows(tmp_path / name))
        own = [[row["id"], row["text"] or "", row["url"], row["label"]] for row in rows]
        assert (name, own) == (name, list(csv.reader(TABLE.splitlines(keepends=True)))[1:])
        verdicts = [(row["newsgate_label"] or "", row["error"] or "", str(row["position"])) for row in rows]
        assert verdicts == [("real", "", "1"), ("", "empty text", "2"), ("real", "", "3")]
    narrowed = CliRunner().invoke(newsgate, ["results", "1", "--own-columns", "--label", "real", "--limit", "1"])
    assert [row["position"] for row in csv.DictReader(io.StringIO(narrowed.stdout))] == ["1"]
    warning = "warning: 1 row of the file of batch 1 was refused; the column `error` says why\n"
    assert narrowed.stderr == warning


def test_an_ending_that_says_no_format_is_refused_before_anything_is_read(batch: int, tmp_path: Path) -> None:
    for command in (("results", batch), ("classify", _table(tmp_path))):
        done = CliRunner().invoke(newsgate, [*map(str, command), "-o", str(tmp_path / "a.txt")])
        assert done.exit_code == 2
        assert "no format has the ending .txt. Known are .csv, .tsv" in done.stderr
    _run("results", batch, "--format", "csv", "-o", tmp_path / "a.txt")


def test_an_export_that_fails_leaves_what_was_there(
    batch: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("no")

    monkeypatch.setattr("newsgate.tasks.exporting.own_columns.OwnColumns.record", fail)
    for name in ("a.csv", "a.csv.xz", "a.parquet", "a.xlsx"):
        (tmp_path / name).write_text("as it was")
        done = CliRunner().invoke(newsgate, ["results", str(batch), "--own-columns", "-o", str(tmp_path / name)])
        assert done.exit_code == 1
        assert (tmp_path / name).read_text() == "as it was"
    assert list(tmp_path.glob(".newsgate-*")) == []


def test_a_batch_of_an_older_newsgate_has_its_text_and_id(desk: Desk, batch: int) -> None:
    with desk.database.write() as connection:
        for table in ("batches", "items", "rejects"):
            connection.execute(text(f"update {table} set columns = null"))
    done = CliRunner().invoke(newsgate, ["results", str(batch), "--own-columns", "--format", "jsonl"])
    assert [list(json.loads(line))[:3] for line in done.stdout.splitlines()][::2] == [["id", "text", "label"]] * 2
    assert "warning: batch 1 has only its text and id: an older newsgate made it" in done.stderr


def test_the_table_and_the_report_show_the_own_id(batch: int, tmp_path: Path) -> None:
    header, first, *_ = _run("results", batch, "--format", "table").splitlines()
    assert header.split() == ["item", "id", "verdict", "p_fake", "text"]
    assert first.split()[1] == "p1"
    page = tmp_path / "page.html"
    _run("report", batch, "-o", page)
    assert "<b>p1</b> https://example.org/1 · real" in page.read_text()


def test_whoever_reviews_sees_them_but_no_labels(desk: Desk, batch: int) -> None:
    from newsgate.commands.review import _columns_beside

    assert _columns_beside(desk.database, 1) == ["url: https://example.org/1"]


def test_rows_of_one_batch_are_kept_alike(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    file = _table(desk.folder, rows=30)
    stopped = _interrupt(desk, file, ReadOptions(keep=("url",)))
    done = enqueue(Request(str(file), ReadOptions(keep="all")), settings=desk.settings, database=desk.database)
    assert (done.batch, done.items, done.resumed) == (stopped, 30, True)
    with desk.database.read() as connection:
        kept = connection.execute(text("select cast(columns as text) from items order by row")).scalars().all()
        of_file = batch_columns(connection, stopped)
    assert kept == [json.dumps({"url": f"u{n}"}, separators=(",", ":")) for n in range(30)]
    assert of_file is not None
    assert parse_columns(of_file).keep == ("url",)


def test_a_file_that_is_known_with_fewer_columns_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsgate.tasks.running.local_system.is_up", lambda settings: True)
    _use(desk, monkeypatch)
    file = _table(desk.folder, rows=3)
    assert CliRunner().invoke(enqueue_program, [str(file), "--keep", "url"]).exit_code == 0
    desk.finish(1)
    out = desk.folder / "out.csv"
    done = CliRunner().invoke(newsgate, ["classify", str(file), "-o", str(out)])
    assert "warning: batch 1 keeps url; with --again" in done.stderr
    assert out.read_text().splitlines()[0].startswith("text,url,label,p_fake,error,position,")
    done = CliRunner().invoke(newsgate, ["classify", str(file), "--keep", "url", "--no-own-columns", "-o", str(out)])
    assert "keeps url" not in done.stderr
    assert out.read_text().splitlines()[0].startswith("batch,row,external_id,")


def test_what_was_too_long_is_remembered_however_often_enqueue_is_stopped(desk: Desk) -> None:
    file = _table(desk.folder, rows=30, url="u" * 20_000)
    batch = _interrupt(desk, file, ReadOptions(keep="all"))
    enqueue(Request(str(file), ReadOptions(keep="all")), settings=desk.settings, database=desk.database)
    with desk.database.read() as connection:
        of_file = batch_columns(connection, batch)
    assert of_file is not None
    left_out = parse_columns(of_file).left_out
    assert (left_out.rows, left_out.columns) == (30, ("url",))


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Each row of a file that was written, by whoever else reads such files."""
    if path.suffix == ".parquet":
        yield from pyarrow.parquet.read_table(path).to_pylist()
    elif path.suffix == ".xlsx":
        sheet = openpyxl.load_workbook(path).active
        assert sheet is not None
        header, *rows = sheet.iter_rows(values_only=True)
        yield from (dict(zip(map(str, header), row, strict=True)) for row in rows)
    elif path.suffix == ".gz":
        yield from csv.DictReader(io.StringIO(gzip.decompress(path.read_bytes()).decode()), delimiter="\t")
    elif path.suffix == ".csv":
        yield from csv.DictReader(io.StringIO(path.read_text(), newline=""))
    elif path.suffix == ".json":
        yield from json.loads(path.read_text())
    else:
        yield from map(json.loads, path.read_text().splitlines())


def _table(folder: Path, *, rows: int | None = None, url: str = "u") -> Path:
    file = folder / "posts.csv"
    many = [f"The bridge number {n} reopened.,{url}{n},x\n" for n in range(rows or 0)]
    file.write_text(TABLE if rows is None else "".join(["text,url,other\n", *many]))
    return file


def _interrupt(desk: Desk, file: Path, options: ReadOptions) -> int:
    def stop(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(EnqueueInterruptedError) as stopped:
        enqueue(Request(str(file), options), settings=desk.settings, database=desk.database, progress=stop)
    return stopped.value.batch


def _use(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSGATE_HOME", str(desk.settings.home))
    monkeypatch.setenv("NEWSGATE_DATABASE_URL", desk.database.url.render_as_string(hide_password=False))


def _run(*arguments: object) -> str:
    done = CliRunner().invoke(newsgate, [str(each) for each in arguments])
    assert done.exit_code == 0, done.output
    return done.stdout
