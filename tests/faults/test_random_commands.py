"""Whatever is typed in whatever order, beside workers that are killed: nothing is lost, and the audit is clean."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.bundles import contrary_bundle, store_bundle
from tests.faults.conftest import MakeSite
from tests.faults.random_driver import Driver
from tests.services import RedisServer

_SMALL_CHUNKS = {"NEWSGATE_CHUNK_ROWS": "40"}


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("rounds", [3, pytest.param(150, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_commands_in_any_order_beside_kills(
    kind: str, rounds: int, new_site: MakeSite, own_redis: RedisServer, tmp_path: Path
) -> None:
    world = new_site(kind, broker_url=own_redis.url if kind == "postgresql" else "", extra=_SMALL_CHUNKS).world
    models = store_bundle(world.database, contrary_bundle(), name="contrary")
    seed = random.SystemRandom().randrange(10**6) if rounds > 100 else 29
    with world.started("up") as up:
        driver = Driver(world, tmp_path, random.Random(seed), up, models)
        driver.go_on(rounds=rounds)
        driver.finish()
