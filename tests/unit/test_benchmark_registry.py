"""`python -m benchmarks`: every benchmark can be started, and whatever names one names one that there is."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.__main__ import main, parser_of
from benchmarks.registry import BENCHMARKS, Benchmark

ROOT = Path(__file__).parents[2]
NAMES = {each.name: each for each in BENCHMARKS}
PLACES = [ROOT / "Makefile", ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def commands_in(place: Path) -> Iterator[list[str]]:
    """Yield what follows `python -m benchmarks` wherever a page or the Makefile has a command that measures."""
    text = place.read_text(encoding="utf-8").replace("\\\n", " ")
    for command in re.findall(r"python -m benchmarks\b([^`\n]*)", text):
        yield shlex.split(command)


COMMANDS = [(place, command) for place in PLACES for command in commands_in(place) if command]


@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda each: each.name)
def test_a_benchmark_can_be_imported_and_tells_its_options(
    benchmark: Benchmark, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([benchmark.name, "--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert f"usage: python -m benchmarks {benchmark.name}" in told
    assert ("--write" in told) == benchmark.has_write


@pytest.mark.parametrize(("place", "command"), COMMANDS, ids=lambda each: getattr(each, "name", None) or each[0])
def test_a_command_that_is_written_somewhere_exists_with_its_options(place: Path, command: list[str]) -> None:
    name, *arguments = command
    benchmark = NAMES[name]
    # What make puts in is not known here.
    told = parser_of(benchmark, benchmark.load()).parse_args([each for each in arguments if not each.startswith("$")])
    page = getattr(told, "write", None)
    if page is not None:
        assert str(page) == benchmark.fills
        assert place.name in (page.name, "Makefile")


def test_every_page_names_the_commands_that_fill_it() -> None:
    named = {command[0] for _, command in COMMANDS}
    filled = [each for each in BENCHMARKS if each.fills.startswith("docs/")]
    assert {each.name for each in filled} <= named
    assert all((ROOT / each.fills).is_file() for each in filled)


def test_the_list_has_every_benchmark_with_its_question(capsys: pytest.CaptureFixture[str]) -> None:
    main([])
    listed = capsys.readouterr().out
    questions = [each.question for each in BENCHMARKS]
    assert all(question in listed and question.endswith("?") and "\n" not in question for question in questions)
    assert all(f"  {each.name} " in listed for each in BENCHMARKS)
    assert len(NAMES) == len(BENCHMARKS)


def test_a_name_that_no_benchmark_has_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["speed"])
    assert ended.value.code == 2
    assert "there is no benchmark speed" in capsys.readouterr().err
