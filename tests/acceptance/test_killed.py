"""kill -9, and what stands in the database after it."""

from __future__ import annotations

import csv
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.programs import BIN, World, children_named, kill_tree
from tests.services import wait_until
from tests.texts import write_posts

_ROWS = 4_000
_SMALL_CHUNKS = {"NEWSGATE_CHUNK_ROWS": "40", "NEWSGATE_LEASE_SECONDS": "3", "NEWSGATE_LOST_AFTER_SECONDS": "1"}


@pytest.fixture
def chunky(world: World) -> World:
    """A world whose chunks are small and whose leases are short, so that a kill hits something."""
    return replace(world, extra={**world.extra, **_SMALL_CHUNKS})


def test_worker_killed_in_the_middle_of_a_file_and_up_again(chunky: World, tmp_path: Path) -> None:
    file = write_posts(tmp_path / "posts.csv", _ROWS)
    batch = 1
    with chunky.started("up") as up:
        # Beside the test: by the time that a whole file is enqueued, it may be classified as well.
        loading = subprocess.Popen([str(BIN / "enqueue"), str(file)], env=chunky.environment, stderr=subprocess.DEVNULL)
        wait_until(lambda: _stored(chunky) > 0 and chunky.status(batch).done > 0, what="work has begun")
        kill_tree(up.pid)
        assert loading.wait(60) == 0
    before = chunky.status(batch)
    assert 0 < before.done < _ROWS

    with chunky.started("up"):
        after = chunky.wait_for(batch)
    assert (after.done, after.failed) == (_ROWS, 0)
    _assert_one_verdict_each(chunky, batch)


@pytest.mark.long
def test_worker_killed_five_times_is_started_again_by_up(chunky: World, tmp_path: Path) -> None:
    file = write_posts(tmp_path / "posts.csv", _ROWS)
    with chunky.started("up") as up:
        batch = chunky.enqueue(file)["batch"]
        for kill in range(1, 6):
            share = kill * _ROWS // 8
            wait_until(lambda share=share: chunky.status(batch).done >= share, what=f"{share} rows are done")  # type: ignore[misc]
            for worker in children_named(up.pid, "worker"):
                worker.kill()
        assert chunky.wait_for(batch).done == _ROWS
    _assert_one_verdict_each(chunky, batch)


def test_up_runs_several_workers_and_one_that_is_killed_is_started_again(chunky: World, tmp_path: Path) -> None:
    world = replace(chunky, extra={**chunky.extra, "NEWSGATE_UP_WORKERS": "2"})
    with world.started("up") as up:
        wait_until(lambda: len(children_named(up.pid, "worker")) == 2, what="two workers run")
        batch = world.enqueue(write_posts(tmp_path / "posts.csv", _ROWS))["batch"]
        wait_until(lambda: _workers_of_chunks(world) == 2, what="both have taken chunks")
        killed = children_named(up.pid, "worker")[0]
        killed.kill()
        wait_until(
            lambda: len({each.pid for each in children_named(up.pid, "worker")} - {killed.pid}) == 2, what="two again"
        )
        assert world.wait_for(batch).done == _ROWS
        workers = children_named(up.pid, "worker")
    assert not any(each.is_running() for each in workers)
    _assert_one_verdict_each(world, batch)


def test_enqueue_killed_and_run_again_goes_on_where_it_stopped(chunky: World, tmp_path: Path) -> None:
    file = write_posts(tmp_path / "posts.csv", _ROWS)
    with file.open("a", newline="") as stream:
        csv.writer(stream).writerows([("bad", ""), ("ragged", "a", "b")])
    first = subprocess.Popen([str(BIN / "enqueue"), str(file)], env=chunky.environment, stderr=subprocess.DEVNULL)
    wait_until(lambda: _stored(chunky) > 0, what="rows are being stored")
    first.kill()
    first.wait()
    stored = _stored(chunky)
    assert 0 < stored < _ROWS

    second = chunky.run("enqueue", file)
    assert second.code == 3
    assert f"resumed as batch 1: {_ROWS} rows for model 1, 2 refused" in second.err
    with chunky.started("up"):
        assert chunky.wait_for(1).done == _ROWS
    _assert_one_verdict_each(chunky, 1)


def _stored(world: World) -> int:
    count: int = world.figure("select count(*) from items")
    return count


def _workers_of_chunks(world: World) -> int:
    count: int = world.figure("select count(distinct worker) from chunks")
    return count


def _assert_one_verdict_each(world: World, batch: int) -> None:
    with world.database.read() as connection:
        rows = connection.execute(
            text('select count(*), count(distinct "row"), min("row"), max("row") from results where batch = :batch'),
            {"batch": batch},
        ).one()
    assert tuple(rows) == (_ROWS, _ROWS, 2, _ROWS + 1)
    world.assert_sound()
