"""docs/architecture.md against the tree: its paths exist, it names every folder, and it lists every decision."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path, PurePath

import pytest

_ROOT = Path(__file__).parents[2]
_DOCS = _ROOT / "docs"
_PAGE = (_DOCS / "architecture.md").read_text(encoding="utf-8")
_DECISIONS = sorted((_DOCS / "decisions").iterdir())
_TRACKED = [
    PurePath(name)
    for name in subprocess.run(
        ["git", "ls-files", "-z"], cwd=_ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    if name and (_ROOT / name).exists()
]


def _section(title: str) -> str:
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", _PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


def test_each_path_in_backquotes_exists() -> None:
    named = re.findall(r"`([\w.-]+/[\w./-]*|[\w-]+\.(?:py|toml|md))`", _PAGE)
    assert named
    assert [path for path in named if not (_ROOT / path).exists()] == []


def test_each_link_says_the_path_it_leads_to() -> None:
    links = re.findall(r"\[([\w./-]+/[\w.-]+)\]\(\.\./([^)#]+)\)", _PAGE)
    assert links
    assert [(said, target) for said, target in links if said != target or not (_ROOT / target).is_file()] == []


@pytest.mark.parametrize("title", ["The way of a row", "The way of a label"])
def test_each_step_of_a_way_names_its_file_and_they_are_numbered(title: str) -> None:
    rows = re.findall(r"^\| (\d+)\. .* \| (.*) \|$", _section(title), re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, len(rows) + 1))
    assert len(rows) >= 10
    assert all("](../" in where for _, where in rows)


def test_every_folder_with_code_is_named() -> None:
    tops = {path.parts[0] for path in _TRACKED if len(path.parts) > 1}
    rooms = {str(path.parent) for path in _TRACKED if path.suffix in (".py", ".c") and len(path.parts) > 1}
    named = set(re.findall(r"`([\w./-]+)/`", _section("The folders")))
    assert sorted((tops | rooms) - named) == []


def test_every_folder_marked_as_a_link_is_one_and_no_other() -> None:
    marked = set(re.findall(r"^\| `(\w+)/` \*", _section("The folders"), re.MULTILINE))
    assert marked == {path.name for path in (_ROOT / "newsgate").iterdir() if path.is_symlink()}


def test_the_layers_are_those_that_are_checked() -> None:
    """Below newsgate/ itself, whose own folders are drawn as one."""
    contracts = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = [re.findall(r"newsgate\.(\w+)", layer) for layer in contracts[0]["layers"]]
    linked = [layer for layer in layers if (_ROOT / layer[0]).is_dir()]
    drawn = re.search(r"^    (newsgate -> .*)$", _PAGE, re.MULTILINE)
    assert drawn is not None
    assert [re.findall(r"\w+", layer) for layer in drawn[1].split("->")] == [["newsgate"], *linked]


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = [re.fullmatch(r"(\d{4})-[a-z0-9]+(?:-[a-z0-9]+)*\.md", path.name) for path in _DECISIONS]
    assert [found and int(found[1]) for found in numbers] == list(range(1, len(_DECISIONS) + 1))


@pytest.mark.parametrize("path", _DECISIONS, ids=lambda path: path.stem)
def test_a_decision_has_its_number_and_its_parts_and_is_listed_by_its_title(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    title = re.match(rf"# {int(path.name[:4])}\. (.+)\n\n## Context\n", text)
    assert title is not None
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings[:2] == ["Context", "Decision"]
    assert set(headings[2:]) <= {"What it rests on", "Not chosen", "Consequences"}
    assert len(headings) > 2
    assert f"| [{path.name[:4]}](decisions/{path.name}) | {title[1]} |\n" in _PAGE


def test_every_dependency_is_explained() -> None:
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(each for extra in project["optional-dependencies"].values() for each in extra),
    ]
    names = {found[0] for each in wanted if (found := re.match(r"[\w-]+", each))}
    explained = (_DOCS / "dependencies.md").read_text(encoding="utf-8").lower()
    stubs = {name for name in names if name.startswith("types-") or name.endswith("-types")}
    missing = {name for name in names - stubs - {"newsgate"} if not re.search(rf"\b{name.lower()}\b", explained)}
    assert missing == set()
