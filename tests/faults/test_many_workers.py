"""Several workers and several enqueues on one database, from its very first use."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from newsgate.db.session import Database
from tests.programs import BIN, World
from tests.services import PostgresServer, RedisServer, short_folder
from tests.texts import write_posts

_ROWS = 300
_FILES = 4
_SETTINGS = {"NEWSGATE_CHUNK_ROWS": "15", "NEWSGATE_WORKER_THREADS": "2", "NEWSGATE_LOST_AFTER_SECONDS": "1"}
_NEVER_SHOWN = ("locked", "deadlock", "Traceback", "does not answer")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where each worker has a home of its own."""
    with short_folder("newsgate-many-") as folder:
        yield folder


@pytest.mark.parametrize(("kind", "workers"), [("sqlite", 2), ("postgresql", 4)])
def test_workers_and_enqueues_at_the_same_time(
    kind: str,
    workers: int,
    *,
    folder: Path,
    redis_server: RedisServer,
    postgres_server: PostgresServer,
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{folder / 'new.db'}" if kind == "sqlite" else postgres_server.new_database(migrated=True)
    addresses = {"NEWSGATE_DATABASE_URL": url, "NEWSGATE_BROKER_URL": redis_server.url.replace("/0", "/9")}
    world = World(folder / "home", url, {**_SETTINGS, **addresses})
    files = [write_posts(tmp_path / f"{number}.csv", _ROWS, seed=number) for number in range(_FILES)]
    # The first file twice: one of the two takes it over from the other, or finds it there.
    commands = [[str(BIN / "enqueue"), str(file), "--name", file.stem] for file in (*files, files[0])]
    with ExitStack() as stack:
        for number in range(workers):
            own = replace(world, home=folder / f"worker-{number}" / "home")
            own.home.parent.mkdir(exist_ok=True)
            stack.enter_context(own.started("worker"))
        enqueues = [
            subprocess.Popen(
                command, env=world.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
            )
            for command in commands
        ]
        told = [process.communicate(timeout=120)[1] for process in enqueues]
        batches = _batches(world)
        for batch in batches:
            world.wait_for(batch)
    assert [process.returncode for process in enqueues[1:-1]] == [0] * (_FILES - 1), told
    assert 0 in (enqueues[0].returncode, enqueues[-1].returncode), told
    logs = [path.read_text() for path in folder.glob("worker-*/worker.log")]
    assert len(logs) == workers
    for output in (*told, *logs):
        assert [word for word in _NEVER_SHOWN if word in output] == [], output
    _assert_one_verdict_each(world, batches)


def _batches(world: World) -> list[int]:
    database = Database(world.database_url)
    with database.read() as connection:
        found = list(connection.execute(text("select id from batches where loaded order by id")).scalars())
    database.close()
    return found


def _assert_one_verdict_each(world: World, batches: list[int]) -> None:
    database = Database(world.database_url)
    with database.read() as connection:
        names = connection.execute(text("select name from batches where loaded")).scalars().all()
        query = 'select batch, count(*), count(distinct "row"), count(label) from results group by batch order by batch'
        counts = [tuple(row) for row in connection.execute(text(query))]
    database.close()
    assert set(names) == {str(number) for number in range(_FILES)}
    assert counts == [(batch, _ROWS, _ROWS, _ROWS) for batch in batches]
    world.assert_sound()
