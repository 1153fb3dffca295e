"""What the programs say before they do anything: examples that can be typed, what may be meant, no colours."""

from __future__ import annotations

import inspect
import re
import shlex

import click
import pytest
from click.testing import CliRunner

from newsgate.enqueue import enqueue
from newsgate.main import newsgate
from tests.unit.test_docs import EVERY_COMMAND, ROOT, options_of


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
    ("command", "typed", "said", "right"),
    [
        (newsgate, "resuls", "command 'resuls'. Did you mean 'results'?", "newsgate results"),
        (
            newsgate,
            "resuls 1 --all",
            "command 'resuls'. Did you mean 'results'?",
            "newsgate results 1 --all",
        ),
        (newsgate, "models shw 2", "command 'shw'. Did you mean 'show'?", "newsgate models show 2"),
        (newsgate, "undo 17", "command 'undo'. Did you mean 'labels undo'?", "newsgate labels undo 17"),
        (newsgate, "--versoin", "option '--versoin'. Did you mean '--version'?", "newsgate --version"),
        (newsgate, "status --jsn", "option '--jsn'. Did you mean '--json'?", "newsgate status --json"),
        (newsgate, "status --wacth", "option '--wacth'. Did you mean '--watch'?", "newsgate status --watch"),
        (
            newsgate,
            "results 1 --formt csv",
            "option '--formt'. Did you mean '--format'?",
            "newsgate results 1 --format csv",
        ),
        (
            newsgate,
            "results 'my posts.csv' --formt=csv",
            "option '--formt'. Did you mean '--format'?",
            "newsgate results 'my posts.csv' --format=csv",
        ),
        (
            newsgate,
            "results 1 --json",
            "option '--json'. Did you mean '--format json'?",
            "newsgate results 1 --format json",
        ),
        (
            newsgate,
            "classify --json x.csv",
            "option '--json'. Did you mean '--format json'?",
            "newsgate classify --format json x.csv",
        ),
        (enqueue, "--dryrun x.csv", "option '--dryrun'. Did you mean '--dry-run'?", "enqueue --dry-run x.csv"),
        (enqueue, "x.csv --wiat", "option '--wiat'. Did you mean '--wait'?", "enqueue x.csv --wait"),
    ],
)
def test_what_is_mistyped_is_told_in_one_line_with_what_to_type(
    command: click.Command, typed: str, said: str, right: str
) -> None:
    done = CliRunner().invoke(command, shlex.split(typed))
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == f"Error: No such {said} Type: {right}\n"


@pytest.mark.parametrize(
    ("command", "typed", "said"),
    [
        (newsgate, "zzzzz", "No such command 'zzzzz'."),
        # Two groups have one.
        (newsgate, "install", "No such command 'install'."),
        (enqueue, "--zzzzz x.csv", "No such option '--zzzzz'."),
        (enqueue, "-Z x.csv", "No such option '-Z'."),
        # Half of its letters stand in --id-column, which nobody means by it.
        (newsgate, "classify x.csv --dry-run", "No such option '--dry-run'."),
        (newsgate, "results", "Missing argument 'BATCH'."),
    ],
)
def test_where_nothing_is_near_the_usage_is_told(command: click.Command, typed: str, said: str) -> None:
    done = CliRunner().invoke(command, shlex.split(typed))
    assert done.exit_code == 2
    assert done.stderr.startswith("Usage: ")
    assert done.stderr.splitlines()[-1] == f"Error: {said}"


def test_what_cannot_be_shown_is_not_shown_when_it_is_corrected() -> None:
    done = CliRunner().invoke(newsgate, ["resuls", "\x1b[31m"])
    assert done.stderr == "Error: No such command 'resuls'. Did you mean 'results'? Type: newsgate results ' [31m'\n"


@pytest.mark.parametrize("name", EVERY_COMMAND)
def test_no_help_has_colours_for_any_terminal(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`NO_COLOR` has nothing to switch off."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in CliRunner().invoke(EVERY_COMMAND[name], ["--help"], color=True).output


@pytest.mark.parametrize("name", [name for name in EVERY_COMMAND if isinstance(EVERY_COMMAND[name], click.Group)])
def test_a_list_of_commands_has_whole_sentences(name: str) -> None:
    printed = CliRunner().invoke(EVERY_COMMAND[name], ["--help"]).stdout
    listed = printed.split("Commands:\n")[1]
    assert "..." not in listed
    assert listed.startswith("  ")
    assert all(f"  {each}" in listed for each in EVERY_COMMAND[name].commands)  # type: ignore[attr-defined]


def test_codes_of_colours_stand_where_colours_are_switched_off_and_nowhere_else() -> None:
    """A view on a terminal has them, and `has_colours` decides: NO_COLOR is held, and nothing can force them."""
    codes = re.compile(r"\\x1b\[[0-9;]*m|\\033\[|secho|click\.style|colorama")
    folders = [ROOT / name for name in ("newsgate", "db", "foundation", "model", "tasks", "training", "worker")]
    files = [file for folder in folders for file in folder.rglob("*.py")]
    assert {file.name for file in files if codes.search(file.read_text(encoding="utf-8"))} == {
        "live_view.py",
        "state_lines.py",
    }
