"""The disk is full: under SQLite by a limit on the size of files, under PostgreSQL by a small file system."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import text

from newsgate.db.errors import DatabaseFullError
from newsgate.db.session import Database
from tests.faults.conftest import MakeSite
from tests.faults.helpers import Site
from tests.programs import BIN
from tests.services import PostgresServer, short_folder, wait_until
from tests.texts import write_posts

_ROWS = 1_500
_MANY_ROWS = 6_000
# Far below the size of a new database, which holds a model: nothing can be added to it.
_NO_ROOM_BYTES = 64 * 1024


@pytest.fixture(scope="module")
def site(new_site: MakeSite) -> Site:
    return new_site(broker_url="redis://127.0.0.1:1/0", extra={"NEWSGATE_CHUNK_ROWS": "50"})


def test_enqueue_with_a_full_disk_says_so_and_goes_on_when_there_is_room(site: Site, tmp_path: Path) -> None:
    file = write_posts(tmp_path / "posts.csv", _ROWS, seed=1)
    refused = _enqueue_without_room(site, file)
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: ")
    assert len(refused.stderr.splitlines()) == 1
    assert "the disk under the database is full or fails" in refused.stderr
    site.world.assert_sound()

    batch = site.enqueue(file)
    assert site.figure("select count(*) from items where batch_id = :batch", batch=batch) == _ROWS
    site.world.assert_sound()


def test_a_piped_file_that_finds_no_room_says_so_and_leaves_nothing(site: Site, tmp_path: Path) -> None:
    file = write_posts(tmp_path / "posts.csv", _ROWS, seed=2)
    before = site.figure("select count(*) from items")
    refused = _enqueue_without_room(site, Path("-"), stdin=file)
    assert refused.returncode == 1
    assert "cannot keep a copy of the input (File too large)" in refused.stderr
    assert list((site.world.home / "spool").iterdir()) == []
    assert site.figure("select count(*) from items") == before
    site.world.assert_sound()


def test_a_worker_whose_disk_is_full_lives_and_goes_on_when_there_is_room(site: Site, tmp_path: Path) -> None:
    batch = site.enqueue(write_posts(tmp_path / "posts.csv", _ROWS, seed=3))
    site.set_trap("slow", "0.02")
    with site.started("worker", log="worker") as worker:
        wait_until(lambda: site.world.status(batch).done > 0, what="work has begun")
        resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (_NO_ROOM_BYTES, resource.RLIM_INFINITY))
        told = "the disk under the database is full or fails"
        wait_until(lambda: told in site.log("worker").read_text(), what="the worker says that the disk is full")
        assert site.world.status(batch).state == "running"
        assert worker.poll() is None
        resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        site.wait_for(batch)
        assert worker.poll() is None
    site.assert_whole(batch, rows=_ROWS)
    assert site.figure("pragma quick_check") == "ok"


def test_postgresql_without_room_refuses_a_file_and_goes_on_when_there_is_room(
    new_site: MakeSite, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    site = new_site("postgresql", broker_url="redis://127.0.0.1:1/0", extra={"NEWSGATE_CHUNK_ROWS": "50"})
    with _small_disk(postgres_server.user) as disk, postgres_server.database_moved(site.world.database_url, disk):
        ballast = _fill_up(disk)
        file = write_posts(tmp_path / "posts.csv", _MANY_ROWS, seed=4)
        refused = site.world.run("enqueue", file)
        assert refused.code == 1
        assert len(refused.err.splitlines()) == 1
        assert "the disk under the database is full or fails" in refused.err
        # PostgreSQL may refuse every connection while there is no room, the audit's too.
        ballast.unlink()
        site.world.assert_sound()

        batch = site.enqueue(file)
        with site.started("worker", log="worker") as worker:
            wait_until(lambda: site.world.status(batch).done > 0, what="work has begun")
            ballast = _fill_up(disk)
            told = "the disk under the database is full or fails"
            wait_until(lambda: told in site.log("worker").read_text(), what="the worker says that the disk is full")
            assert worker.poll() is None
            ballast.unlink()
            site.wait_for(batch)
        site.assert_whole(batch, rows=_MANY_ROWS)


def test_a_full_database_loses_the_whole_transaction_and_no_other(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'full.db'}")
    with database.write() as connection:
        connection.execute(text("create table notes (note text)"))
        connection.execute(text("insert into notes values ('kept')"))
    with pytest.raises(DatabaseFullError, match="Make room"):
        _fill(database)
    with database.read() as connection:
        assert connection.execute(text("select note from notes")).scalars().all() == ["kept"]
    database.close()


@contextmanager
def _small_disk(owner: str | None) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    with short_folder("newsgate-small-disk-") as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)], check=True)
        try:
            if owner:
                shutil.chown(folder, user=owner)
            yield folder
        finally:
            # Lazily: a process of the server may still have a file open.
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _fill_up(disk: Path) -> Path:
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as stream, suppress(OSError):
        while stream.write(b"0" * 65536):
            pass
    return ballast


def _fill(database: Database) -> None:
    with database.write() as connection:
        # SQLite's own limit gives the very error of a file system without room.
        connection.execute(text("pragma max_page_count = 3"))
        connection.execute(text("insert into notes values ('lost')"))
        connection.execute(text("insert into notes values (:note)"), {"note": "x" * 100_000})


def _enqueue_without_room(site: Site, file: Path, *, stdin: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [str(BIN / "enqueue"), str(file)]
    # A shell sets the limit, in blocks of 1 KiB, because nothing may run between fork and exec in a process of threads.
    limited = ["bash", "-c", 'ulimit -S -f "$1"; shift; exec "$@"', "bash", str(_NO_ROOM_BYTES // 1024), *command]
    with (stdin or Path("/dev/null")).open("rb") as stream:
        return subprocess.run(
            limited, env=site.world.environment, stdin=stream, capture_output=True, text=True, timeout=60, check=False
        )
