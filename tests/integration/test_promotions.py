"""Who is champion, on both databases: one at any moment, every change recorded, and the way back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select

from newsgate.db.audit import audit
from newsgate.db.errors import DatabaseError
from newsgate.db.model_registry import add_model, champion_number, model_record
from newsgate.db.promotions import (
    ChampionChangedError,
    NoEarlierChampionError,
    count_comparisons,
    decide,
    decisions_about,
    promote,
    roll_back,
)
from newsgate.db.session import Database
from newsgate.db.shadow import set_shadow
from newsgate.db.tables import models


class Registry:
    """What the tests do, each call a transaction of its own as in real life."""

    def __init__(self, database: Database, *, models: int) -> None:
        self.database = database
        with database.write() as connection:
            for number in range(1, models + 1):
                added = add_model(connection, name=f"model {number}", bundle=b"%d" % number, metadata={})
                assert added == number

    def promote(self, number: int, **figures: Any) -> int | None:
        with self.database.write() as connection:
            return promote(connection, number, reason=f"{number} is good", figures=figures)

    def decide(self, challenger: int, *, champion: int, promoted: bool) -> None:
        with self.database.write() as connection:
            decide(
                connection,
                challenger,
                champion=champion,
                promoted=promoted,
                reason="the test says so",
                figures={"rows": 400},
            )

    def roll_back(self) -> tuple[int, int]:
        with self.database.write() as connection:
            return roll_back(connection, reason="it was worse after all")

    @property
    def champion(self) -> int | None:
        with self.database.read() as connection:
            return champion_number(connection)

    def state(self, number: int) -> str:
        with self.database.read() as connection:
            return model_record(connection, number).state

    def assert_sound(self) -> None:
        with self.database.read() as connection:
            assert [finding for finding in audit(connection) if not finding.holds] == []


@pytest.fixture
def registry(database: Database) -> Registry:
    return Registry(database, models=5)


def test_a_promotion_replaces_the_champion_and_is_recorded(registry: Registry) -> None:
    assert registry.promote(1) is None
    assert registry.promote(2) == 1
    assert (registry.state(1), registry.state(2), registry.champion) == ("retired", "champion", 2)
    with registry.database.read() as connection:
        decisions = decisions_about(connection, 2)
    assert [(each.challenger, each.champion, each.promoted, each.reason) for each in decisions] == [
        (2, 1, True, "2 is good")
    ]
    with pytest.raises(DatabaseError, match="model 2 is champion already"):
        registry.promote(2)
    registry.assert_sound()


def test_however_many_promote_at_once_one_model_is_champion(registry: Registry) -> None:
    registry.promote(1)
    together = Barrier(4)

    def rival(number: int) -> int | None:
        together.wait()
        return registry.promote(number)

    with ThreadPoolExecutor(4) as pool:
        replaced = list(pool.map(rival, (2, 3, 4, 5)))
    # Each replaced another: the line of champions has no gap and no fork.
    assert len({*replaced, registry.champion}) == 5
    registry.assert_sound()


def test_promotions_and_rollbacks_at_once_leave_one_champion(registry: Registry) -> None:
    registry.promote(1)
    registry.promote(2)
    together = Barrier(6)

    def change(number: int) -> None:
        together.wait()
        if number % 2:
            registry.promote(2 + number // 2 + 1)
        else:
            registry.roll_back()

    with ThreadPoolExecutor(6) as pool:
        for done in [pool.submit(change, number) for number in range(6)]:
            error = done.exception()
            assert error is None or isinstance(error, NoEarlierChampionError)
    assert registry.champion is not None
    registry.assert_sound()


def test_a_challenger_that_lost_is_rejected_and_keeps_its_figures(registry: Registry) -> None:
    registry.promote(1)
    registry.decide(2, champion=1, promoted=False)
    assert (registry.champion, registry.state(2)) == (1, "rejected")
    with registry.database.read() as connection:
        (decision,) = decisions_about(connection, 2)
    assert (decision.promoted, decision.reason, decision.figures) == (False, "the test says so", {"rows": 400})
    registry.assert_sound()


@pytest.mark.parametrize("promoted", [True, False])
def test_a_challenger_that_was_decided_about_shadows_no_more(registry: Registry, *, promoted: bool) -> None:
    registry.promote(1)
    with registry.database.write() as connection:
        set_shadow(connection, 2, share=0.5)
    registry.decide(2, champion=1, promoted=promoted)
    with registry.database.read() as connection:
        assert connection.execute(select(models.c.number).where(models.c.shadow_share.is_not(None))).all() == []


def test_a_comparison_with_a_former_champion_decides_nothing(registry: Registry) -> None:
    registry.promote(1)
    registry.promote(2)
    for promoted in (True, False):
        with pytest.raises(ChampionChangedError):
            registry.decide(3, champion=1, promoted=promoted)
    assert (registry.champion, registry.state(3)) == (2, "candidate")
    with registry.database.read() as connection:
        assert decisions_about(connection, 3) == []
    registry.assert_sound()


def test_looks_are_the_comparisons_with_the_same_champion(registry: Registry) -> None:
    registry.promote(1)
    registry.decide(2, champion=1, promoted=False)
    registry.decide(3, champion=1, promoted=True)
    registry.decide(4, champion=3, promoted=False)
    registry.roll_back()
    registry.promote(5)
    with registry.database.read() as connection:
        looks = {champion: count_comparisons(connection, champion) for champion in (1, 3, 5)}
    assert looks == {1: 2, 3: 1, 5: 0}


def test_a_rollback_goes_back_one_champion_each_time(registry: Registry) -> None:
    for number in (1, 2, 3):
        registry.promote(number)
    assert registry.roll_back() == (2, 3)
    assert registry.roll_back() == (1, 2)
    with pytest.raises(NoEarlierChampionError):
        registry.roll_back()
    registry.promote(4)
    assert registry.roll_back() == (1, 4)
    assert (registry.champion, registry.state(4)) == (1, "retired")
    with registry.database.read() as connection:
        assert decisions_about(connection, 4)[-1].reason == "it was worse after all"
    registry.assert_sound()


def test_without_an_earlier_champion_there_is_no_way_back(registry: Registry) -> None:
    with pytest.raises(NoEarlierChampionError):
        registry.roll_back()
    registry.promote(1)
    with pytest.raises(NoEarlierChampionError):
        registry.roll_back()
    assert registry.champion == 1
