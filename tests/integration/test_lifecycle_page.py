"""docs/lifecycle.md draws the edges that the tests of lives walk, and no others."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

from tests.lifecycle import walked

PAGE = Path(__file__).parents[2] / "docs" / "lifecycle.md"


def test_the_page_draws_the_edges_that_are_walked_here_and_no_others() -> None:
    # Whichever of them this process was given to run.
    for file in Path(__file__).parent.glob("test_lifecycle*.py"):
        import_module(f"{__package__}.{file.stem}")
    drawn = set()
    for life, diagram in re.findall(r"## A (\w+)\n.*?```mermaid\n(.*?)```", PAGE.read_text(), re.DOTALL):
        drawn |= {(life, *edge) for edge in re.findall(r"^ +(\S+) --> (\w+)", diagram, re.MULTILINE)}
    assert drawn == walked


def test_every_edge_of_the_page_is_explained_in_its_table() -> None:
    for diagram, table in re.findall(r"```mermaid\n(.*?)```(.*?)(?=\n## |\Z)", PAGE.read_text(), re.DOTALL):
        drawn = re.findall(r"^ +(\S+) --> (\w+)", diagram, re.MULTILINE)
        told = re.findall(r"^\| (\S+) → (\w+) \|", table, re.MULTILINE)
        assert sorted(set(told)) == sorted(drawn)
