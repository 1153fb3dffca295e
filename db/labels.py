"""Labels: what people said a text is. A label belongs to the text, so it holds wherever the text occurs.

Labels are only ever added. The current label of a text is its latest one; the earlier ones are its history.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Subquery, and_, case, func, insert, select, text

from newsgate.db.judgement_tables import labels
from newsgate.db.text_hashes import text_hash as text_hash  # as if it stood here
from newsgate.db.types import database_time

# Texts chosen like this may judge models: see db.tables.CHOSEN.
JUDGING = ("random", "test")
# Of labels that came with an enqueued file: nobody's judgement.
OF_FILE = "file"
_FETCH_ROWS = 1000
_ASKED_ROWS = 500
# Any fixed number: on PostgreSQL it makes labels visible in the order of their ids.
_LABELS_LOCK = 0x6C61626C


@dataclass(frozen=True, slots=True)
class CurrentLabel:
    """The latest judgement of one text, and what its whole history says about its use.

    judges: the text was ever chosen at random or for a test set, so it may judge models.
    is_test: the text was ever part of a test set, so no model is trained on it.
    judgements: how many there are about the text, this one included.
    """

    id: int
    text_hash: bytes
    text: str
    label: str
    chosen: str
    labelled_by: str
    labelled_at: datetime
    judges: bool
    is_test: bool
    judgements: int


@dataclass(frozen=True, slots=True)
class NewJudgement:
    """What one person says about a text, and how the text was chosen. at: when it was said; None is now."""

    text: str
    label: str
    labelled_by: str
    chosen: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LabelSummary:
    """What stands in the table: texts by their current label and its origin, and where people differ.

    conflicts: texts that were called fake by one judgement and real by another.
    """

    judgements: int
    by_label: Mapping[str, int]
    by_chosen: Mapping[str, Mapping[str, int]]
    by_person: Mapping[str, int]
    conflicts: int

    @property
    def texts(self) -> int:
        """How many texts have a label."""
        return sum(self.by_label.values())


def add_labels(connection: Connection, judged: Sequence[tuple[str, str]], *, labelled_by: str, chosen: str) -> None:
    """Store (text, label) pairs. Labels are only ever added: the history is what people thought when."""
    if not judged:
        return
    _in_order_of_ids(connection)
    connection.execute(
        insert(labels).values(labelled_at=database_time()),
        [_row(text, label, labelled_by=labelled_by, chosen=chosen) for text, label in judged],
    )


def add_judgements(connection: Connection, judgements: Sequence[NewJudgement]) -> None:
    """Store what several people said, in this order: the last one about a text is its current label."""
    if not judgements:
        return
    _in_order_of_ids(connection)
    for is_now, some in groupby(judgements, key=lambda each: each.at is None):
        rows = [
            {
                **_row(each.text, each.label, labelled_by=each.labelled_by, chosen=each.chosen),
                **({} if is_now else {"labelled_at": each.at}),
            }
            for each in some
        ]
        statement = insert(labels)
        connection.execute(statement.values(labelled_at=database_time()) if is_now else statement, rows)


def add_label(connection: Connection, text: str, label: str, *, labelled_by: str, chosen: str) -> int:
    """Store one judgement; gives its id."""
    _in_order_of_ids(connection)
    row = _row(text, label, labelled_by=labelled_by, chosen=chosen)
    added: int = connection.execute(
        insert(labels).values(labelled_at=database_time(), **row).returning(labels.c.id)
    ).scalar_one()
    return added


def current_labels(connection: Connection, *, up_to: int | None = None) -> Iterator[CurrentLabel]:
    """The current label of every text, in the order of their hashes, a block of rows in memory at a time.

    up_to: look at the labels up to this id only, as if the later ones had not been given yet.
    """
    latest = _latest(labels.c.id <= up_to) if up_to is not None else _latest()
    query = _current_query(latest).order_by(labels.c.text_hash)
    rows = connection.execute(query, execution_options={"yield_per": _FETCH_ROWS})
    return (CurrentLabel(**row._mapping) for row in rows)


def find_labels(connection: Connection, text_hashes: Sequence[bytes]) -> dict[bytes, CurrentLabel]:
    """The current labels of these texts, by hash; a text without one is missing."""
    found = {}
    for start in range(0, len(text_hashes), _ASKED_ROWS):
        latest = _latest(labels.c.text_hash.in_(text_hashes[start : start + _ASKED_ROWS]))
        for row in connection.execute(_current_query(latest)):
            found[row.text_hash] = CurrentLabel(**row._mapping)
    return found


def said_by_people(connection: Connection, text_hashes: Sequence[bytes]) -> dict[bytes, str]:
    """What a person said last about each of these texts, whatever files say; one about which nobody did is missing."""
    said: dict[bytes, str] = {}
    for start in range(0, len(text_hashes), _ASKED_ROWS):
        asked = labels.c.text_hash.in_(text_hashes[start : start + _ASKED_ROWS])
        latest = _latest(asked, labels.c.chosen != OF_FILE)
        said.update((row.text_hash, row.label) for row in connection.execute(_current_query(latest)))
    return said


def known_judgements(
    connection: Connection, text_hashes: Sequence[bytes], *, labelled_by: str, chosen: str
) -> set[tuple[bytes, str]]:
    """Which of these texts this person judged before, chosen the same way: (hash, label) pairs."""
    known: set[tuple[bytes, str]] = set()
    for start in range(0, len(text_hashes), _ASKED_ROWS):
        query = select(labels.c.text_hash, labels.c.label).where(
            labels.c.text_hash.in_(text_hashes[start : start + _ASKED_ROWS]),
            labels.c.labelled_by == labelled_by,
            labels.c.chosen == chosen,
        )
        known.update((row.text_hash, row.label) for row in connection.execute(query))
    return known


@dataclass(frozen=True, slots=True)
class OwnLabel:
    """What a person said last about a text. is_latest: nobody has said anything about the text since."""

    id: int
    label: str
    is_latest: bool


def own_label(connection: Connection, digest: bytes, *, labelled_by: str) -> OwnLabel | None:
    """What this person said last about the text; until the transaction ends, nobody else adds a label.

    What a file of this person said when it was enqueued is no judgement of theirs.
    """
    _in_order_of_ids(connection)
    latest = select(func.max(labels.c.id)).where(labels.c.text_hash == digest).scalar_subquery()
    query = (
        select(labels.c.id, labels.c.label, (labels.c.id == latest).label("is_latest"))
        .where(labels.c.text_hash == digest, labels.c.labelled_by == labelled_by, labels.c.chosen != OF_FILE)
        .order_by(labels.c.id.desc())
        .limit(1)
    )
    found = connection.execute(query).one_or_none()
    return None if found is None else OwnLabel(**found._mapping)


def latest_label_id(connection: Connection) -> int:
    """The id of the label given last; 0 before the first."""
    latest: int = connection.execute(select(func.coalesce(func.max(labels.c.id), 0))).scalar_one()
    return latest


def count_labels_since(connection: Connection, label_id: int) -> int:
    """How many judgements were given after the one with this id."""
    query = select(func.count()).select_from(labels).where(labels.c.id > label_id)
    return connection.execute(query).scalar_one()


def count_labels(connection: Connection) -> int:
    """How many judgements there are, later ones about the same text included."""
    return connection.execute(select(func.count()).select_from(labels)).scalar_one()


def summarise_labels(connection: Connection) -> LabelSummary:
    """Count the labels in every way a person asks about."""
    latest = _latest()
    by_label: dict[str, int] = {"fake": 0, "real": 0}
    by_chosen: dict[str, dict[str, int]] = {}
    counted = (
        select(labels.c.chosen, labels.c.label, func.count().label("texts"))
        .join_from(labels, latest, labels.c.id == latest.c.id)
        .group_by(labels.c.chosen, labels.c.label)
        .order_by(labels.c.chosen)
    )
    for row in connection.execute(counted):
        by_label[row.label] += row.texts
        by_chosen.setdefault(row.chosen, {"fake": 0, "real": 0})[row.label] = row.texts
    people = (
        select(labels.c.labelled_by, func.count().label("given"))
        .group_by(labels.c.labelled_by)
        .order_by(func.count().desc(), labels.c.labelled_by)
    )
    return LabelSummary(
        judgements=count_labels(connection),
        by_label=by_label,
        by_chosen=by_chosen,
        by_person={row.labelled_by: row.given for row in connection.execute(people)},
        conflicts=_count_conflicts(connection),
    )


def count_pairs(connection: Connection) -> dict[tuple[str, str], int]:
    """How often two people said what about the same text: (first says, second says) by their names' order.

    The latest judgement of each person counts. Files enqueued with a label column are nobody's judgement.
    """
    own = (
        select(labels.c.text_hash, labels.c.labelled_by, func.max(labels.c.id).label("id"))
        .where(labels.c.chosen != OF_FILE)
        .group_by(labels.c.text_hash, labels.c.labelled_by)
        .cte("own")
    )
    first, second = own.alias("first"), own.alias("second")
    says, says_too = labels.alias("says"), labels.alias("says_too")
    query = (
        select(says.c.label, says_too.c.label.label("other"), func.count().label("texts"))
        .select_from(first)
        .join(second, and_(second.c.text_hash == first.c.text_hash, second.c.labelled_by > first.c.labelled_by))
        .join(says, says.c.id == first.c.id)
        .join(says_too, says_too.c.id == second.c.id)
        .group_by(says.c.label, says_too.c.label)
    )
    return {(row.label, row.other): row.texts for row in connection.execute(query)}


def _in_order_of_ids(connection: Connection) -> None:
    # A sequence hands out ids before their transactions commit. Without this, "the labels up to id N" could gain one
    # later, and a model would not have been trained on what its record says.
    if connection.dialect.name == "postgresql":
        connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LABELS_LOCK})


def _row(judged: str, label: str, *, labelled_by: str, chosen: str) -> dict[str, Any]:
    return {
        "text_hash": text_hash(judged),
        "text": judged,
        "label": label,
        "labelled_by": labelled_by,
        "chosen": chosen,
    }


def _latest(*conditions: ColumnElement[bool]) -> Subquery:
    """The id of each text's latest label among those that meet the conditions, and what its history says."""
    return (
        select(
            func.max(labels.c.id).label("id"),
            func.max(case((labels.c.chosen.in_(JUDGING), 1), else_=0)).label("judges"),
            func.max(case((labels.c.chosen == "test", 1), else_=0)).label("is_test"),
            func.count().label("judgements"),
        )
        .where(*conditions)
        .group_by(labels.c.text_hash)
        .subquery("latest")
    )


def _current_query(latest: Subquery) -> Any:
    return select(
        labels.c.id,
        labels.c.text_hash,
        labels.c.text,
        labels.c.label,
        labels.c.chosen,
        labels.c.labelled_by,
        labels.c.labelled_at,
        (latest.c.judges == 1).label("judges"),
        (latest.c.is_test == 1).label("is_test"),
        latest.c.judgements,
    ).join_from(labels, latest, labels.c.id == latest.c.id)


def _count_conflicts(connection: Connection) -> int:
    both = (
        select(labels.c.text_hash)
        .group_by(labels.c.text_hash)
        .having(func.count(labels.c.label.distinct()) > 1)
        .subquery()
    )
    return connection.execute(select(func.count()).select_from(both)).scalar_one()
