"""Asks PyPI whether a locked library has a known hole, and says what it asked about.

Only Python's own library is used, so nothing has to be installed for it. A check that runs everywhere must not depend
on the network: where the question is not answered, that is said in one line, and the check succeeds. A service that
knows none of the packages answers no question either: that is not the same as no hole.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

SERVICE = "https://pypi.org/pypi"
# A hole that does not concern newsgate, by its id, and why. It is still printed.
ACCEPTED: Mapping[str, str] = {}
_ROOT = Path(__file__).parents[1]
_LOCKS = ("run", "server", "training", "dev", "docs", "release")
_LOCK_FILES = tuple(_ROOT / "requirements" / f"{name}.txt" for name in _LOCKS)
_LOCKED = re.compile(r"^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)", re.MULTILINE)
_ANSWER_SECONDS = 10
_AT_A_TIME = 8
_NAMES_SHOWN = 5


@dataclass(frozen=True, order=True)
class Package:
    """One locked version of a library."""

    name: str
    version: str


@dataclass(frozen=True)
class Hole:
    """What is known about a package. fixed_in: the versions without it, none where nobody has mended it yet."""

    package: Package
    id: str
    fixed_in: tuple[str, ...]

    def line(self, accepted: Mapping[str, str]) -> str:
        """What a person reads of it."""
        remedy = f"mended in {' or '.join(self.fixed_in)}" if self.fixed_in else "not mended yet"
        reason = f" (accepted: {accepted[self.id]})" if self.id in accepted else ""
        return f"  {self.package.name} {self.package.version}: {self.id}, {remedy}{reason}"


class NoAnswerError(Exception):
    """The service does not say whether the package has a hole."""


def main(
    *,
    service: str = SERVICE,
    lock_files: Sequence[Path] = _LOCK_FILES,
    accepted: Mapping[str, str] = ACCEPTED,
) -> int:
    """Ask about every locked package and print what came of it; gives the exit code, 1 where a hole is known."""
    packages = locked_packages(path.read_text(encoding="utf-8") for path in lock_files)
    try:
        # One first: where nothing is answered, a hundred more questions only cost time.
        holes = [*ask(packages[0], service)]
    except NoAnswerError as error:
        print(f"dependency audit: COULD NOT ASK about {len(packages)} locked packages: {error}")
        return 0
    unanswered = []
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        for package, found in zip(packages[1:], pool.map(lambda each: _try(each, service), packages[1:]), strict=True):
            if found is None:
                unanswered.append(package.name)
            else:
                holes += found
    print(_summary(len(packages), holes, unanswered))
    for hole in sorted(holes, key=lambda hole: (hole.package, hole.id)):
        print(hole.line(accepted))
    return 1 if any(hole.id not in accepted for hole in holes) else 0


def locked_packages(texts: Iterable[str]) -> list[Package]:
    """Every package of the lock files, once."""
    return sorted({Package(name, version) for text in texts for name, version in _LOCKED.findall(text)})


def ask(package: Package, service: str) -> list[Hole]:
    """The known holes of a package. Raises NoAnswerError."""
    url = f"{service}/{package.name}/{package.version}/json"
    try:
        with urlopen(url, timeout=_ANSWER_SECONDS) as answer:  # noqa: S310 - its scheme stands above
            return list(_holes(package, json.load(answer)["vulnerabilities"]))
    except HTTPError as error:
        raise NoAnswerError(f"the service answers {error.code} for {package.name} {package.version}") from error
    except (OSError, HTTPException) as error:
        raise NoAnswerError(f"the service cannot be reached ({error})") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NoAnswerError("the service's answer has no list of holes") from error


def _holes(package: Package, told: Sequence[Mapping[str, Any]]) -> Iterator[Hole]:
    """Each hole once: several registers list it, each under its own name."""
    seen: set[str] = set()
    for each in told:
        names = {str(each["id"]), *map(str, each.get("aliases") or ())}
        if not each.get("withdrawn") and not names & seen:
            yield Hole(package, str(each["id"]), tuple(map(str, each.get("fixed_in") or ())))
        seen |= names


def _try(package: Package, service: str) -> list[Hole] | None:
    try:
        return ask(package, service)
    except NoAnswerError:
        return None


def _summary(locked: int, holes: Sequence[Hole], unanswered: Sequence[str]) -> str:
    told = f"dependency audit: asked about {locked} locked packages, {len(holes)} known holes"
    if not unanswered:
        return told
    names = ", ".join(unanswered[:_NAMES_SHOWN]) + (", …" if len(unanswered) > _NAMES_SHOWN else "")
    return f"{told}; NO ANSWER about {len(unanswered)} of them: {names}"


if __name__ == "__main__":
    sys.exit(main())
