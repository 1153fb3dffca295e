"""The database fails under running workers: it is stopped, cut off in the middle of a COMMIT, slow, or locked."""

from __future__ import annotations

import random
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from tests.faults.conftest import MakeSite
from tests.faults.helpers import Site, has_ended, meanwhile
from tests.programs import BIN, children_named, kill_tree, spawned
from tests.proxies import CommitCutter
from tests.services import PostgresServer, free_port, wait_until
from tests.texts import write_posts

_ROWS = 2_000
_VICTIM = "cut off"
_SMALL_CHUNKS = {"NEWSGATE_CHUNK_ROWS": "50"}


@pytest.fixture
def on_postgres(new_site: MakeSite) -> Site:
    """A site on PostgreSQL with small chunks, so that a fault hits something; its broker is nowhere."""
    return new_site("postgresql", broker_url="redis://127.0.0.1:1/0", extra=_SMALL_CHUNKS)


def test_postgresql_stopped_and_started_in_the_middle_of_a_run(
    on_postgres: Site, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    site = on_postgres
    batch = site.enqueue(write_posts(tmp_path / "posts.csv", _ROWS))
    site.set_trap("slow", "0.02")
    with site.started("up", log="up"):
        wait_until(lambda: site.done() > 0, what="work has begun")
        before = site.done()
        postgres_server.stop(mode="immediate")
        try:
            refused = site.world.run("enqueue", write_posts(tmp_path / "later.csv", 10, seed=1))
            wait_until(lambda: "does not answer" in site.log("up").read_text(), what="the worker says what is wrong")
        finally:
            postgres_server.start_again()
        assert 0 < before < _ROWS
        site.wait_for(batch)
    assert refused.code == 1
    _assert_one_line(refused.err, "the database does not answer")
    site.assert_whole(batch, rows=_ROWS)


@pytest.mark.long
def test_a_worker_killed_while_postgresql_is_stopped(
    on_postgres: Site, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    site = on_postgres
    batch = site.enqueue(write_posts(tmp_path / "posts.csv", _ROWS))
    site.set_trap("slow", "0.02")
    with site.started("up", log="outage") as up:
        wait_until(lambda: site.done() > 0, what="work has begun")
        postgres_server.stop(mode="immediate")
        try:
            for worker in children_named(up.pid, "worker"):
                worker.kill()
            wait_until(lambda: "waiting for the database" in site.log("outage").read_text(), what="another one waits")
            too_late = site.beside("second").world.run("newsgate", "up")
        finally:
            postgres_server.start_again()
        site.wait_for(batch)
        assert up.poll() is None
    assert too_late.code == 1
    # As root, a warning stands before it.
    _assert_one_line(too_late.err.splitlines()[-1], "the database does not answer")
    site.assert_whole(batch, rows=_ROWS)


@pytest.mark.parametrize("ended", ["worker", "parent"])
def test_a_worker_that_waits_for_its_database_can_be_ended(new_site: MakeSite, ended: str) -> None:
    site = new_site()
    nowhere = site.told(NEWSGATE_DATABASE_URL=f"postgresql+psycopg://newsgate@127.0.0.1:{free_port()}/newsgate")
    command = ["sh", "-c", '"$0" worker --with-parent $$ & wait', str(BIN / "newsgate")]
    with spawned(command, environment=nowhere.world.environment, log=site.log("waiting")) as parent:
        wait_until(lambda: "waiting for the database" in site.log("waiting").read_text(), what="the worker waits")
        [worker] = children_named(parent.pid, "worker")
        if ended == "worker":
            worker.terminate()
        else:
            parent.kill()
        try:
            wait_until(lambda: has_ended(worker.pid), what="the worker ends", seconds=5)
        finally:
            kill_tree(worker.pid)
    site.world.assert_sound()


def test_connections_ended_at_random_moments_and_the_answers_to_commits_lost(on_postgres: Site, tmp_path: Path) -> None:
    site = on_postgres
    url = make_url(site.world.database_url)

    def behind(cutter: CommitCutter) -> Site:
        cut_off = str(url.set(port=cutter.port, query={"application_name": _VICTIM}))
        return replace(site, world=replace(site.world, extra={**site.world.extra, "NEWSGATE_DATABASE_URL": cut_off}))

    file = write_posts(tmp_path / "posts.csv", _ROWS)
    # It has few transactions: what it reads meanwhile goes into the next one. Of each run one answer is lost.
    with CommitCutter(url.port or 0, one_in=1, limit=4, seed=7) as cutter:
        ended = [behind(cutter).world.run("enqueue", file)]
        while ended[-1].code == 1:
            _assert_one_line(ended[-1].err, "the database does not answer")
            ended.append(behind(cutter).world.run("enqueue", file))
            assert len(ended) < 40
        assert ended[-1].code == 0
        assert cutter.cuts > 2
    with (
        CommitCutter(url.port or 0, one_in=8, limit=6, seed=8) as cutter,
        behind(cutter).started("worker", log="cut-worker"),
    ):
        behind(cutter).wait_until_ready("cut-worker")
        with _backends_ended(site, seed=8):
            site.wait_for(1)
        assert cutter.cuts > 0
    site.assert_whole(1, rows=_ROWS)
    assert "Traceback" not in site.log("cut-worker").read_text()


def test_postgresql_is_slow_a_run_is_locked_for_longer_than_a_lease(on_postgres: Site, tmp_path: Path) -> None:
    site = on_postgres
    batch = site.enqueue(write_posts(tmp_path / "posts.csv", _ROWS))
    with site.started("up", log="slow-up"):
        wait_until(lambda: site.done() > 0, what="work has begun")
        with site.database.write() as connection:
            connection.execute(text("select 1 from runs where batch_id = :batch for update"), {"batch": batch})
            stuck = site.done()
            with pytest.raises(AssertionError, match="in vain"):
                wait_until(lambda: site.done() > stuck + 2 * 50, what="progress", seconds=site.lease_seconds + 1)
        site.wait_for(batch)
    site.assert_whole(batch, rows=_ROWS)


@pytest.mark.long
def test_sqlite_is_locked_for_twenty_seconds_by_another_process(new_site: MakeSite, tmp_path: Path) -> None:
    site = new_site(broker_url="redis://127.0.0.1:1/0", extra=_SMALL_CHUNKS | {"NEWSGATE_LEASE_SECONDS": "60"})
    first = site.enqueue(write_posts(tmp_path / "first.csv", _ROWS))
    second_file = write_posts(tmp_path / "second.csv", 500, seed=1)
    with site.started("worker", log="worker"):
        wait_until(lambda: site.done() > 0, what="work has begun")
        with _locked(site, seconds=20):
            waiting = site.world.run("enqueue", second_file)
            assert waiting.code == 0, waiting.err
        site.wait_for(first)
        site.wait_for(first + 1)
    assert "locked" not in site.log("worker").read_text() + waiting.err
    site.assert_whole(first, rows=_ROWS)
    site.assert_whole(first + 1, rows=500)


def test_sqlite_locked_for_too_long_is_told_without_sqlites_own_words(new_site: MakeSite, tmp_path: Path) -> None:
    site = new_site()
    impatient = {"NEWSGATE_DATABASE_URL": f"{site.world.database_url}?timeout=0.2"}
    world = replace(site.world, extra={**site.world.extra, **impatient})
    file = write_posts(tmp_path / "posts.csv", 500)
    with _locked(site, seconds=30):
        refused = world.run("enqueue", file)
    assert refused.code == 1
    _assert_one_line(refused.err, "another program has kept the database to itself")
    assert site.world.run("enqueue", file).code == 0
    site.world.assert_sound()


def test_a_file_that_is_no_database_is_told_in_one_line(new_site: MakeSite, tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("These are my notes, which are no database.\n" * 200)
    site = new_site()
    world = replace(site.world, extra={"NEWSGATE_DATABASE_URL": f"sqlite:///{path}"})
    refused = world.run("newsgate", "status")
    assert refused.code == 1
    _assert_one_line(refused.err, "the file is damaged, or is no database")
    assert path.read_text().startswith("These are my notes")
    site.world.assert_sound()


@contextmanager
def _backends_ended(site: Site, *, seed: int) -> Iterator[None]:
    """While the block lasts, the connections of the programs behind the cutter are ended, again and again."""
    pick = random.Random(seed)
    url = make_url(site.world.database_url)
    admin = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    query = text("select pg_terminate_backend(pid) from pg_stat_activity where application_name = :name")

    def end(over: threading.Event) -> None:
        for _ in range(25):
            if over.wait(pick.uniform(0.05, 0.2)):
                break
            with admin.connect() as connection:
                connection.execute(query, {"name": _VICTIM})

    try:
        with meanwhile(end):
            yield
    finally:
        admin.dispose()


@contextmanager
def _locked(site: Site, *, seconds: float) -> Iterator[None]:
    """Another process holds SQLite's one write lock, for so many seconds or until the block ends."""
    path = make_url(site.world.database_url).database
    code = (
        "import sqlite3, sys, threading; c = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30);"
        "c.execute('begin immediate'); print('locked', flush=True);"
        "threading.Event().wait(float(sys.argv[2]))"
    )
    holder = subprocess.Popen(
        [str(BIN / "python"), "-c", code, str(path), str(seconds)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "locked\n"
    try:
        yield
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()


def _assert_one_line(told: str, words: str) -> None:
    lines = told.splitlines()
    assert len(lines) == 1, told
    assert lines[0].startswith("error: ")
    assert words in lines[0]
