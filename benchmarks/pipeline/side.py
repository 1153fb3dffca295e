"""What stands side by side: anything that classifies a file of texts and can say what that took."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from benchmarks.shared.processes import Cost

# How many rows a side gets in a repeat: a slow one needs few for a figure that is steady.
Pace = Literal["file", "batch", "row"]
Role = Literal["newsgate", "peer", "limit"]


@dataclass(frozen=True, slots=True)
class Work:
    """What a side classifies: `texts`, and `file`, a CSV of them with the columns id and text."""

    file: Path
    texts: Sequence[str]


class Side(Protocol):
    """One way to classify texts, running and warm."""

    def classify(self, work: Work) -> Cost:
        """Classify all of `work` and return what it took. Raises BenchmarkError where a verdict is missing."""
        ...


@dataclass(frozen=True)
class Entry:
    """One side before it is started.

    key: what `--sides` calls it. name: what the tables call it. open: starts it in an empty folder, with texts to warm
    up with, for as long as the block lasts. needs: modules without which it cannot be. everywhere: measured on every
    kind of text, and not only on posts.
    """

    key: str
    name: str
    role: Role
    pace: Pace
    open: Callable[[Path, Work], AbstractContextManager[Side]]
    needs: Sequence[str] = ()
    everywhere: bool = False

    @property
    def installed(self) -> bool:
        """Whether everything it needs can be imported here."""
        return all(importlib.util.find_spec(module) is not None for module in self.needs)
