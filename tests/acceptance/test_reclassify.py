"""A second model on a batch that is classified already, with the real programs, killed and started again."""

from __future__ import annotations

import csv
import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.bundles import contrary_bundle, scores_of, store_bundle
from tests.programs import BIN, World, kill_tree
from tests.services import wait_until
from tests.texts import posts, write_posts

_ROWS = 1500
_SMALL_CHUNKS = {"NEWSGATE_CHUNK_ROWS": "25", "NEWSGATE_LEASE_SECONDS": "3", "NEWSGATE_LOST_AFTER_SECONDS": "1"}


@pytest.fixture
def chunky(world: World) -> World:
    """A world with a second model, small chunks and short leases, so that a kill hits something."""
    chunky = replace(world, extra={**world.extra, **_SMALL_CHUNKS})
    _store_second(chunky)
    return chunky


def _store_second(world: World) -> None:
    assert store_bundle(world.database, contrary_bundle(), name="contrary") == 2


def _count(world: World, model: int) -> int:
    count: int = world.figure("select count(*) from verdicts where model = :model", model=model)
    return count


@pytest.mark.long
def test_a_batch_is_reclassified_although_everything_is_killed_on_the_way(chunky: World, tmp_path: Path) -> None:
    file = write_posts(tmp_path / "posts.csv", _ROWS)
    with chunky.started("up"):
        assert chunky.enqueue(file, "--wait")["batch"] == 1

    # No worker: the command is killed while it makes chunks, and run again.
    first = subprocess.Popen(
        [str(BIN / "newsgate"), "reclassify", "1", "--model", "2"], env=chunky.environment, stderr=subprocess.DEVNULL
    )
    wait_until(lambda: chunky.status(1).model == 2 and chunky.status(1).total > 0, what="chunks are being made")
    first.kill()
    first.wait()
    assert 0 < chunky.status(1).total < _ROWS
    again = chunky.run("newsgate", "reclassify", "1", "--model", "2", "--json")
    assert again.code == 0, again.err
    assert json.loads(again.out) == {"batch": 1, "run": 2, "model": 2, "items": _ROWS, "flips": None}
    assert f"goes on for model 2: {_ROWS} rows" in again.err

    # The workers are killed in the middle of the new run.
    with chunky.started("up") as up:
        wait_until(lambda: chunky.status(1).done > 0, what="work has begun")
        kill_tree(up.pid)
    assert 0 < chunky.status(1).done < _ROWS
    with chunky.started("up"):
        done = chunky.run("newsgate", "reclassify", "1", "--model", "2", "--wait", "--flips", "3", "--json")
    assert done.code == 0, done.err
    assert (_count(chunky, 1), _count(chunky, 2)) == (_ROWS, _ROWS)
    chunky.assert_sound()

    texts = posts(_ROWS)
    before, after = (list(csv.DictReader(_results(chunky, model).splitlines())) for model in (1, 2))
    p_before, p_after = ([float(row["p_fake"]) for row in rows] for rows in (before, after))
    assert p_after == pytest.approx(scores_of(contrary_bundle(), texts).p_fake.tolist(), abs=1e-6)
    flips = json.loads(done.out)["flips"]
    assert (flips["before"], flips["after"], flips["compared"]) == (1, 2, _ROWS)
    assert flips["real_to_fake"] == sum(p < 0.5 <= q for p, q in zip(p_before, p_after, strict=True)) > 0
    assert flips["fake_to_real"] == sum(q < 0.5 <= p for p, q in zip(p_before, p_after, strict=True)) > 0
    changes = [abs(each["p_after"] - each["p_before"]) for each in flips["surest"]]
    assert len(changes) == 3
    assert changes == sorted(changes, reverse=True)

    table = chunky.run("newsgate", "flips", "1", "--models", "2,1", "--flips", "2").out.splitlines()
    assert table[1].split()[:3] == [str(_ROWS), str(flips["fake_to_real"]), str(flips["real_to_fake"])]
    assert len(table) == 6
    assert _results(chunky, None) == _results(chunky, 2)
    assert [line.split()[3] for line in chunky.run("newsgate", "status", "1").out.splitlines()[1:]] == ["2", "1"]


def _results(world: World, model: int | None) -> str:
    which = () if model is None else ("--model", str(model))
    return world.run("newsgate", "results", "1", *which, "--format", "csv").out


def test_a_challenger_shadows_a_share_of_the_live_chunks(chunky: World, tmp_path: Path) -> None:
    begun = chunky.run("newsgate", "shadow", "2", "--share", "0.5")
    assert begun.code == 0, begun.err
    with chunky.started("up"):
        chunky.enqueue(write_posts(tmp_path / "posts.csv", 1000), "--wait")
        wait_until(lambda: _shadowed(chunky) >= 100, what="chunks are shadowed")
    shown = [json.loads(line) for line in chunky.run("newsgate", "shadow", "--json").out.splitlines()]
    assert len(shown) == 1
    assert (shown[0]["model"], shown[0]["beside"], shown[0]["share"]) == (2, 1, 0.5)
    assert shown[0]["rows"] == _shadowed(chunky)
    assert shown[0]["rows"] % 25 == 0
    assert 0 < shown[0]["disagreement"] < 1
    assert _count(chunky, 2) == 0
    assert "model 2 no longer shadows" in chunky.run("newsgate", "shadow", "off").err
    table = chunky.run("newsgate", "shadow").out.splitlines()
    assert table[1].split()[:4] == ["2", "off", "1", str(shown[0]["rows"])]
    chunky.assert_sound()

    drift = [json.loads(line) for line in chunky.run("newsgate", "status", "--drift", "--json").out.splitlines()]
    assert sum(each["rows"] for each in drift) == 1000
    assert {each["model"] for each in drift} == {1}
    assert "1000" in chunky.run("newsgate", "status", "--drift", "--days", "2").out


def _shadowed(world: World) -> int:
    count: int = world.figure("select count(*) from shadow_verdicts")
    return count


def test_a_cancelled_batch_is_requeued(chunky: World, tmp_path: Path) -> None:
    chunky.enqueue(write_posts(tmp_path / "posts.csv", 300))
    assert chunky.run("newsgate", "cancel", "1").code == 0
    with chunky.started("up"):
        again = chunky.run("newsgate", "requeue", "1", "--wait")
    assert again.code == 0, again.err
    assert "300 cancelled rows are tried again" in again.err
    assert (chunky.status(1).state, chunky.status(1).done) == ("done", 300)
    chunky.assert_sound()


def test_wrong_usage_is_said_in_one_line(alone: World) -> None:
    for arguments, code, said in (
        (("reclassify", "7"), 1, "error: there is no batch 7"),
        (("requeue", "7"), 1, "error: there is no batch 7"),
        (("flips", "7"), 1, "error: there is no batch 7"),
        (("flips", "7", "--models", "1"), 2, "error: --models cannot be '1'"),
        (("shadow", "two"), 2, "error: 'two' is not the number of a model"),
        (("shadow", "--share", "0.5"), 2, "error: --share needs the number of a model"),
        (("shadow", "7"), 1, "error: there is no model 7"),
        (("shadow", "1"), 1, "error: model 1 is the champion, whom others shadow"),
        (("status", "7", "--drift"), 2, "error: --drift is about days"),
    ):
        done = alone.run("newsgate", *arguments)
        assert (done.code, done.out) == (code, ""), arguments
        assert done.err.startswith(said), done.err
