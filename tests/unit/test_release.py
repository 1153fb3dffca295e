"""`make release`: what keeps a release from being made. What it builds is tried by hand, for it takes a minute."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from newsgate import __version__

_ROOT = Path(__file__).parents[2]
_WHOLE = (
    "# Changelog\n\n## [Unreleased]\n\n## [1.2.0] - 2026-12-01\n\n- Something.\n\n## [1.1.0] - 2026-11-01\n\n- Older.\n"
)


def _script(name: str) -> ModuleType:
    """A script that is in no package."""
    spec = importlib.util.spec_from_file_location(name, _ROOT / ".ci" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


release = _script("release")
try_wheel = _script("try_wheel")


@pytest.fixture
def git(tmp_path: Path) -> Callable[..., None]:
    """git, in a repository with one commit."""

    def run(*arguments: str) -> None:
        own = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *own, *arguments], cwd=tmp_path, check=True, capture_output=True)

    (tmp_path / "newsgate").mkdir()
    (tmp_path / "newsgate" / "__init__.py").write_text('__version__ = "1.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(_WHOLE)
    run("init", "--quiet")
    run("add", ".")
    run("commit", "--quiet", "--message", "all")
    return run


def test_a_whole_release_is_ready(git: Callable[..., None], tmp_path: Path) -> None:
    assert release.version_of(tmp_path) == "1.2.0"
    release.check_changelog(_WHOLE, "1.2.0")
    release.check_repository(tmp_path, "1.2.0")


def test_the_version_is_newsgates_own() -> None:
    assert release.version_of(_ROOT) == __version__


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("## [1.2.0] - 2026-12-01\n\n- Something.\n\n", "", r"no section ## \[1\.2\.0\] - DATE at its top"),
        ("## [Unreleased]\n", "## [Unreleased]\n\n- More.\n", "still has something under Unreleased"),
        (" - 2026-12-01", "", "has no date"),
        ("- Something.\n", "", "has no content"),
    ],
)
def test_a_changelog_that_does_not_tell_of_it_keeps_it_back(old: str, new: str, told: str) -> None:
    assert _WHOLE.count(old) == 1
    with pytest.raises(release.NotReadyError, match=told):
        release.check_changelog(_WHOLE.replace(old, new), "1.2.0")


def test_what_is_not_committed_keeps_it_back(git: Callable[..., None], tmp_path: Path) -> None:
    (tmp_path / "left.txt").touch()
    with pytest.raises(release.NotReadyError, match=r"not committed: left\.txt"):
        release.check_repository(tmp_path, "1.2.0")


def test_a_tag_that_is_there_keeps_it_back(git: Callable[..., None], tmp_path: Path) -> None:
    git("tag", "v1.2.0")
    with pytest.raises(release.NotReadyError, match=r"the tag v1\.2\.0 is there already"):
        release.check_repository(tmp_path, "1.2.0")


def test_every_extra_is_tried() -> None:
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    # `cuda` is `training` with gigabytes for a GPU, and tells nothing without one: `benchmarks gpu` tries it.
    assert try_wheel.CHECKS.keys() == {"none", *project["optional-dependencies"]} - {"dev", "cuda"}
