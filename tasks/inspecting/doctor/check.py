"""What a look at one part of the set-up finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from newsgate.foundation.errors import NewsgateError

State = Literal["ok", "warning", "FAILED"]


@dataclass(frozen=True, slots=True)
class Check:
    """What was found about one part; where something is to be done, what."""

    part: str
    state: State
    detail: str
    remedy: str | None = None


def failure(part: str, error: NewsgateError) -> Check:
    """What an error that was raised while looking says."""
    place = f"{error.where}: " if error.where else ""
    return Check(part, "FAILED", f"{place}{error.what}", error.remedy)


def first_line(error: Exception) -> str:
    """An error of a library, as short as it can be said."""
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__


def major_and_minor(version: str) -> tuple[int, int]:
    """The first two numbers of a version; zeros where it has none."""
    major, minor, *_ = [*version.split("."), "0", "0"]
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else (0, 0)
