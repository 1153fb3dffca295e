"""What a whole file of labels says about each text, by whom: a later row may contradict an earlier one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

BOTH: Final = "both"


@dataclass(slots=True)
class Votes:
    """own: of whoever the file is imported for. named: of the people whom the file names, by text and name.

    The value is the label, or `BOTH` where the same person says both.
    """

    own: dict[bytes, str] = field(default_factory=dict)
    named: dict[tuple[bytes, str], str] = field(default_factory=dict)
    sides: dict[bytes, Counter[str]] = field(default_factory=dict)

    def add(self, digest: bytes, label: str, *, by: str | None) -> None:
        """Count one judgement."""
        if by is None:
            if self.own.setdefault(digest, label) != label:
                self.own[digest] = BOTH
            return
        if self.named.setdefault((digest, by), label) != label:
            self.named[digest, by] = BOTH
        self.sides.setdefault(digest, Counter())[label] += 1

    def of(self, digest: bytes, *, by: str | None) -> str:
        """What this person says about the text in the whole file."""
        return self.own[digest] if by is None else self.named[digest, by]

    def is_disputed(self, digest: bytes) -> bool:
        """Whether people whom the file names say both about this text."""
        return bool(self.sides) and len(self.sides.get(digest, ())) > 1

    def strength(self, digest: bytes, label: str) -> int:
        """How many say so, of the people whom the file names."""
        return self.sides[digest][label]

    def even_texts(self) -> list[bytes]:
        """The texts that as many call fake as call real."""
        return [digest for digest, sides in self.sides.items() if len(sides) > 1 and len(set(sides.values())) == 1]

    @property
    def people(self) -> set[str]:
        """Whom the file names."""
        return {by for _, by in self.named}

    @property
    def disputed_texts(self) -> int:
        """About how many texts the people whom the file names differ."""
        return sum(len(sides) > 1 for sides in self.sides.values())
