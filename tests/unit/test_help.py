"""What the programs say before they do anything: examples that can be typed, what may be meant, no colours."""

from __future__ import annotations

import inspect
import re

import click
import pytest
from click.testing import CliRunner

from newsgate.enqueue import enqueue
from newsgate.main import newsgate
from tests.unit.test_docs import EVERY_COMMAND, options_of


def examples_of(command: click.Command) -> list[str]:
    block = re.search(r"^Examples?:\n((?: +.+\n?)+)", inspect.cleandoc(command.help or ""), re.MULTILINE)
    return [line.strip() for line in block[1].splitlines()] if block else []


@pytest.mark.parametrize("name", EVERY_COMMAND)
def test_every_help_has_an_example_whose_options_there_are(name: str) -> None:
    shown = examples_of(EVERY_COMMAND[name])
    assert shown
    begin = "newsgate " if name == "newsgate" else name
    assert [line for line in shown if begin not in line] == []
    if name != "newsgate":
        used = set(re.findall(r"(?<!\S)--?[a-z][a-z-]*", " ".join(shown)))
        assert used <= options_of(EVERY_COMMAND[name])
    printed = CliRunner().invoke(EVERY_COMMAND[name], ["--help"]).stdout
    assert [line for line in shown if f"    {line}\n" not in printed] == []


@pytest.mark.parametrize(
    ("command", "typed", "said"),
    [
        (newsgate, ["statu"], "No such command 'statu'. Did you mean 'status'?"),
        (newsgate, ["models", "shw"], "No such command 'shw'. Did you mean 'show'?"),
        (newsgate, ["status", "--jsn"], "No such option '--jsn'. Did you mean '--json'?"),
        (newsgate, ["results", "1", "--formt", "csv"], "No such option '--formt'. Did you mean '--format'?"),
        (enqueue, ["--dryrun", "x.csv"], "No such option '--dryrun'. Did you mean '--dry-run'?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_is_mistyped_is_told_with_what_may_be_meant(command: click.Command, typed: list[str], said: str) -> None:
    done = CliRunner().invoke(command, typed)
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (2, f"Error: {said}")


@pytest.mark.parametrize("name", EVERY_COMMAND)
def test_no_help_has_colours_for_any_terminal(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`NO_COLOR` has nothing to switch off."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in CliRunner().invoke(EVERY_COMMAND[name], ["--help"], color=True).output
