"""What a whole file of labels says about each text, by whom: a later row may contradict an earlier one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

BOTH: Final = "both"


@dataclass(slots=True)
class Votes:
    """own: of whoever the file is imported for. named: of the people whom the file names, by text and then by name.

    The value is the label, or `BOTH` where the same person says both and nothing tells what was said last.
    """

    own: dict[bytes, str] = field(default_factory=dict)
    named: dict[bytes, dict[str, str]] = field(default_factory=dict)
    _times: dict[tuple[bytes, str | None], datetime] = field(default_factory=dict)
    _changed: set[tuple[bytes, str | None]] = field(default_factory=set)

    def add(self, digest: bytes, label: str, *, by: str | None, at: datetime | None = None) -> None:
        """Count one judgement. at: when it was given, where the file says it."""
        said: dict[Any, str] = self.own if by is None else self.named.setdefault(digest, {})
        key = digest if by is None else by
        before, earlier = said.get(key, label), self._times.get((digest, by))
        if before == BOTH:
            return
        if before != label and (at is None or earlier is None or at == earlier):
            said[key] = BOTH
            return
        if before != label:
            self._changed.add((digest, by))
        if earlier is None or (at is not None and at >= earlier):
            said[key] = label
            if at is not None:
                self._times[digest, by] = at

    def of(self, digest: bytes, *, by: str | None) -> str:
        """What this person says about the text in the whole file."""
        return self.own[digest] if by is None else self.named[digest][by]

    def has_changed(self, digest: bytes, *, by: str | None) -> bool:
        """Whether this person says both about the text, each at a time of its own."""
        return (digest, by) in self._changed and self.of(digest, by=by) != BOTH

    def is_disputed(self, digest: bytes) -> bool:
        """Whether people whom the file names say both about this text."""
        return len(self._sides(digest)) > 1

    def strength(self, digest: bytes, label: str) -> int:
        """How many people say so, of those whom the file names."""
        return self._sides(digest)[label]

    def majority(self, digest: bytes) -> str | None:
        """What most of the people say whom the file names, None where nobody does or as many say the other."""
        (label, count), *others = self._sides(digest).most_common() or [("", 0)]
        return label if count and all(count > other for _, other in others) else None

    def even_texts(self) -> list[bytes]:
        """The texts that as many call fake as call real."""
        return [digest for digest in self.named if self.is_disputed(digest) and self.majority(digest) is None]

    @property
    def people(self) -> set[str]:
        """Whom the file names."""
        return {by for people in self.named.values() for by in people}

    @property
    def disputed_texts(self) -> int:
        """About how many texts the people differ whom the file names."""
        return sum(map(self.is_disputed, self.named))

    def _sides(self, digest: bytes) -> Counter[str]:
        # People, not rows: a text that stands in several tasks may be judged in each of them by the same person.
        return Counter(label for label in self.named.get(digest, {}).values() if label != BOTH)
