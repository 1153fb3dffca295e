"""How often somebody waits for an answer of PostgreSQL: through a relay that counts, and may be far away."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from newsgate.db import idle_connections
from newsgate.db.session import Database
from newsgate.tasks.classifying.classify_waiting import classify_waiting
from newsgate.tasks.classifying.pace import Pace
from tests.desk import Desk
from tests.integration.reservation_steps import on_postgresql_alone
from tests.proxies import Distance

pytestmark = on_postgresql_alone


@pytest.fixture
def far_desk(desk: Desk, tmp_path: Path) -> Iterator[tuple[Desk, Distance]]:
    """The desk's database once more, through a relay that counts the ways there and back."""
    assert desk.database.url.port is not None
    with Distance(desk.database.url.port) as relay:
        address = desk.database.url.set(host="127.0.0.1", port=relay.port)
        with closing(Database(address.render_as_string(hide_password=False))) as database:
            yield Desk(database, tmp_path / "far"), relay


def work(desk: Desk) -> int:
    return classify_waiting(desk.context, threading.Event())


@pytest.mark.parametrize("ahead", [1, 3])
def test_a_chunk_costs_three_ways_there_and_back(
    ahead: int, desk: Desk, far_desk: tuple[Desk, Distance], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pace, "chunks_ahead", lambda _, lease_seconds: ahead)
    # However long the machine takes between two steps, no connection is asked whether it lives.
    monkeypatch.setattr(idle_connections, "_A_MOMENT_SECONDS", 60.0)
    far, relay = far_desk
    desk.enqueue(100)
    # What is opened and loaded once: with several chunks at a time, several connections.
    work(far)
    trips = []
    for chunks in (5, 25):
        desk.enqueue(10 * chunks, seed=chunks)
        before = relay.trips
        assert work(far) == chunks
        trips.append(relay.trips - before)
    # To reserve, to begin, to commit. It was 23. Of several that are asked for at the end, some are not there.
    assert trips[1] - trips[0] <= 3 * 20 + 3 * (ahead - 1)


def test_a_file_is_stored_in_few_ways_there_and_back(far_desk: tuple[Desk, Distance]) -> None:
    far, relay = far_desk
    relay.way_seconds = 0.01
    far.folder.mkdir()
    far.enqueue(10)
    trips = []
    for chunks in (5, 25):
        before = relay.trips
        far.enqueue(10 * chunks, seed=chunks)
        trips.append(relay.trips - before)
    # What is read while the first chunk is stored is one transaction, and that one statement. It was 9 for each chunk.
    assert trips[1] - trips[0] <= 20
    assert len(far.waiting(3)) == 25
