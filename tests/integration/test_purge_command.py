"""`newsgate purge` as a person types it: what it asks, says and prints, and what other commands say afterwards."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from newsgate.db.session import Database
from tests.desk import Desk
from tests.integration.test_audit_orphans import without_foreign_keys
from tests.programs import BIN, World


@pytest.fixture
def world(prepared_home: Path, tmp_path: Path) -> World:
    """A home folder with one classified batch of twelve rows."""
    home = tmp_path / "home"
    shutil.copytree(prepared_home, home)
    world = World(home, f"sqlite:///{home / 'newsgate.db'}")
    desk = Desk(Database(world.database_url), tmp_path)
    desk.finish(desk.enqueue(12))
    desk.database.close()
    return world


def rows(world: World) -> int:
    found: int = world.figure("select count(*) from items")
    return found


def answered(world: World, answer: bytes) -> tuple[int, str]:
    """Purge batch 1 on a terminal where somebody types this."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [str(BIN / "newsgate"), "purge", "1"], env=world.environment, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    os.write(ours, answer)
    said = b""
    while True:
        try:
            more = os.read(ours, 4096)
        except OSError:
            break
        if not more:
            break
        said += more
    os.close(ours)
    return process.wait(30), said.decode()


def test_it_says_what_goes_and_asks_first(world: World) -> None:
    code, said = answered(world, b"n\n")
    assert (code, rows(world)) == (1, 12)
    assert "batch 1 (posts-12-0.csv): 12 rows, 0 refused rows, 12 verdicts" in said
    assert "Delete this for ever? [y/N]" in said
    code, said = answered(world, b"y\n")
    assert (code, rows(world)) == (0, 0)
    assert "deleted: 12 rows" in said


def test_without_a_terminal_nothing_is_deleted_but_by_yes(world: World) -> None:
    told = world.run("newsgate", "purge", "1")
    assert (told.code, rows(world)) == (2, 12)
    assert "nothing is deleted: nobody is there to be asked. Say --yes, or --dry-run" in told.err
    shown = world.run("newsgate", "purge", "1", "--dry-run", "--json")
    assert (shown.code, rows(world)) == (0, 12)
    figures: dict[str, Any] = json.loads(shown.out)
    told_of = {"batch": 1, "name": "posts-12-0.csv", "rows": 12, "refused": 0, "verdicts": 12}
    assert figures == {"batches": [told_of], "labels": 0, "dry_run": True}
    done = world.run("newsgate", "purge", "1", "--yes", "--json", "--vacuum")
    assert (done.code, rows(world), json.loads(done.out)["dry_run"]) == (0, 0, False)
    again = world.run("newsgate", "purge", "1", "--yes")
    assert (again.code, again.err.splitlines()[0]) == (0, "batch 1 was purged already")


def test_other_commands_say_that_a_batch_was_purged(world: World, tmp_path: Path) -> None:
    assert world.run("newsgate", "purge", "--older-than", "1", "--yes").err.startswith("no batch is that old")
    assert world.run("newsgate", "purge", "1", "--yes").code == 0
    status = world.run("newsgate", "status", "1")
    assert "purged" in status.out
    assert "12 rows of its file are deleted" in status.err
    assert json.loads(world.run("newsgate", "status", "1", "--json").out)["state"] == "purged"
    refusal = "error: batch 1 was purged: its rows are deleted. `enqueue` its file again makes a new batch\n"
    for command in ("results", "report", "requeue", "reclassify"):
        told = world.run("newsgate", command, "1")
        assert (told.code, told.out, told.err) == (1, "", refusal)
    assert "batch 1 was purged already" in world.run("newsgate", "cancel", "1").err
    assert world.enqueue(tmp_path / "posts-12-0.csv")["batch"] == 2
    assert "BROKEN" not in world.run("newsgate", "audit").out


def test_a_text_in_a_file_or_on_standard_input_goes_with_its_labels(world: World, tmp_path: Path) -> None:
    texts = [world.figure("select text from items where row = :row", row=row) for row in (3, 4)]
    (tmp_path / "letter.txt").write_text(texts[0] + "\n")
    assert world.run("newsgate", "label", "--batch", "1", "--row", "3", "fake", "--by", "ann").code == 0
    done = world.run("newsgate", "purge", "--text", tmp_path / "letter.txt", "--labels", "--yes")
    assert done.code == 0, done.err
    assert done.err.splitlines()[:2] == [
        "batch 1 (posts-12-0.csv): 1 rows with their verdicts",
        "1 labels of these texts",
    ]
    assert (rows(world), world.figure("select count(*) from labels")) == (11, 0)
    piped = world.run("newsgate", "purge", "--text", "-", "--yes", "--json", stdin=texts[1].encode())
    assert json.loads(piped.out)["batches"] == [{"batch": 1, "name": "posts-12-0.csv", "rows": 1}]
    assert "nothing of it is stored" in world.run("newsgate", "purge", "--text", tmp_path / "letter.txt", "--yes").err
    assert "2 rows of its file are deleted" in world.run("newsgate", "status", "1").err
    assert "BROKEN" not in world.run("newsgate", "audit").out


def test_what_was_deleted_by_hand_is_written_off(world: World) -> None:
    assert world.run("newsgate", "purge", "--missing", "--yes").err.splitlines()[0] == "nothing is missing"
    without_foreign_keys(world.database, "delete from items where row < 5")
    told = world.run("newsgate", "audit")
    assert told.code == 1
    assert "`newsgate purge --missing`" in told.err
    done = world.run("newsgate", "purge", "--missing", "--yes", "--json")
    assert json.loads(done.out) == {"remains": 3, "rows": 3, "dry_run": False}
    assert world.run("newsgate", "audit").code == 0


@pytest.mark.parametrize(
    "arguments", [(), ("1", "--missing"), ("1", "--older-than", "3"), ("--missing", "--labels"), ("--older-than", "0")]
)
def test_what_is_meant_must_be_said_once(world: World, arguments: tuple[str, ...]) -> None:
    assert world.run("newsgate", "purge", *arguments, "--yes").code == 2
    assert rows(world) == 12
