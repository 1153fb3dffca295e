"""Who works: what each worker says of itself, and what its leases say, on both databases; and `newsgate workers`."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select, update

from newsgate import __version__
from newsgate.db.jobs import take_job
from newsgate.db.session import Database
from newsgate.db.types import database_time
from newsgate.db.upkeep_tables import workers
from newsgate.db.workers import (
    FORGOTTEN_AFTER_SECONDS,
    SILENT_AFTER_SECONDS,
    SeenWorker,
    WorkerName,
    say_alive,
    say_goodbye,
    say_hello,
    seen_workers,
    split_name,
)
from newsgate.main import newsgate
from newsgate.tasks.running.heartbeat import Heartbeat
from newsgate.tasks.running.open_database import open_database
from newsgate.worker.settings import load_settings
from tests.clocks import set_clock_back
from tests.lifecycle import System
from tests.services import wait_until

_ONE = WorkerName("alpha:11", "worker", "1.0")
_TRAINER = WorkerName("beta:12", "trainer", "1.0")


def _seen(database: Database) -> list[SeenWorker]:
    with database.read() as connection:
        return seen_workers(connection)


def _hello(database: Database, *names: WorkerName) -> None:
    for name in names:
        with database.write() as connection:
            say_hello(connection, name)


def _silence(database: Database, name: WorkerName, seconds: float) -> None:
    with database.write() as connection:
        past = update(workers).where(workers.c.name == name.name).values(seen_at=database_time(-seconds))
        connection.execute(past)


def test_who_lives_is_seen_with_what_it_has_in_hand(system: System) -> None:
    stored = system.load(3, 2)
    _hello(system.database, _ONE, _TRAINER)
    claim = system.take(stored.chunks[0], worker=_ONE.name)
    with system.database.write() as connection:
        assert take_job(connection, "retrain", period="p", worker=_TRAINER.name, lease_seconds=60, max_attempts=1)
    one, trainer = _seen(system.database)
    assert (one.host, one.process, one.kind, one.version) == ("alpha", 11, "worker", "1.0")
    assert [(c.chunk, c.batch, c.file, c.model, c.attempt, c.first_row) for c in one.chunks] == [
        (stored.chunks[0], stored.loading.batch, "posts.csv", system.model, 1, 2)
    ]
    assert (one.is_working, one.is_silent, one.training) == (True, False, None)
    assert one.silent_seconds is not None
    assert one.silent_seconds < SILENT_AFTER_SECONDS
    assert (trainer.kind, trainer.training, trainer.chunks) == ("trainer", "p", ())
    system.commit(claim)
    assert [each.is_working for each in _seen(system.database)] == [False, True]
    with system.database.write() as connection:
        say_goodbye(connection, _ONE)
    assert [each.name for each in _seen(system.database)] == [_TRAINER.name]


def test_one_that_only_its_lease_tells_of_is_seen_too(system: System) -> None:
    stored = system.load(1, 1)
    system.take(stored.chunks[0], worker="old host:5")
    system.take(stored.chunks[1], worker="dead:6", lease=-1)
    (seen,) = _seen(system.database)
    assert (seen.host, seen.process, seen.kind, seen.version) == ("old host", 5, "worker", None)
    assert (seen.started_at, seen.seen_at, seen.silent_seconds, seen.is_silent) == (None, None, None, False)
    assert [chunk.chunk for chunk in seen.chunks] == [stored.chunks[0]]


def test_one_that_says_nothing_falls_silent_and_is_forgotten(database: Database) -> None:
    _hello(database, _ONE, _TRAINER)
    _silence(database, _ONE, SILENT_AFTER_SECONDS + 1)
    assert [each.is_silent for each in _seen(database)] == [True, False]
    _silence(database, _ONE, FORGOTTEN_AFTER_SECONDS + 1)
    assert [each.name for each in _seen(database)] == [_TRAINER.name]
    # And its row goes when the next one begins.
    _hello(database, WorkerName("gamma:1", "worker", "1.0"))
    with database.read() as connection:
        assert set(connection.execute(select(workers.c.name)).scalars()) == {_TRAINER.name, "gamma:1"}


def test_a_clock_that_was_ahead_keeps_nobody_alive(database: Database) -> None:
    _hello(database, _ONE, _TRAINER)
    set_clock_back(database, hours=5)
    assert _seen(database) == []
    with database.write() as connection:
        say_alive(connection, _ONE, began=say_hello(connection, _TRAINER))
    assert {each.name: each.is_silent for each in _seen(database)} == {_ONE.name: False, _TRAINER.name: False}


def test_one_that_was_removed_meanwhile_is_entered_again_with_its_beginning(database: Database) -> None:
    with database.write() as connection:
        began = say_hello(connection, _ONE)
        say_goodbye(connection, _ONE)
        say_alive(connection, _ONE, began=began)
        say_alive(connection, _ONE, began=began)
    (seen,) = _seen(database)
    assert (seen.started_at, seen.version) == (began, "1.0")


def test_a_heartbeat_says_that_its_process_lives_until_it_ends(database: Database) -> None:
    with Heartbeat(database, name=_ONE.name, kind="worker", beat_seconds=0.02):
        wait_until(lambda: len(_seen(database)) == 1, what="it is entered")
        first = _seen(database)[0]
        wait_until(lambda: _seen(database)[0].seen_at != first.seen_at, what="it is seen again")
        assert _seen(database)[0].started_at == first.started_at
    assert _seen(database) == []


def test_a_heartbeat_without_a_database_disturbs_nothing(tmp_path: object) -> None:
    away = Database("postgresql+psycopg://nobody@127.0.0.1:1/none?connect_timeout=1")
    with Heartbeat(away, name=_ONE.name, kind="worker", beat_seconds=0.01):
        pass
    away.close()


def test_a_name_is_parted_into_host_and_process() -> None:
    assert split_name("a.b:c:17") == ("a.b:c", 17)
    assert split_name("someone") == ("someone", 0)
    assert split_name("host:x") == ("host:x", 0)


def _run(*arguments: str) -> Result:
    done = CliRunner().invoke(newsgate, arguments)
    assert done.exit_code == 0, done.output
    return done


@pytest.fixture
def mine() -> Database:
    return open_database(load_settings())


def test_the_command_shows_them_as_a_table_and_as_json(mine: Database) -> None:
    nobody = _run("workers")
    assert (nobody.stdout, nobody.stderr.split(":")[0]) == ("", "no worker lives")
    assert _run("workers", "--json").stdout == ""
    _hello(mine, WorkerName("alpha:11", "worker", __version__), _TRAINER)
    shown = _run("workers")
    header, one, trainer = shown.stdout.splitlines()
    assert header.split() == ["host", "process", "kind", "version", "since", "(UTC)", "seen", "doing"]
    assert one.startswith("alpha       11  worker   0.2.0")
    assert one.endswith("nothing: it waits for work")
    assert "trainer" in trainer
    assert shown.stderr == ""
    _silence(mine, _ONE, 61)
    silent = _run("workers")
    assert "61 s ago  silent: it was killed, or cannot reach the database" in silent.stdout
    assert silent.stderr.startswith("no worker lives: `newsgate up`")
    told = [json.loads(line) for line in _run("workers", "--json").stdout.splitlines()]
    assert [(each["host"], each["process"], each["silent"], each["working"]) for each in told] == [
        ("alpha", 11, True, False),
        ("beta", 12, False, False),
    ]
    assert told[0]["started_at"].endswith("+00:00")
