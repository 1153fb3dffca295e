"""Reading a file of labels into the database: the good rows are stored, the others refused one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

from sqlalchemy import Connection

from newsgate.db.labels import CurrentLabel, add_labels, find_labels, known_judgements, text_hash
from newsgate.db.review import clear_suspects, suspect_texts
from newsgate.db.session import Database
from newsgate.tasks.labelling.label_files import (
    Answer,
    Judgement,
    LabelForm,
    Refused,
    labels_form,
    read_answers,
    sheet_form,
    with_texts,
)
from newsgate.tasks.models.labelled_files import UnlabelledFileError
from newsgate.tasks.reading import ReadOptions, Source, open_source
from newsgate.worker.settings import Settings, prepare_home

_BLOCK_ROWS = 500
_BOTH = "both"

Outcome = Literal["stored", "known", "repeated"]


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of the rows of a file.

    known: the same person said the same before. repeated: the file says it more than once. unlabelled: no answer yet.
    incomplete: the file itself is damaged, and some of its rows could not be read at all.
    """

    stored: int
    known: int
    repeated: int
    unlabelled: int
    refused: int
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    incomplete: bool = False


@dataclass(frozen=True, slots=True)
class _Earlier:
    """What the database says about the texts of one block."""

    current: Mapping[bytes, CurrentLabel]
    said_before: frozenset[tuple[str, bytes, str]]
    suspects: frozenset[bytes]


@dataclass(slots=True)
class _Import:
    """One file on its way in; the votes are what the whole file says, as a later row may contradict an earlier one."""

    votes: Mapping[bytes, str]
    stored: set[bytes] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)

    def decide(self, each: Judgement, earlier: _Earlier) -> Outcome | Refused:
        """What becomes of one judgement."""
        digest = text_hash(each.text)
        if self.votes[digest] == _BOTH:
            return Refused(each.row, "the file calls this text both fake and real")
        if digest in self.stored:
            return "repeated"
        # A suspect is there to be judged once more, whatever was said before.
        if digest not in earlier.suspects:
            before = earlier.current.get(digest)
            if before is not None and before.label != each.label:
                when = f"{before.labelled_at:%Y-%m-%d}"
                return Refused(each.row, f"{before.labelled_by} called this text {before.label} on {when}")
            if (each.chosen, digest, each.label) in earlier.said_before:
                return "known"
        self.stored.add(digest)
        return "stored"


class LabelImporter:
    """Imports files in the name of one person, and tells each refused row with its reason."""

    def __init__(self, database: Database, settings: Settings, *, by: str, refuse: Callable[[int, str], None]) -> None:
        self._database = database
        self._spool = prepare_home(settings) / "spool"
        self._by = by
        self._refuse = refuse

    def read_labels(self, path: str, *, options: ReadOptions, chosen: str) -> Imported:
        """Labels with their texts or with items' numbers. Raises ReadError, UnlabelledFileError, NotLabelsError."""
        with open_source(path, spool_folder=self._spool) as source:
            form = labels_form(source, options, chosen=chosen)
            done = self._import(source, form)
        if done.unlabelled and not (done.stored or done.known or done.refused):
            raise UnlabelledFileError(
                f"no row says fake or real in column {form.layout.label_column!r}",
                where=path,
                remedy="Name the right one with --label-column",
            )
        return done

    def read_sheet(self, path: str) -> Imported:
        """A sheet that `newsgate review --export` wrote, with answers in it. Raises ReadError, NotLabelsError."""
        with open_source(path, spool_folder=self._spool) as source:
            return self._import(source, sheet_form(source))

    def _import(self, source: Source, form: LabelForm) -> Imported:
        under_way = _Import(self._count_votes(source, form))
        for block in _blocks(read_answers(source, form)):
            answers = [each for each in block if isinstance(each, Answer)]
            refused = [each for each in block if isinstance(each, Refused)]
            under_way.counts["unlabelled"] += len(block) - len(answers) - len(refused)
            refused += self._store(answers, form, under_way)
            for each in sorted(refused, key=lambda each: each.row):
                self._refuse(each.row, each.reason)
            under_way.counts["refused"] += len(refused)
        counts = under_way.counts
        return Imported(
            stored=counts["stored"],
            known=counts["known"],
            repeated=counts["repeated"],
            unlabelled=counts["unlabelled"],
            refused=counts["refused"],
            notes=form.layout.notes,
            warnings=source.warnings,
            incomplete=source.incomplete,
        )

    def _count_votes(self, source: Source, form: LabelForm) -> dict[bytes, str]:
        votes: dict[bytes, str] = {}
        for block in _blocks(read_answers(source, form)):
            answers = [each for each in block if isinstance(each, Answer)]
            with self._database.read() as connection:
                found = with_texts(connection, answers, form)
            for each in found:
                if isinstance(each, Judgement):
                    digest = text_hash(each.text)
                    if votes.setdefault(digest, each.label) != each.label:
                        votes[digest] = _BOTH
        return votes

    def _store(self, answers: Sequence[Answer], form: LabelForm, under_way: _Import) -> list[Refused]:
        """Store a block in one transaction; gives the rows that were refused."""
        refused: list[Refused] = []
        fresh: dict[str, list[tuple[str, str]]] = {}
        with self._database.write() as connection:
            found = with_texts(connection, answers, form)
            earlier = self._look_up(connection, [each for each in found if isinstance(each, Judgement)])
            for each in found:
                outcome = each if isinstance(each, Refused) else under_way.decide(each, earlier)
                if isinstance(outcome, Refused):
                    refused.append(outcome)
                    continue
                under_way.counts[outcome] += 1
                if outcome == "stored" and isinstance(each, Judgement):
                    fresh.setdefault(each.chosen, []).append((each.text, each.label))
            # Leases before labels, as everywhere: see db.review.record_label.
            clear_suspects(connection, [text_hash(text) for pairs in fresh.values() for text, _ in pairs])
            for chosen, pairs in fresh.items():
                add_labels(connection, pairs, labelled_by=self._by, chosen=chosen)
        return refused

    def _look_up(self, connection: Connection, judgements: Sequence[Judgement]) -> _Earlier:
        hashes = [text_hash(each.text) for each in judgements]
        said_before = {
            (chosen, *known)
            for chosen in {each.chosen for each in judgements}
            for known in known_judgements(connection, hashes, labelled_by=self._by, chosen=chosen)
        }
        return _Earlier(find_labels(connection, hashes), frozenset(said_before), suspect_texts(connection))


def _blocks(rows: Iterable[Answer | Refused | None]) -> Iterator[list[Answer | Refused | None]]:
    left = iter(rows)
    while block := list(islice(left, _BLOCK_ROWS)):
        yield block
