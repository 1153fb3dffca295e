"""Every example of the Python door works as it stands: in docstrings, in docs/python.md and in the notebook."""

from __future__ import annotations

import doctest
import inspect
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import newsgate
from tests.python_examples import notebook_cells, page_parts, run_cell, run_examples, working
from tests.services import short_folder

_ROOT = Path(__file__).parents[2]
_PUBLIC = [getattr(newsgate, name) for name in newsgate.__all__ if name != "__version__"]
_TESTS = [
    test for each in _PUBLIC for test in doctest.DocTestFinder(recurse=True).find(each, each.__name__) if test.examples
]


def _public_methods(kind: type) -> Iterator[tuple[str, Any]]:
    for name, value in vars(kind).items():
        if not name.startswith("_") and (inspect.isroutine(value) or isinstance(value, classmethod | property)):
            yield f"{kind.__name__}.{name}", value


@pytest.fixture(scope="module")
def shared_home(prepared_home: Path) -> Iterator[Path]:
    """One home folder for all docstrings, in which somebody works."""
    with short_folder("newsgate-examples-") as folder, working(folder / "home", prepared_home):
        yield folder / "home"


@pytest.fixture(autouse=True)
def _here(shared_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEWSGATE_HOME", str(shared_home))


def test_every_public_name_has_an_example() -> None:
    shown = {test.name for test in _TESTS}
    wanted = {each.__name__ for each in _PUBLIC}
    wanted |= {name for each in _PUBLIC for name, _ in _public_methods(each)}
    assert wanted - shown == set()


@pytest.mark.parametrize("test", _TESTS, ids=lambda test: test.name)
def test_an_example_of_a_docstring_works(test: doctest.DocTest) -> None:
    assert run_examples(test) == ""


def test_the_examples_of_the_page_work_in_their_order() -> None:
    names: dict[str, Any] = {}
    parser = doctest.DocTestParser()
    for _, code, line in page_parts(_ROOT / "docs" / "python.md"):
        test = parser.get_doctest(code, {}, "docs/python.md", "python.md", line)
        test.globs = names
        assert run_examples(test) == ""


def test_the_notebook_works_and_shows_what_it_prints(
    prepared_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody works in this home, so its own workers do."""
    names: dict[str, Any] = {}
    shutil.copytree(prepared_home, tmp_path / "home")
    monkeypatch.setenv("NEWSGATE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NEWSGATE_UP_WORKERS", "1")
    monkeypatch.chdir(_ROOT / "examples")
    cells = list(notebook_cells(_ROOT / "examples" / "newsgate.ipynb"))
    assert len(cells) > 5
    for code, shown in cells:
        assert run_cell(code, names) == shown, code
