"""What commands print: nothing that comes from a file may command the terminal."""

from __future__ import annotations

import os

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from newsgate.console.console_table import one_line, print_table
from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.messages import print_message, print_warning
from newsgate.foundation.errors import NewsgateError
from newsgate.foundation.printable_text import printable
from newsgate.main import newsgate

HOSTILE = "\x1b[2J\x07red\u202eevil\r\x9b31m\x00"


class HostileNameError(NewsgateError):
    """A file has a hostile name."""


@click.command(cls=ErrorReportingCommand)
@click.argument("way")
def hostile(way: str) -> None:
    ways = {
        "tell": lambda: print_message(HOSTILE),
        "warn": lambda: print_warning(HOSTILE),
        "table": lambda: print_table(["name"], [[HOSTILE]]),
    }
    if way not in ways:
        raise HostileNameError("the file cannot be read", where=HOSTILE)
    ways[way]()


def test_doctor_prints_no_variable_name_that_commands_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSGATE_\x1b[31mRED\u202e\x9b1m", "1")
    printed = CliRunner().invoke(newsgate, ["doctor"]).stdout
    line = next(line for line in printed.splitlines() if "RED" in line)
    assert line.startswith("warning variables: NEWSGATE_")
    assert printable(line) == line


@pytest.mark.parametrize("way", ["tell", "warn", "table", "error"])
def test_nothing_from_a_file_reaches_the_terminal_as_a_command(way: str) -> None:
    printed = CliRunner().invoke(hostile, [way]).output
    assert "red" in printed
    assert "evil" in printed
    assert all(char.isprintable() or char == "\n" for char in printed)


@pytest.mark.parametrize(
    "command",
    [
        ["enqueue", "x.csv", "--name"],
        ["train", "x.csv", "--name"],
        ["label", "1", "fake", "--by"],
        ["labels", "import", "x.csv", "--by"],
        ["review", "--by"],
        ["promote", "1", "--reason"],
        ["rollback", "--reason"],
        ["explain"],
    ],
    ids=" ".join,
)
def test_told_bytes_that_are_not_utf8_are_wrong_usage(command: list[str]) -> None:
    done = CliRunner().invoke(newsgate, [*command, os.fsdecode(b"a\xffb")])
    assert done.exit_code == 2
    assert "is not UTF-8" in done.output.splitlines()[-1]


def test_a_user_whose_name_is_not_utf8_is_asked_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", os.fsdecode(b"a\xffb"))
    done = CliRunner().invoke(newsgate, ["label", "1", "fake"])
    assert done.exit_code == 2
    assert "Name yourself with --by" in done.output


def test_lines_that_are_told_together_stay_lines() -> None:
    assert CliRunner().invoke(click.Command("two", callback=lambda: print_message("one\ntwo"))).output == "one\ntwo\n"


@given(st.text(), st.integers(min_value=2, max_value=20))
def test_one_line_is_printable_and_no_longer_than_asked(text: str, most_chars: int) -> None:
    line = one_line(text, most_chars=most_chars)
    assert len(line) <= most_chars
    assert line == printable(line)
    assert "\n" not in line
