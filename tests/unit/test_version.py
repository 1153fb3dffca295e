"""The version stands in newsgate/__init__.py; whatever else says it says the same."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from click.testing import CliRunner

from newsgate import __version__
from newsgate.main import newsgate

_ROOT = Path(__file__).parents[2]


def test_the_command_line_says_it() -> None:
    assert CliRunner().invoke(newsgate, ["--version"]).output == f"newsgate, version {__version__}\n"


def test_the_build_reads_it() -> None:
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" not in project["project"]
    assert project["tool"]["hatch"]["version"] == {"path": "newsgate/__init__.py"}


def test_the_newest_release_of_the_changelog_is_it_and_has_a_date() -> None:
    changelog = (_ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    releases = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$", changelog, re.MULTILINE)
    assert releases[0] == __version__


def test_what_the_pages_show_of_doctor_has_it() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in (_ROOT / "docs").rglob("*.md"))
    assert set(re.findall(r"^ok +newsgate: ([\d.]+), Python", pages, re.MULTILINE)) == {__version__}
