"""Every command of the README is run, as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.programs import BIN, World

_ROOT = Path(__file__).parents[2]
# It is what runs this very test.
_NOT_HERE = "make test"


def readme_commands() -> list[str]:
    """The lines after a `$` in the README's console blocks, in their order."""
    blocks = re.findall(r"```console\n(.*?)```", (_ROOT / "README.md").read_text(), re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def as_typed(world: World) -> dict[str, str]:
    """The environment of a person's shell: the programs on PATH, and nothing of a `make` that runs these tests.

    In float32, in which every processor gives the pages' figures.
    """
    clean = {name: value for name, value in world.environment.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return {**clean, "NEWSGATE_RUNTIME": "native", "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}


def test_the_readme_begins_with_its_two_commands() -> None:
    assert readme_commands()[:2] == ["make run", "make test"]


@pytest.mark.long
def test_every_command_of_the_readme_works_in_the_order_it_stands(untouched: World) -> None:
    environment = as_typed(untouched)
    for command in readme_commands():
        if command == _NOT_HERE:
            continue
        done = subprocess.run(
            command, shell=True, cwd=_ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stderr.decode()}"


def test_make_run_prints_what_the_readme_shows_and_ends_with_a_query_that_works(untouched: World) -> None:
    environment = as_typed(untouched)
    done = subprocess.run(["make", "run"], cwd=_ROOT, env=environment, capture_output=True, check=True)
    printed = (done.stdout + done.stderr).decode().replace(str(untouched.home), "~/.newsgate").splitlines()
    block = re.search(r"\$ make run\n(.*?)```", (_ROOT / "README.md").read_text(), re.DOTALL)
    assert block is not None
    assert [line for line in block[1].splitlines() if line.strip() != "..." and line not in printed] == []
    last = done.stdout.decode().strip().splitlines()[-1].strip()
    found = re.fullmatch(r'sqlite3 (\S+) "(.+)"', last)
    assert found is not None, last
    import sqlite3

    with sqlite3.connect(found[1]) as people:
        answer = people.execute(found[2]).fetchall()
    assert {label for label, *_ in answer} == {"fake", "real"}


@pytest.mark.parametrize("program", ["newsgate", "enqueue"])
def test_help_is_there_without_any_service(program: str, untouched: World) -> None:
    done = untouched.execute(program, "--help")
    assert done.code == 0
    assert "Usage:" in done.out
    assert not untouched.home.exists()
