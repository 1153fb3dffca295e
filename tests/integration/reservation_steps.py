"""Single steps of a chunk that is reserved, on PostgreSQL, each one statement."""

from __future__ import annotations

import pytest

from newsgate.db.chunks import Claim
from newsgate.db.commit_at_once import commit_at_once
from newsgate.db.reservations import Reservation, begin, let_go, reserve_next
from newsgate.db.verdicts import Verdict, Verdicts
from tests.desk import Desk

WORKER = "here:1"
# SQLite is no way off: nothing is reserved there.
on_postgresql_alone = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


def maybe_reserve(
    desk: Desk, *, worker: str = WORKER, lease: float = 60, in_hand: int = 0, threads: int = 1
) -> Reservation | None:
    with desk.database.at_once() as connection:
        return reserve_next(connection, worker=worker, lease_seconds=lease, in_hand=in_hand, threads=threads)


def reserve(desk: Desk, *, worker: str = WORKER, lease: float = 60) -> Reservation:
    reserved = maybe_reserve(desk, worker=worker, lease=lease)
    assert reserved is not None
    return reserved


def begin_it(desk: Desk, reserved: Reservation, *, lease: float = 60) -> Claim | None:
    with desk.database.at_once() as connection:
        return begin(connection, reserved, lease_seconds=lease)


def begun(desk: Desk, reserved: Reservation, *, lease: float = 60) -> Claim:
    claim = begin_it(desk, reserved, lease=lease)
    assert claim is not None
    return claim


def give_back(desk: Desk, reserved: Reservation) -> list[int]:
    with desk.database.write() as connection:
        return let_go(connection, reserved)


def commit(desk: Desk, claim: Claim, reserved: Reservation) -> None:
    said = Verdicts.of([Verdict(item, "real", 0.1, 4, False, None, 0.5) for item in reserved.items])
    with desk.database.at_once() as connection:
        commit_at_once(connection, claim, said, summary="{}")
