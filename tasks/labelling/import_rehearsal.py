"""What a dry run of several files must remember: of what it would have stored, the database says nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime

from newsgate.db.labels import CurrentLabel, NewJudgement, text_hash


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is known about the texts of one block; said_before: as (person, chosen, text, label)."""

    current: Mapping[bytes, CurrentLabel]
    said_before: Set[tuple[str, str, bytes, str]]
    suspects: Set[bytes]


@dataclass(slots=True)
class Rehearsal:
    """What the files so far would have stored; one for all files of a command."""

    _said: dict[bytes, list[NewJudgement]] = field(default_factory=dict)
    _cleared: set[bytes] = field(default_factory=set)
    _suspects: set[bytes] = field(default_factory=set)

    def store(self, fresh: Sequence[NewJudgement]) -> None:
        """Remember judgements that would be stored now; their texts are judged again by that."""
        for each in fresh:
            digest = text_hash(each.text)
            self._said.setdefault(digest, []).append(each)
            self._cleared.add(digest)
            self._suspects.discard(digest)

    def add_suspects(self, digests: Iterable[bytes]) -> None:
        """Remember texts that would wait to be judged again."""
        self._suspects.update(digests)

    def after(self, earlier: Earlier, digests: Sequence[bytes]) -> Earlier:
        """What the database would say of these texts if all of it were stored."""
        said = {digest: self._said[digest] for digest in digests if digest in self._said}
        return Earlier(
            {**earlier.current, **{digest: _current(digest, judgements) for digest, judgements in said.items()}},
            earlier.said_before
            | {
                (each.labelled_by, each.chosen, digest, each.label)
                for digest, judgements in said.items()
                for each in judgements
            },
            (earlier.suspects - self._cleared) | self._suspects,
        )


def _current(digest: bytes, judgements: Sequence[NewJudgement]) -> CurrentLabel:
    latest = judgements[-1]
    return CurrentLabel(
        id=0,
        text_hash=digest,
        text=latest.text,
        label=latest.label,
        chosen=latest.chosen,
        labelled_by=latest.labelled_by,
        labelled_at=latest.at or datetime.now(UTC),
        judges=latest.chosen == "test",
        is_test=latest.chosen == "test",
        judgements=len(judgements),
    )
