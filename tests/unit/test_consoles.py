"""Console blocks of pages: what was typed in them."""

from __future__ import annotations

import pytest

from benchmarks.shared.console_blocks import commands_of
from benchmarks.shared.processes import BenchmarkError


def test_a_command_goes_on_until_the_shell_takes_it_for_whole() -> None:
    block = "$ newsgate status\nnothing yet\n$ echo 'one\ntwo'\none\ntwo\n"
    assert list(commands_of(block)) == ["newsgate status", "echo 'one\ntwo'"]


def test_a_block_without_a_prompt_has_no_commands() -> None:
    assert list(commands_of("batch 1 is done\n")) == []


def test_an_open_quote_is_told() -> None:
    with pytest.raises(BenchmarkError, match="no shell"):
        list(commands_of("$ echo 'one\n"))
