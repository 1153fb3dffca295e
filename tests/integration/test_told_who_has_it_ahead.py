"""People see which chunks workers have taken ahead: `newsgate workers` and `newsgate why`."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from newsgate.db.steering import pause_run
from newsgate.db.tables import items
from newsgate.db.workers import SeenWorker, WorkerName, say_hello, seen_workers
from newsgate.main import newsgate
from tests.desk import Desk
from tests.integration.chunk_steps import chunk_row
from tests.integration.reservation_steps import begun, give_back, on_postgresql_alone, reserve

pytestmark = on_postgresql_alone
_ONE = WorkerName("alpha:11", "worker", "1.0")


@pytest.fixture(autouse=True)
def addressed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands ask the desk's database."""
    monkeypatch.setenv("NEWSGATE_DATABASE_URL", desk.database.url.render_as_string(hide_password=False))


def _run(*arguments: str) -> str:
    done = CliRunner().invoke(newsgate, arguments)
    assert done.exit_code == 0, done.output
    return done.stdout


def _seen(desk: Desk) -> list[SeenWorker]:
    with desk.database.read() as connection:
        return seen_workers(connection)


def _first_item(desk: Desk, chunk: int) -> str:
    query = select(items.c.id).where(items.c.row == chunk_row(desk, chunk).first_row)
    with desk.database.read() as connection:
        return str(connection.execute(query).scalar_one())


def _story(item: str) -> str:
    return _run("why", item)


def test_a_worker_is_seen_with_what_it_has_in_hand_and_ahead(desk: Desk) -> None:
    batch = desk.enqueue(40)
    chunks = desk.waiting(batch)
    with desk.database.write() as connection:
        say_hello(connection, _ONE)
    assert begun(desk, reserve(desk, worker=_ONE.name)).chunk == chunks[0]
    ahead = [reserve(desk, worker=_ONE.name) for _ in range(2)]
    # Another has one too, and says nothing of itself.
    reserve(desk, worker="beta:12")
    one, other = _seen(desk)
    assert [chunk.chunk for chunk in one.chunks] == chunks[:1]
    assert [(each.chunk, each.batch, each.first_row, each.until) for each in one.ahead] == [
        (each.chunk, batch, each.first_row, each.lease_until) for each in ahead
    ]
    assert (other.name, other.chunks, [each.chunk for each in other.ahead]) == ("beta:12", (), chunks[3:])
    assert (one.is_working, other.is_working, other.version) == (True, True, None)
    until = f"{ahead[0].lease_until:%H:%M:%S}"
    told = f"; taken ahead: chunk {chunks[1]} of batch {batch} (posts-40-0.csv): rows 12 to 21, until {until}"
    assert told in _run("workers")
    figures = [json.loads(line) for line in _run("workers", "--json").splitlines()]
    assert [[each["chunk"] for each in worker["ahead"]] for worker in figures] == [chunks[1:3], chunks[3:]]
    assert figures[0]["ahead"][0]["until"] == ahead[0].lease_until.isoformat()
    for each in ahead:
        give_back(desk, each)
    assert _seen(desk)[0].ahead == ()


def test_what_lapsed_or_is_paused_is_in_nobodys_hand(desk: Desk) -> None:
    chunks = desk.waiting(desk.enqueue(20))
    reserve(desk, worker="dead:1", lease=-1)
    paused = reserve(desk, worker=_ONE.name)
    assert [(each.name, [chunk.chunk for chunk in each.ahead]) for each in _seen(desk)] == [(_ONE.name, chunks[1:])]
    with desk.database.write() as connection:
        pause_run(connection, paused.run)
    assert _seen(desk) == []
    told = _story(_first_item(desk, paused.chunk))
    assert f"chunk {paused.chunk} (rows 12 to 21) waits for a worker" in told


def test_the_story_of_a_row_says_who_has_its_chunk_ahead(desk: Desk) -> None:
    first, second = desk.waiting(desk.enqueue(20))
    reserved = reserve(desk, worker=_ONE.name)
    item = _first_item(desk, first)
    until = f"{reserved.lease_until:%Y-%m-%d %H:%M:%S} UTC"
    said = f"chunk {first} (rows 2 to 11) waits, taken ahead by {_ONE.name}, until {until}\n"
    assert _story(item).endswith(said)
    assert f"verdict  none yet: {said}" in _story(item)
    (run,) = json.loads(_run("why", item, "--json"))["runs"]
    assert (run["chunk"]["taken_ahead"], run["chunk"]["worker"], run["chunk"]["lapsed"]) == (True, _ONE.name, False)
    begun(desk, reserved)
    assert f"attempt 1 by {_ONE.name} is under way\n" in _story(item)
    (run,) = json.loads(_run("why", item, "--json"))["runs"]
    assert run["chunk"]["taken_ahead"] is False
    assert f"chunk {second} (rows 12 to 21) waits for a worker\n" in _story(_first_item(desk, second))


def test_the_story_of_a_row_says_that_who_had_it_ahead_fell_silent(desk: Desk) -> None:
    (chunk,) = desk.waiting(desk.enqueue(5))
    reserve(desk, worker="dead:1", lease=-1)
    told = _story(_first_item(desk, chunk))
    assert "waits; dead:1 had taken it ahead and fell silent, and the next worker takes it over\n" in told
