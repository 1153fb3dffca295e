"""Live figures: one look at the database for all browsers together, and none when nobody watches."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from newsgate.db.batches import AcceptedRow, NewBatch, add_rows, create_batch
from newsgate.db.labels import text_hash
from newsgate.db.session import Database
from newsgate.tasks.running.open_database import ensure_champion
from newsgate.web.people import Person
from newsgate.web.progress import ProgressFeed
from newsgate.web.sessions import IDLE_SECONDS, Sessions
from newsgate.worker.settings import load_settings

_EVERY_SECONDS = 0.02
_WATCHERS = 10


@pytest.fixture
def database(migrated_file: Path, tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{shutil.copy(migrated_file, tmp_path)}")
    ensure_champion(made)
    yield made
    made.close()


async def news(watch: AsyncIterator[str]) -> dict[str, Any]:
    """The next figures that a browser is told."""
    async with asyncio.timeout(30):
        async for words in watch:
            if words.startswith("data: "):
                figures: dict[str, Any] = json.loads(words.removeprefix("data: "))
                return figures
    raise AssertionError("nothing was told")


def add_batch(database: Database) -> None:
    with database.write() as connection:
        loading = create_batch(connection, NewBatch("posts.csv", "0" * 64, 1, "{}"), model=1)
        add_rows(connection, loading, accepted=[AcceptedRow(2, None, "a", text_hash("a"))], refused=[], last_row=2)


def test_ten_browsers_cost_one_look_and_hear_only_what_is_new(database: Database) -> None:
    async def watch_together() -> None:
        feed = ProgressFeed(database, load_settings(), every_seconds=_EVERY_SECONDS)
        watches = [feed.watch() for _ in range(_WATCHERS)]
        first = await asyncio.gather(*(news(each) for each in watches))
        assert [each["batches"] for each in first] == [[]] * _WATCHERS
        looks = feed.looks
        add_batch(database)
        second = await asyncio.gather(*(news(each) for each in watches))
        assert [each["batches"][0]["total"] for each in second] == [1] * _WATCHERS
        # As many looks as time allowed, and not ten times as many.
        assert 1 <= feed.looks - looks < _WATCHERS * 2
        # Who comes later is told at once what the others know.
        late = feed.watch()
        assert (await news(late))["batches"][0]["name"] == "posts.csv"
        for each in (*watches, late):
            await each.aclose()
        assert feed.watchers == 0
        await asyncio.sleep(3 * _EVERY_SECONDS)
        looks = feed.looks
        await asyncio.sleep(3 * _EVERY_SECONDS)
        assert feed.looks == looks

    asyncio.run(watch_together())


def test_browsers_are_let_go_when_the_process_ends(database: Database) -> None:
    async def watch_to_the_end() -> int:
        feed = ProgressFeed(database, load_settings(), every_seconds=_EVERY_SECONDS)
        told = 0
        async with aclosing(feed.watch()) as watch:
            async for _ in watch:
                told += 1
                feed.is_ending = lambda: True
        return told

    assert asyncio.run(watch_to_the_end()) == 1


def test_who_has_signed_out_is_told_nothing_more(database: Database) -> None:
    now = 0.0
    sessions = Sessions(clock=lambda: now)

    async def watch_as(session: str, end: Callable[[], object]) -> int:
        feed = ProgressFeed(database, load_settings(), every_seconds=_EVERY_SECONDS)
        told = 0
        async with asyncio.timeout(30), aclosing(feed.watch(lambda: sessions.is_open(session))) as watch:
            async for _ in watch:
                told += 1
                end()
        return told

    def let_time_pass() -> None:
        nonlocal now
        now += IDLE_SECONDS + 1

    signed_out, idle = (sessions.begin(Person(name, "viewer")).id for name in ("Ada", "Bob"))
    assert asyncio.run(watch_as(signed_out, lambda: sessions.end(signed_out))) == 1
    assert asyncio.run(watch_as(idle, let_time_pass)) == 1


def test_a_database_that_does_not_answer_is_told_and_asked_again(database: Database, tmp_path: Path) -> None:
    async def watch_a_fault() -> None:
        feed = ProgressFeed(database, load_settings(), every_seconds=_EVERY_SECONDS)
        broken = Database(f"sqlite:///{tmp_path}")
        working, feed._database = feed._database, broken
        async with aclosing(feed.watch()) as watch:
            assert "fault" in await news(watch)
            feed._database = working
            assert (await news(watch))["champion"] == 1
        broken.close()

    asyncio.run(watch_a_fault())
