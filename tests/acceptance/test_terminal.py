"""What a person at a terminal sees: progress while they wait, and nothing left of it afterwards."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

import pytest

from tests.programs import BIN, World
from tests.texts import posts, write_posts


def _on_a_terminal(world: World, *command: str | Path) -> str:
    """Everything a program writes to its terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [str(BIN / command[0]), *map(str, command[1:])],
        env=world.environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen = bytearray()
    try:
        while piece := os.read(ours, 65536):
            seen += piece
    except OSError:
        pass  # the way Linux says that the other side of a terminal is closed
    os.close(ours)
    assert process.wait(60) == 0
    return seen.decode()


def test_a_terminal_shows_progress_and_a_table(alone: World, tmp_path: Path) -> None:
    seen = _on_a_terminal(alone, "newsgate", "classify", write_posts(tmp_path / "posts.csv", 6000), "--limit", "2")
    assert "reading [" in seen
    assert "classifying [" in seen
    assert "6000 rows classified" in seen
    last_line = seen.split("\x1b[K")[-1]
    assert "classifying [" not in last_line
    assert "verdict  p_fake" in last_line


def test_a_pipe_shows_no_progress_and_gets_csv(alone: World, tmp_path: Path) -> None:
    done = alone.run("newsgate", "classify", write_posts(tmp_path / "posts.csv", 2000), "--limit", "2")
    assert "[" not in done.err
    assert done.out.startswith("batch,row,external_id,text,label,p_fake,model,classified_at,error,")


@pytest.fixture
def labelled(alone: World, tmp_path: Path) -> World:
    """A database with a batch that nobody has classified, and more labels than a buffer holds."""
    file = tmp_path / "labels.csv"
    file.write_text("text,label\n" + "".join(f'"{post} {number}",fake\n' for number, post in enumerate(posts(500))))
    assert alone.run("newsgate", "labels", "import", file).code == 0
    alone.enqueue(write_posts(tmp_path / "posts.csv", 10))
    return alone


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_standard_output_is_told_in_one_line(labelled: World, unbuffered: str) -> None:
    for command in ("status", "results 1", "labels export", "status 1 --json", "--help"):
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [BIN / "newsgate", *command.split()],
                env={**labelled.environment, "PYTHONUNBUFFERED": unbuffered},
                stdout=full,
                stderr=subprocess.PIPE,
                check=False,
            )
        assert done.returncode == 1, command
        said = done.stderr.decode().splitlines()
        assert said == ["error: standard output: it cannot be written: No space left on device"], command


def test_a_reader_that_has_seen_enough_ends_a_command_without_a_word(labelled: World) -> None:
    for command in ("results 1", "labels export", "status"):
        process = subprocess.Popen(
            [BIN / "newsgate", *command.split()],
            env=labelled.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
        assert process.wait(60) == 1
        process.stderr.close()
