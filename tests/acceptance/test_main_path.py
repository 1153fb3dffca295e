"""The main job from end to end, with the real programs: on one machine alone, and on PostgreSQL with Redis."""

from __future__ import annotations

import csv
import io
import json
import signal
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.programs import BIN, World, children_named
from tests.services import wait_until
from tests.texts import posts, write_posts


@pytest.mark.long
def test_a_file_is_enqueued_classified_and_queried(new_world: World, tmp_path: Path) -> None:
    file = write_posts(tmp_path / "posts.csv", 2500)
    with new_world.started("up"):
        done = new_world.enqueue(file, "--wait")
        assert {key: done[key] for key in ("items", "rejected", "model")} == {"items": 2500, "rejected": 0, "model": 1}

        status = json.loads(new_world.execute("newsgate", "status", str(done["batch"]), "--json").out)
        assert status.pop("languages")["en"] > 0.9
        assert 0 <= status.pop("unfamiliar") <= 2500
        assert status == {
            "batch": done["batch"],
            "run": done["run"],
            "model": 1,
            "state": "done",
            "total": 2500,
            "done": 2500,
            "failed": 0,
            "rejected": 0,
            "other_language": None,
            "promise": None,
            "priority": 10,
            "notifications": [],
        }

        lines = new_world.execute("newsgate", "results", str(done["batch"]), "--format", "jsonl").out.splitlines()
        results = [json.loads(line) for line in lines]
        assert [each["row"] for each in results] == list(range(2, 2502))
        assert [each["external_id"] for each in results] == [f"post-{number}" for number in range(2500)]
        assert [each["text"] for each in results] == posts(2500)
        assert {each["label"] for each in results} <= {"fake", "real"}
        assert all((each["p_fake"] >= 0.5) == (each["label"] == "fake") for each in results)

        again = new_world.execute("enqueue", file)
        assert again.code == 1
        assert f"already enqueued as batch {done['batch']}" in again.err
        assert "--again" in again.err
        assert new_world.enqueue(file, "--again", "--wait")["batch"] == done["batch"] + 1
    new_world.assert_sound()


def test_results_are_filtered_cut_and_written_in_each_format(untouched: World, tmp_path: Path) -> None:
    file = write_posts(tmp_path / "posts.csv", 60)
    done = untouched.execute("newsgate", "classify", file, "--format", "csv")
    assert done.code == 0, done.err
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert len(rows) == 60

    fakes = untouched.execute("newsgate", "results", "1", "--label", "fake", "--format", "csv").out
    assert len(list(csv.DictReader(io.StringIO(fakes)))) == sum(row["label"] == "fake" for row in rows)

    sure = untouched.execute("newsgate", "results", "1", "--min-score", "0.8", "--format", "jsonl").out.splitlines()
    assert len(sure) == sum(abs(float(row["p_fake"]) - 0.5) >= 0.3 for row in rows)

    table = untouched.execute("newsgate", "results", "1", "--limit", "3", "--format", "table").out.splitlines()
    assert len(table) == 5
    assert "verdict" in table[0]
    assert table[-1] == "batch 1, run 1 by model 1"

    output = tmp_path / "results.jsonl"
    written = untouched.execute("newsgate", "results", "1", "--format", "jsonl", "-o", output)
    assert written.out == ""
    assert len(output.read_text().splitlines()) == 60

    # The view is for people: a plain sqlite3 of theirs reads it.
    with sqlite3.connect(untouched.home / "newsgate.db") as people:
        assert people.execute("select count(*) from results where batch = 1").fetchone() == (60,)
    untouched.assert_sound()


def test_rows_enqueued_before_any_worker_runs_are_classified_when_one_does(untouched: World, tmp_path: Path) -> None:
    done = untouched.execute("enqueue", write_posts(tmp_path / "posts.csv", 30))
    assert done.code == 0
    assert "newsgate up" in done.err
    with untouched.started("up"):
        assert untouched.wait_for(1).done == 30
    untouched.assert_sound()


def test_standard_input_is_a_file_too(untouched: World) -> None:
    done = untouched.run("enqueue", "--name", "piped", "-", stdin=b"text\none\ntwo\n")
    assert (done.code, done.out) == (0, "1\n")
    assert untouched.status(1).name == "piped"
    assert list((untouched.home / "spool").iterdir()) == []


def test_ctrl_c_before_any_input_says_that_nothing_was_stored(alone: World) -> None:
    pipe = subprocess.PIPE
    # Where tests run in the background, SIGINT may be ignored, and a program would inherit that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(
            [str(BIN / "enqueue"), "-"], env=alone.environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True
        )
    finally:
        signal.signal(signal.SIGINT, before)
    with process:
        wait_until(lambda: (alone.home / "spool").exists(), what="it waits for its input")
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 1
        assert process.stderr is not None
        assert process.stderr.readline() == "stopped: nothing was stored\n"


def test_ctrl_c_drains_and_stops_everything(alone: World, tmp_path: Path) -> None:
    with alone.started("up") as up:
        alone.enqueue(write_posts(tmp_path / "posts.csv", 200), "--wait")
        started = children_named(up.pid, "newsgate") + children_named(up.pid, "redis.sock")
        assert len(started) >= 2
        up.send_signal(signal.SIGINT)
        assert up.wait(20) == 0
        wait_until(lambda: not any(each.is_running() for each in started), what="everything is stopped", seconds=5)
    alone.assert_sound()


def test_a_second_up_in_the_same_home_says_who_is_there(alone: World) -> None:
    with alone.started("up") as up:
        wait_until(lambda: (alone.home / "redis" / "redis.sock").exists(), what="newsgate is up")
        second = alone.run("newsgate", "up")
    assert second.code == 1
    assert f"newsgate is up already (process {up.pid})" in second.err


def test_classify_uses_the_worker_that_is_up(alone: World, tmp_path: Path) -> None:
    with alone.started("up") as up:
        wait_until(lambda: (alone.home / "redis" / "redis.sock").exists(), what="newsgate is up")
        done = alone.run("newsgate", "classify", write_posts(tmp_path / "posts.csv", 40), "--format", "jsonl")
        assert up.poll() is None
    assert done.code == 0
    assert len(done.out.splitlines()) == 40
    assert not (alone.home / "worker.log").exists()
