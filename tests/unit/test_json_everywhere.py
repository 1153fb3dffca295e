"""Every command that shows something shows it to programs too."""

from __future__ import annotations

import click
import pytest

from tests.unit.test_docs import EVERY_COMMAND, options_of

# What they print is no answer: each says why a program does not want it.
NOT_FOR_PROGRAMS = {
    "newsgate": "it is the list of commands",
    "newsgate completion": "it is the list of its commands",
    "newsgate completion install": "it writes files for a shell",
    "newsgate completion show": "what it prints is for a shell",
    "newsgate man": "it is the list of its commands",
    "newsgate man install": "it writes files for `man`",
    "newsgate man show": "what it prints is for `man`",
    "newsgate report": "it makes a page; `newsgate status BATCH --json` has its figures",
    "newsgate review": "a person answers it; `--export` writes what it would ask",
    "newsgate up": "it runs until it is stopped; `newsgate workers --json` says what runs",
    "newsgate web": "it runs until it is stopped",
    "newsgate worker": "it runs until it is stopped",
    "newsgate trainer": "it runs until it is stopped",
    "newsgate beat": "it runs until it is stopped",
}


def shows_json(command: click.Command) -> bool:
    forms = [form for each in command.params if isinstance(each.type, click.Choice) for form in each.type.choices]
    return "--json" in options_of(command) or "json" in forms


def test_every_command_has_a_form_for_programs_or_a_reason_against_it() -> None:
    lacking = {name for name, command in EVERY_COMMAND.items() if not shows_json(command)}
    assert lacking == set(NOT_FOR_PROGRAMS)


@pytest.mark.parametrize("name", [name for name in EVERY_COMMAND if "--json" in options_of(EVERY_COMMAND[name])])
def test_the_help_of_json_says_what_comes(name: str) -> None:
    (option,) = [each for each in EVERY_COMMAND[name].params if "--json" in each.opts]
    assert isinstance(option, click.Option)
    assert option.is_flag
    assert option.help
