"""A person's own columns on both databases: kept beside the row, queried, and shown where people read."""

from __future__ import annotations

import json
from pathlib import Path

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


def test_what_was_too_long_is_remembered_however_often_enqueue_is_stopped(desk: Desk) -> None:
    file = _table(desk.folder, rows=30, url="u" * 20_000)
    batch = _interrupt(desk, file, ReadOptions(keep="all"))
    enqueue(Request(str(file), ReadOptions(keep="all")), settings=desk.settings, database=desk.database)
    with desk.database.read() as connection:
        of_file = batch_columns(connection, batch)
    assert of_file is not None
    left_out = parse_columns(of_file).left_out
    assert (left_out.rows, left_out.columns) == (30, ("url",))


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
