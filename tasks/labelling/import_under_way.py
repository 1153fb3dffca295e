"""One file of labels on its way in: what becomes of each of its judgements, and what is counted meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from newsgate.db.labels import CurrentLabel, NewJudgement, text_hash
from newsgate.tasks.labelling.import_rehearsal import Earlier
from newsgate.tasks.labelling.import_votes import BOTH, Votes
from newsgate.tasks.labelling.label_files import Judgement, Refused

SUSPECT = "suspect"
_SAMPLES_OF_A_LABEL = 2

Outcome = Literal["stored", "known", "repeated"]


@dataclass(slots=True)
class ImportUnderWay:
    """One file on its way in, for `by`.

    may_differ: those whom the file names have opinions of their own; in an export of newsgate each text has one label.
    stored: what each person is stored to have said last, by text. disputed: judgements about texts on which the file's
    people differ. changed: those of people who said both at different times. bad_times: rows whose time is none.
    """

    by: str
    votes: Votes
    may_differ: bool
    stored: dict[tuple[bytes, str], str] = field(default_factory=dict)
    disputed: list[Judgement] = field(default_factory=list)
    changed: list[Judgement] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    samples: list[NewJudgement] = field(default_factory=list)
    bad_times: list[int] = field(default_factory=list)

    def note(self, fresh: Sequence[NewJudgement]) -> None:
        """Count what is stored, and keep the first of each label to be shown."""
        for each in fresh:
            self.labels[each.label] += 1
            if self.labels[each.label] <= _SAMPLES_OF_A_LABEL:
                self.samples.append(each)

    def decide(self, each: Judgement, earlier: Earlier) -> Outcome | Refused:
        """What becomes of one judgement."""
        digest = text_hash(each.text)
        person = each.by or self.by
        if self.votes.of(digest, by=each.by) == BOTH:
            who = "the file calls" if each.by is None else f"in the file {each.by} calls"
            return Refused(each.row, f"{who} this text both fake and real")
        if self.stored.get((digest, person)) == each.label:
            return "repeated"
        is_suspect, is_known = (
            digest in earlier.suspects,
            (person, each.chosen, digest, each.label) in earlier.said_before,
        )
        before = earlier.current.get(digest)
        is_since = before is not None and _is_said_since(each, before, person=person)
        # A suspect is there to be judged once more. What a file says with its time is known, whatever was said since.
        may_differ = is_suspect or is_since or (self.may_differ and each.by is not None)
        if before is not None and before.label != each.label and not (may_differ or (is_known and each.at is not None)):
            when = f"{before.labelled_at:%Y-%m-%d}"
            return Refused(each.row, f"{before.labelled_by} called this text {before.label} on {when}")
        # A file that is read again judges nothing once more, but in a sheet the suspect itself was asked about.
        asked_again = each.by is None and is_suspect and each.chosen == SUSPECT
        if is_known and not (asked_again or is_since):
            return "known"
        self.stored[digest, person] = each.label
        return "stored"


def _is_said_since(each: Judgement, before: CurrentLabel, *, person: str) -> bool:
    """Whether it is what the same person said later, having changed their mind."""
    is_later = before.labelled_by == person and each.at is not None and each.at > before.labelled_at
    return is_later and before.label != each.label
