"""Copies of the database: made while work goes on, checked, restored; every line of docs/backup.md is tried."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from newsgate.db.audit import audit
from newsgate.db.session import Database
from newsgate.foundation.errors import NewsgateError
from newsgate.tasks.storage import backup as backup_module
from newsgate.tasks.storage.backup import BackupError, back_up
from tests.desk import Desk
from tests.integration.test_audit_orphans import without_foreign_keys
from tests.programs import BIN, World
from tests.services import PostgresServer

PAGE = (Path(__file__).parents[2] / "docs" / "backup.md").read_text(encoding="utf-8")
LINES = {
    title: [line for block in re.findall(r"```sh\n(.*?)```", section, re.DOTALL) for line in block.splitlines()]
    for title, section in re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
}


@pytest.fixture
def at_home(tmp_path: Path, prepared_home: Path) -> Desk:
    """A desk on the database of a home folder."""
    home = tmp_path / "user" / ".newsgate"
    shutil.copytree(prepared_home, home)
    return Desk(Database(f"sqlite:///{home / 'newsgate.db'}"), tmp_path, home=home)


@pytest.fixture
def world(at_home: Desk) -> World:
    return World(at_home.settings.home, str(at_home.database.url), {"HOME": str(at_home.settings.home.parent)})


def rows_in(file: Path) -> int:
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        found: int = connection.execute("select count(*) from items").fetchone()[0]
    finally:
        connection.close()
    return found


@contextmanager
def enqueueing(desk: Desk) -> Iterator[list[int]]:
    """Enqueue file after file beside the block; gives the batches so far."""
    batches: list[int] = []
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            batches.append(desk.enqueue(50, seed=len(batches) + 1))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield batches
    finally:
        stop.set()
        thread.join()


def run_line(line: str, *, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("NEWSGATE_")}
    return subprocess.run(
        ["sh", "-c", line], cwd=folder, env={**clean, **variables}, capture_output=True, text=True, check=False
    )


def test_a_copy_made_while_files_are_enqueued_is_whole_where_cp_misses_rows(at_home: Desk, tmp_path: Path) -> None:
    live = at_home.settings.home / "newsgate.db"
    at_home.finish(at_home.enqueue(50))
    with enqueueing(at_home) as batches:
        while len(batches) < 3:
            pass
        before = sum(1 for _ in batches) * 50
        made = back_up(at_home.database, tmp_path / "copy.db")
        shutil.copy(live, tmp_path / "cp.db")
        assert len(batches) * 50 + 100 >= made.items >= before + 50
    assert made.broken == ()
    assert sorted(path.name for path in tmp_path.glob("copy.db*")) == ["copy.db"]
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
    assert rows_in(tmp_path / "copy.db") == made.items
    # What the page says of `cp`: fewer rows, and nothing in the copy tells that.
    assert rows_in(tmp_path / "cp.db") < before
    copied = Database(f"sqlite:///{tmp_path / 'cp.db'}")
    with copied.read() as connection:
        assert all(finding.holds for finding in audit(connection))
    copied.close()


def test_every_line_about_sqlite_works(at_home: Desk, world: World, tmp_path: Path) -> None:
    batch = at_home.enqueue(50)
    at_home.finish(batch)
    told = {**world.environment, "PATH": f"{BIN}:{os.environ['PATH']}"}
    backup, *restore = LINES["Back up SQLite"]
    done = run_line(backup, folder=tmp_path, **told)
    assert done.returncode == 0, done.stderr
    assert "1 batches, 50 rows, 0 labels, 1 models" in done.stderr
    at_home.enqueue(20, seed=1)
    at_home.database.close()
    assert len(restore) == 4
    for line in restore:
        done = run_line(line, folder=tmp_path, **told)
        assert done.returncode == 0, (line, done.stderr)
    assert "one item or one reject (50 checked)" in done.stdout
    assert at_home.enqueue(20, seed=1) == batch + 1
    at_home.database.close()


def test_every_line_about_postgresql_works(postgres_server: PostgresServer, tmp_path: Path) -> None:
    url = make_url(postgres_server.prepared_database())
    database = Database(url.render_as_string())
    desk = Desk(database, tmp_path)
    desk.finish(desk.enqueue(50))
    with pytest.raises(BackupError, match="Run: pg_dump --format=custom --file=") as refused:
        back_up(database, tmp_path / "newsgate-monday.dump")
    database.close()
    restored = postgres_server.name_of_another()
    lines = [
        re.sub(r"\bnewsgate_restored\b", restored, line)
        .replace("db.example.org/newsgate ", f"127.0.0.1/{url.database} ")
        .replace("db.example.org", "127.0.0.1")
        for line in (f"{line} " for line in LINES["Back up PostgreSQL"])
    ]
    assert [line.split()[0].rsplit("=")[0] for line in lines] == [
        "pg_dump",
        "createdb",
        "pg_restore",
        "NEWSGATE_DATABASE_URL",
    ]
    told = {
        "PATH": f"{postgres_server.programs}:{BIN}:{os.environ['PATH']}",
        "PGPORT": str(url.port),
        "NEWSGATE_HOME": str(tmp_path / "home"),
    }
    for line in lines:
        done = run_line(line, folder=tmp_path, **told)
        assert done.returncode == 0, (line, done.stderr)
    assert "one item or one reject (50 checked)" in done.stdout
    assert "BROKEN" not in done.stdout
    # What `newsgate backup` prints is a line that works as it stands.
    printed = str(refused.value).partition("Run: ")[2]
    assert run_line(printed, folder=tmp_path, PATH=told["PATH"]).returncode == 0


def test_the_database_itself_and_what_cannot_be_written_are_refused(at_home: Desk, tmp_path: Path) -> None:
    at_home.enqueue(3)
    live = at_home.settings.home / "newsgate.db"
    link = tmp_path / "link.db"
    link.symlink_to(live)
    for target in (live, link):
        with pytest.raises(BackupError, match="that is the database itself"):
            back_up(at_home.database, target)
    with pytest.raises(BackupError, match="cannot be written"):
        back_up(at_home.database, tmp_path / "no folder" / "copy.db")
    at_home.assert_sound()


def test_an_older_copy_stays_where_the_new_one_is_damaged(
    at_home: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_home.enqueue(300)
    target = tmp_path / "copy.db"
    back_up(at_home.database, target)
    before = target.read_bytes()
    copy = backup_module._copy

    def damaging(database: Database, temporary: Path) -> None:
        copy(database, temporary)
        with temporary.open("r+b") as file:
            file.seek(temporary.stat().st_size - 4096 * 5)
            file.write(os.urandom(4096 * 4))

    monkeypatch.setattr(backup_module, "_copy", damaging)
    with pytest.raises(NewsgateError, match=r"damaged|malformed"):
        back_up(at_home.database, target)
    assert target.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir() if "newsgate-" in path.name) == []


def test_a_copy_of_a_broken_database_is_kept_and_said_to_be_broken(at_home: Desk, world: World, tmp_path: Path) -> None:
    at_home.finish(at_home.enqueue(3))
    without_foreign_keys(at_home.database, "delete from items where id = 1")
    at_home.database.close()
    done = world.run("newsgate", "backup", tmp_path / "copy.db", "--json")
    assert done.code == 1
    assert "BROKEN every data row of a file is exactly one item or one reject" in done.err
    figures: dict[str, Any] = json.loads(done.out)
    assert (figures["items"], figures["sound"]) == (2, False)
    assert rows_in(tmp_path / "copy.db") == 2


def test_a_file_that_is_stored_in_part_is_named_by_doctor(at_home: Desk, world: World) -> None:
    at_home.enqueue(3)
    without_foreign_keys(at_home.database, "update batches set loaded = 0")
    at_home.database.close()
    done = world.run("newsgate", "doctor")
    assert "warning files: batch 1 holds posts-3-0.csv up to line 4 only" in done.out
