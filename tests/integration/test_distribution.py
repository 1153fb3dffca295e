"""What is built of newsgate: one name in everybody's site-packages, with every room under it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from newsgate import __version__
from newsgate.console.man_pages import man_pages
from newsgate.enqueue import enqueue
from newsgate.main import newsgate

# What builds newsgate, and no newsgate: where it is installed for the first time, none is there to be imported.
_BUILDERS = ("hatchling", "packaging", "pathspec", "pluggy", "trove_classifiers")
ROOMS = ("db", "foundation", "model", "tasks", "training", "worker")
_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names in the wheel that is built of the source distribution, as a package index would have them."""
    folder = tmp_path_factory.mktemp("distribution")
    checkout = folder / "checkout"
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=_ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, tracked.split("\0")):
        if (_ROOT / name).exists():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(_ROOT / name, checkout / name, follow_symlinks=False)
    source = _built("sdist", checkout, folder)
    with tarfile.open(source) as archive:
        archive.extractall(folder, filter="data")
    with zipfile.ZipFile(_built("wheel", folder / source.name.removesuffix(".tar.gz"), folder)) as wheel:
        return set(wheel.namelist())


def test_nothing_but_newsgate_goes_into_site_packages(wheel: set[str]) -> None:
    tops = {name.split("/")[0] for name in wheel}
    assert {top for top in tops if not top.endswith((".dist-info", ".data"))} == {"newsgate"}
    assert {name.split("/")[2] for name in wheel if name.split("/")[0].endswith(".data")} == {"share"}


@pytest.mark.parametrize("room", [*ROOMS, "newsgate"])
def test_every_file_of_a_room_is_in_the_wheel(room: str, wheel: set[str]) -> None:
    tracked = subprocess.run(["git", "ls-files", room], cwd=_ROOT, capture_output=True, text=True, check=True).stdout
    files = [name for name in tracked.splitlines() if (_ROOT / name).is_file()]
    assert files
    assert {name if room == "newsgate" else f"newsgate/{name}" for name in files} <= wheel


def test_the_wheel_has_a_page_for_man_of_every_command(wheel: set[str]) -> None:
    folder = f"newsgate-{__version__}.data/data/share/man/man1/"
    pages = {name.removeprefix(folder) for name in wheel if name.startswith(folder)}
    assert pages == {f"{name}.1" for name in man_pages({"newsgate": newsgate, "enqueue": enqueue})}


def test_the_wheel_has_the_version_that_newsgate_says(wheel: set[str]) -> None:
    assert f"newsgate-{__version__}.dist-info/METADATA" in wheel


def _built(what: str, source: Path, into: Path) -> Path:
    order = f"import sys; from hatchling import build; print(build.build_{what}(sys.argv[1]))"
    environment = os.environ | {"PYTHONPATH": str(_folder_of_builders(into))}
    # -S: without site-packages, where the tests have newsgate.
    printed = subprocess.run(
        [sys.executable, "-S", "-c", order, into],
        cwd=source,
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    return into / printed.stdout.splitlines()[-1]


def _folder_of_builders(folder: Path) -> Path:
    builders = folder / "builders"
    if not builders.exists():
        builders.mkdir()
        for name in _BUILDERS:
            spec = importlib.util.find_spec(name)
            assert spec is not None
            assert spec.origin is not None
            (builders / name).symlink_to(Path(spec.origin).parent)
    return builders
