"""Completion in real shells, as one command installs it: a person types, and presses the tabulator key."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.programs import BIN
from tests.shells import require_program, running_shell


@pytest.fixture
def person(tmp_path: Path) -> dict[str, str]:
    """The environment of somebody with an empty home folder, in which the programs are on PATH."""
    (tmp_path / "posts-of-monday.csv").write_text("text\nhello\n")
    kept = {name: os.environ[name] for name in ("LANG", "LC_ALL") if name in os.environ}
    return {
        **kept,
        "HOME": str(tmp_path),
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "TERM": "xterm",
        # It would ask the terminal questions, which nobody answers.
        "fish_features": "no-query-term",
    }


def installed(shell: str, person: dict[str, str]) -> None:
    require_program(shell)
    command = [str(BIN / "newsgate"), "completion", "install"]
    done = subprocess.run(
        command, env={**person, "SHELL": f"/bin/{shell}"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_shell_completes_commands_options_and_files(shell: str, person: dict[str, str]) -> None:
    installed(shell, person)
    with running_shell(shell, environment=person) as terminal:
        for typed, completed in (
            ("newsgate resul\t", "newsgate results "),
            ("newsgate results --own\t", "newsgate results --own-columns"),
            ("enqueue --dry\t", "enqueue --dry-run"),
            ("enqueue posts-of\t", "enqueue posts-of-monday.csv"),
        ):
            terminal.type(typed)
            terminal.wait_for(completed)
            # Ctrl-U empties the line.
            terminal.type("\x15")


def test_fish_completes_commands_options_and_files(person: dict[str, str]) -> None:
    installed("fish", person)
    for typed, completed in (
        ("newsgate resul", "results"),
        ("newsgate results --own", "--own-columns"),
        ("enqueue --dry", "--dry-run"),
        ("enqueue posts-of", "posts-of-monday.csv"),
    ):
        asked = ["fish", "-c", f'complete -C "{typed}"']
        done = subprocess.run(asked, env=person, cwd=person["HOME"], capture_output=True, text=True, check=False)
        assert [line.split("\t")[0] for line in done.stdout.splitlines()][:1] == [completed], done
