"""Reading a file of labels into the database: the good rows are stored, the others refused one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice

from sqlalchemy import Connection

from newsgate.db.item_numbers import first_items
from newsgate.db.labels import (
    NewJudgement,
    add_judgements,
    find_labels,
    known_judgements,
    text_hash,
)
from newsgate.db.review import add_suspects, clear_suspects, suspect_texts
from newsgate.db.session import Database
from newsgate.model.labels import FAKE
from newsgate.tasks.labelling.import_rehearsal import Earlier, Rehearsal
from newsgate.tasks.labelling.import_under_way import ImportUnderWay
from newsgate.tasks.labelling.import_votes import BOTH, Votes
from newsgate.tasks.labelling.label_files import (
    Answer,
    Judgement,
    LabelForm,
    NotLabelsError,
    Refused,
    labels_form,
    read_answers,
    sheet_form,
    with_texts,
)
from newsgate.tasks.models.labelled_files import nothing_said
from newsgate.tasks.reading import ReadOptions, Source, open_source
from newsgate.worker.settings import Settings, prepare_home

_BLOCK_ROWS = 500


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of the rows of a file.

    stored: in a dry run, what would be. fake: how many of these. samples: the first of these, of both labels.
    known: the same person said the same before. repeated: the file says it more than once. unlabelled: no answer yet.
    disputed: about how many texts the people differ whom the file names. incomplete: the file itself is damaged, and
    some of its rows could not be read at all.
    """

    stored: int
    known: int
    repeated: int
    unlabelled: int
    refused: int
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    incomplete: bool = False
    disputed: int = 0
    fake: int = field(default=0, compare=False)
    samples: tuple[NewJudgement, ...] = field(default=(), compare=False)


class LabelImporter:
    """Imports files in the name of one person, and tells each refused row with its reason.

    by_is_given: the person is named by option, so a file that names one other person is theirs too. rehearsal: in a
    dry run, what the files before would have stored; what becomes of each row is told, and nothing is stored.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        *,
        by: str,
        refuse: Callable[[int, str], None],
        by_is_given: bool = False,
        rehearsal: Rehearsal | None = None,
    ) -> None:
        self._database = database
        self._spool = prepare_home(settings) / "spool"
        self._by = by
        self._by_is_given = by_is_given
        self._refuse = refuse
        self._rehearsal = rehearsal

    def read_labels(self, path: str, *, options: ReadOptions, chosen: str) -> Imported:
        """Labels with their texts or with items' numbers. Raises ReadError, UnlabelledFileError, NotLabelsError."""
        with open_source(path, spool_folder=self._spool) as source:
            form = labels_form(source, options, chosen=chosen)
            done = self._import(source, form)
        if done.unlabelled and not (done.stored or done.known or done.refused):
            raise nothing_said(form.layout, source, where=path)
        return done

    def read_sheet(self, path: str) -> Imported:
        """What `newsgate review --export` wrote, with answers in it. Raises ReadError, NotLabelsError."""
        with open_source(path, spool_folder=self._spool) as source:
            return self._import(source, sheet_form(source))

    def _import(self, source: Source, form: LabelForm) -> Imported:
        is_one_person, votes = self._count_votes(source, form)
        under_way = ImportUnderWay(self._by, votes, may_differ=form.kind != "export")
        for block in _blocks(read_answers(source, form)):
            answers = [_own(each) if is_one_person else each for each in block if isinstance(each, Answer)]
            under_way.bad_times += [each.row for each in answers if each.is_time_unread]
            refused = [each for each in block if isinstance(each, Refused)]
            under_way.counts["unlabelled"] += len(block) - len(answers) - len(refused)
            self._tell(refused + self._store(answers, form, under_way), under_way)
        if under_way.changed:
            self._store_changed(under_way)
        if under_way.disputed:
            self._store_disputed(under_way)
        counts = under_way.counts
        return Imported(
            stored=counts["stored"],
            known=counts["known"],
            repeated=counts["repeated"],
            unlabelled=counts["unlabelled"],
            refused=counts["refused"],
            disputed=votes.disputed_texts if under_way.may_differ else 0,
            notes=form.layout.notes,
            warnings=(*source.warnings, *_about_times(under_way.bad_times)),
            incomplete=source.incomplete,
            fake=under_way.labels[FAKE],
            samples=tuple(sorted(under_way.samples, key=lambda each: each.label)),
        )

    def _count_votes(self, source: Source, form: LabelForm) -> tuple[bool, Votes]:
        """What the file says, and whether the one person it names is the one it is imported for."""
        votes, own = Votes(), Votes()
        for block in _blocks(read_answers(source, form)):
            answers = [each for each in block if isinstance(each, Answer)]
            with self._database.read() as connection:
                found = with_texts(connection, answers, form)
            for each in found:
                if isinstance(each, Judgement):
                    digest = text_hash(each.text)
                    votes.add(digest, each.label, by=each.by, at=each.at)
                    if self._by_is_given and each.by is not None:
                        own.add(digest, each.label, by=None)
        if not (self._by_is_given and votes.named):
            return False, votes
        if len(votes.people) > 1 and form.kind != "export":
            raise NotLabelsError(
                f"the file has judgements of {len(votes.people)} people, and --by names one",
                where=source.name,
                remedy="Leave --by out: each is stored under the name that the file has",
            )
        for digest, label in votes.own.items():
            own.own[digest] = label if own.own.get(digest, label) == label else BOTH
        return True, own

    def _store(self, answers: Sequence[Answer], form: LabelForm, under_way: ImportUnderWay) -> list[Refused]:
        """Store a block in one transaction; gives the rows that were refused."""
        with self._transaction() as connection:
            found = with_texts(connection, answers, form)
            judgements = [each for each in found if isinstance(each, Judgement)]
            disputed = [
                each
                for each in judgements
                if each.by is not None and under_way.may_differ and under_way.votes.is_disputed(text_hash(each.text))
            ]
            changed = [each for each in judgements if under_way.votes.has_changed(text_hash(each.text), by=each.by)]
            under_way.disputed += disputed
            under_way.changed += changed
            apart = set(map(id, [*disputed, *changed]))
            refused = [each for each in found if isinstance(each, Refused)]
            plain = [each for each in judgements if id(each) not in apart]
            return refused + self._store_judgements(connection, plain, under_way)

    def _store_changed(self, under_way: ImportUnderWay) -> None:
        """Store what people said at one time and not at another in the order in which they said it."""
        in_order = sorted(under_way.changed, key=lambda each: each.at or datetime.min.replace(tzinfo=UTC))
        for start in range(0, len(in_order), _BLOCK_ROWS):
            with self._transaction() as connection:
                refused = self._store_judgements(connection, in_order[start : start + _BLOCK_ROWS], under_way)
            self._tell(refused, under_way)

    def _store_disputed(self, under_way: ImportUnderWay) -> None:
        """Store what people differ on, such that what most of them say is said last and is the text's label."""
        votes = under_way.votes
        ranked = sorted(under_way.disputed, key=lambda each: votes.strength(text_hash(each.text), each.label))
        before = self._current_of(ranked)
        for start in range(0, len(ranked), _BLOCK_ROWS):
            with self._transaction() as connection:
                refused = self._store_judgements(connection, ranked[start : start + _BLOCK_ROWS], under_way)
            self._tell(refused, under_way)
        self._say_again(ranked, before, under_way)
        fresh = {digest for digest, _ in under_way.stored}
        even = [digest for digest in votes.even_texts() if digest in fresh]
        if self._rehearsal is not None:
            with self._database.read() as connection:
                self._rehearsal.add_suspects(first_items(connection, even))
            return
        with self._database.write() as connection:
            # Nobody can say which of them is right but one more person.
            add_suspects(connection, even)

    def _say_again(self, ranked: Sequence[Judgement], before: Mapping[bytes, str], under_way: ImportUnderWay) -> None:
        """Store a known judgement once more where what is new in a file that grew is what few of its people say.

        before: the labels that the texts had. One that others than these people had changed stays as it is.
        """
        now = self._current_of(ranked)
        last = {
            (digest, each.label): each
            for each in ranked
            if under_way.votes.of(digest := text_hash(each.text), by=each.by) != BOTH
        }
        lost = [
            last[digest, most]
            for digest, label in now.items()
            if (most := under_way.votes.majority(digest)) is not None and label != most == before.get(digest)
        ]
        for start in range(0, len(lost), _BLOCK_ROWS):
            with self._transaction() as connection:
                self._add(connection, [self._named(each) for each in lost[start : start + _BLOCK_ROWS]], under_way)
        under_way.counts["known"] -= len(lost)
        under_way.counts["stored"] += len(lost)

    def _current_of(self, judgements: Sequence[Judgement]) -> dict[bytes, str]:
        """The labels that these texts have now."""
        with self._database.read() as connection:
            return {digest: each.label for digest, each in self._look_up(connection, judgements).current.items()}

    def _transaction(self) -> AbstractContextManager[Connection]:
        return self._database.write() if self._rehearsal is None else self._database.read()

    def _store_judgements(
        self, connection: Connection, judgements: Sequence[Judgement], under_way: ImportUnderWay
    ) -> list[Refused]:
        refused: list[Refused] = []
        fresh: list[NewJudgement] = []
        earlier = self._look_up(connection, judgements)
        for each in judgements:
            outcome = under_way.decide(each, earlier)
            if isinstance(outcome, Refused):
                refused.append(outcome)
                continue
            under_way.counts[outcome] += 1
            if outcome == "stored":
                fresh.append(self._named(each))
        self._add(connection, fresh, under_way)
        return refused

    def _add(self, connection: Connection, fresh: Sequence[NewJudgement], under_way: ImportUnderWay) -> None:
        under_way.note(fresh)
        if self._rehearsal is not None:
            self._rehearsal.store(fresh)
            return
        # Leases before labels, as everywhere: see db.review.record_label.
        clear_suspects(connection, [text_hash(each.text) for each in fresh])
        add_judgements(connection, fresh)

    def _named(self, each: Judgement) -> NewJudgement:
        return NewJudgement(each.text, each.label, each.by or self._by, each.chosen, each.at)

    def _look_up(self, connection: Connection, judgements: Sequence[Judgement]) -> Earlier:
        hashes = [text_hash(each.text) for each in judgements]
        said_before = {
            (person, chosen, *known)
            for person, chosen in {(each.by or self._by, each.chosen) for each in judgements}
            for known in known_judgements(connection, hashes, labelled_by=person, chosen=chosen)
        }
        earlier = Earlier(find_labels(connection, hashes), frozenset(said_before), suspect_texts(connection))
        return earlier if self._rehearsal is None else self._rehearsal.after(earlier, hashes)

    def _tell(self, refused: Iterable[Refused], under_way: ImportUnderWay) -> None:
        for each in sorted(refused, key=lambda each: each.row):
            self._refuse(each.row, each.reason)
            under_way.counts["refused"] += 1


def _own(answer: Answer) -> Answer:
    # Whoever takes over what others said says it now.
    return replace(answer, by=None, at=None, is_time_unread=False)


def _about_times(rows: Sequence[int]) -> Iterator[str]:
    if rows:
        which = f"row {rows[0]} has" if len(rows) == 1 else f"{len(rows)} rows, the first is row {rows[0]}, have"
        yield (
            f"{which} no time that can be read in the column when, such as 2026-05-01T12:00:00+00:00; "
            "what they say counts as said now"
        )


def _blocks(rows: Iterable[Answer | Refused | None]) -> Iterator[list[Answer | Refused | None]]:
    left = iter(rows)
    while block := list(islice(left, _BLOCK_ROWS)):
        yield block
