"""newsgate's programs behind PgBouncer in transaction mode, as most managed PostgreSQL is reached."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from newsgate.db.session import Database
from tests.pgbouncer import PgBouncer
from tests.programs import BIN, World
from tests.services import PostgresServer, RedisServer, wait_until
from tests.texts import write_posts

_ROWS = 4_000
_SETTINGS = {"NEWSGATE_CHUNK_ROWS": "40", "NEWSGATE_LOST_AFTER_SECONDS": "1", "NEWSGATE_UP_WORKERS": "2"}


@pytest.fixture
def behind_pgbouncer(
    home: Path, postgres_server: PostgresServer, redis_server: RedisServer, pgbouncer: PgBouncer
) -> World:
    """A world whose programs reach PostgreSQL through PgBouncer alone; the test itself looks at it directly."""
    direct = postgres_server.new_database()
    addresses = {
        "NEWSGATE_DATABASE_URL": pgbouncer.through(direct).replace("postgresql+psycopg", "postgres"),
        "NEWSGATE_BROKER_URL": redis_server.url.replace("/0", "/7"),
    }
    world = World(home, direct, {**_SETTINGS, **addresses})
    migrated = world.run("newsgate", "migrate")
    assert migrated.code == 0, migrated.err
    return world


def test_a_file_goes_through_pgbouncer_which_is_started_again_in_the_middle(
    behind_pgbouncer: World, pgbouncer: PgBouncer, tmp_path: Path
) -> None:
    world = behind_pgbouncer
    file = write_posts(tmp_path / "posts.csv", _ROWS)
    with world.started("up"):
        loading = subprocess.Popen(
            [str(BIN / "enqueue"), str(file)], env=world.environment, stderr=subprocess.PIPE, text=True
        )
        wait_until(lambda: _verdicts(world) > 0, what="work has begun")
        pgbouncer.stop()
        pgbouncer.start()
        told = loading.communicate(timeout=60)[1]
        if loading.returncode:
            # It was cut off in a transaction: run again, it goes on.
            assert told.splitlines()[-1].startswith("error: ")
            assert world.enqueue(file)["items"] == _ROWS
        assert world.wait_for(1, seconds=120).done == _ROWS
        assert world.enqueue(write_posts(tmp_path / "more.csv", 500, seed=1))["items"] == 500
        assert world.wait_for(2, seconds=60).done == 500
    log = (world.home.parent / "up.log").read_text()
    for output in (told, log):
        assert "Traceback" not in output
        assert "prepared statement" not in output
    assert _verdicts(world) == _ROWS + 500
    world.assert_sound()


def test_commands_and_a_worker_need_one_session_behind_the_pooler_and_no_second_one_beside_it(
    behind_pgbouncer: World, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    # A transaction that needed another one to end would wait for it in vain.
    with PgBouncer.running(postgres_server, default_pool_size="1", query_wait_timeout="20") as narrow:
        through = {"NEWSGATE_DATABASE_URL": narrow.through(behind_pgbouncer.database_url), "NEWSGATE_UP_WORKERS": "1"}
        world = replace(behind_pgbouncer, extra={**behind_pgbouncer.extra, **through})
        labels = tmp_path / "labels.csv"
        labels.write_text("text,label\n" + "".join(f"text {n},{('fake', 'real')[n % 2]}\n" for n in range(300)))
        with world.started("up"):
            world.enqueue(write_posts(tmp_path / "posts.csv", 1_000))
            assert world.wait_for(1).done == 1_000
            for command in (
                ("status", "1"),
                ("results", "1", "--format", "csv"),
                ("label", "1", "fake"),
                ("labels", "import", str(labels)),
                ("report", "1", "-o", str(tmp_path / "report.html")),
                ("audit",),
            ):
                done = world.run("newsgate", *command)
                assert done.code == 0, (command, done.err)
    behind_pgbouncer.assert_sound()


def _verdicts(world: World) -> int:
    database = Database(world.database_url)
    try:
        with database.read() as connection:
            count: int = connection.execute(text("select count(*) from verdicts")).scalar_one()
            return count
    finally:
        database.close()
