"""What is built of newsgate: one name in everybody's site-packages, with every room under it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
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
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, unpacked."""
    folder = tmp_path_factory.mktemp("distribution")
    checkout = folder / "checkout"
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=_ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, tracked.split("\0")):
        if (_ROOT / name).exists():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(_ROOT / name, checkout / name, follow_symlinks=False)
    packed = _built("sdist", checkout, folder)
    with tarfile.open(packed) as archive:
        archive.extractall(folder, filter="data")
    return folder / packed.name.removesuffix(".tar.gz")


@pytest.fixture(scope="module")
def built_wheel(source: Path) -> Path:
    """The wheel that is built of the source distribution, as a package index would have them."""
    return _built("wheel", source, source.parent)


@pytest.fixture
def wheel(built_wheel: Path) -> set[str]:
    """The names in it."""
    return names(built_wheel)


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


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


def test_one_wheel_serves_every_python_on_this_kind_of_machine(built_wheel: Path, wheel: set[str]) -> None:
    machine = sysconfig.get_platform().replace("-", "_")
    assert built_wheel.name == f"newsgate-{__version__}-py3-none-{machine}.whl"
    assert "newsgate/model/native/_native.so" in wheel


def test_without_a_compiler_one_wheel_serves_every_machine(source: Path, tmp_path: Path) -> None:
    pure = _built("wheel", source, tmp_path, CC="")
    assert pure.name == f"newsgate-{__version__}-py3-none-any.whl"
    assert not any(name.endswith(".so") for name in names(pure))


def test_the_wheel_does_the_main_job_from_another_folder(built_wheel: Path, tmp_path: Path) -> None:
    """`make wheels` installs it with each extra into a new environment; here the libraries are those of the tests."""
    with zipfile.ZipFile(built_wheel) as archive:
        archive.extractall(tmp_path / "installed")
    texts = "['The miracle pill that doctors hide!', 'Schools reopen on Monday']"
    order = (
        f"import newsgate; print(newsgate.__file__, *[s.label for s in newsgate.Classifier.load().classify({texts})])"
    )
    done = subprocess.run(
        [sys.executable, "-c", order],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path / "installed"), "NEWSGATE_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.split() == [str(tmp_path / "installed" / "newsgate" / "__init__.py"), "fake", "real"]


def test_the_wheel_has_the_version_that_newsgate_says(wheel: set[str]) -> None:
    assert f"newsgate-{__version__}.dist-info/METADATA" in wheel


def _built(what: str, source: Path, into: Path, **variables: str) -> Path:
    order = f"import sys; from hatchling import build; print(build.build_{what}(sys.argv[1]))"
    environment = os.environ | {"PYTHONPATH": str(_folder_of_builders(into)), **variables}
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
