"""When a label was given goes out with an export and comes in again, on both databases."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from newsgate.db.judgement_tables import labels
from newsgate.db.session import Database
from newsgate.tasks.labelling.import_labels import Imported, LabelImporter
from newsgate.tasks.labelling.import_rehearsal import Rehearsal
from newsgate.tasks.labelling.label_times import time_said
from newsgate.tasks.labelling.spreadsheet_files import export_labels, export_labels_as_json
from newsgate.tasks.reading import ReadOptions
from newsgate.worker.settings import load_settings
from tests.labels import add, current

HEAD = "text,label,by,when,chosen,judgements\n"
MAY, JUNE, JULY = (datetime(2026, month, 5, 12, 30, 15, 250_000, tzinfo=UTC) for month in (5, 6, 7))

Import = Callable[..., Imported]


@pytest.fixture
def refused() -> list[tuple[int, str]]:
    return []


@pytest.fixture
def read(stored: Database, tmp_path: Path, refused: list[tuple[int, str]]) -> Import:
    """Reads a file of labels in ann's name."""

    def read_labels(content: str, *, name: str = "labels.csv", dry_run: bool = False, by: str = "") -> Imported:
        refused.clear()
        (tmp_path / name).write_text(content, encoding="utf-8")
        importer = LabelImporter(
            stored,
            load_settings(),
            by=by or "ann",
            by_is_given=bool(by),
            refuse=lambda row, why: refused.append((row, why)),
            rehearsal=Rehearsal() if dry_run else None,
        )
        return importer.read_labels(str(tmp_path / name), options=ReadOptions(), chosen="import")

    return read_labels


def _history(database: Database, text: str = "one") -> list[tuple[str, str, datetime]]:
    with database.read() as connection:
        found = connection.execute(labels.select().where(labels.c.text == text).order_by(labels.c.id))
        return [(row.labelled_by, row.label, row.labelled_at) for row in found]


def _row(text: str, label: str, by: str, at: object, chosen: str = "direct") -> str:
    when = at.isoformat() if isinstance(at, datetime) else at
    return f"{text},{label},{by},{when},{chosen},1\n"


@pytest.mark.parametrize(("write", "name"), [(export_labels, "l.csv"), (export_labels_as_json, "l.jsonl")])
def test_a_label_that_moves_keeps_its_time(
    write: Callable[..., int], name: str, stored: Database, read: Import
) -> None:
    add(stored, "one", "fake", by="bob")
    with stored.write() as connection:
        connection.execute(update(labels).values(labelled_at=MAY))
    stream = io.StringIO()
    with stored.read() as connection:
        write(connection, stream)
    with stored.write() as connection:
        connection.execute(labels.delete())
    assert read(stream.getvalue(), name=name).stored == 1
    assert _history(stored) == [("bob", "fake", MAY)]
    assert read(stream.getvalue(), name=name).known == 1


@pytest.mark.parametrize("rows", [("fake", "real"), ("real", "fake")], ids=["in order", "the later one first"])
def test_of_what_one_person_said_twice_the_later_counts(
    rows: tuple[str, ...], stored: Database, read: Import, refused: list[tuple[int, str]]
) -> None:
    at = {"fake": MAY, "real": JUNE}
    content = HEAD + "".join(_row("one", label, "bob", at[label]) for label in rows)
    assert read(content, dry_run=True).stored == 2
    assert read(content) == Imported(stored=2, known=0, repeated=0, unlabelled=0, refused=0)
    assert _history(stored) == [("bob", "fake", MAY), ("bob", "real", JUNE)]
    assert (read(content).known, refused) == (2, [])


def test_what_one_person_said_both_ways_at_the_same_time_is_refused(
    read: Import, refused: list[tuple[int, str]]
) -> None:
    content = HEAD + _row("one", "fake", "bob", MAY) + _row("one", "real", "bob", MAY) + _row("two", "real", "bob", MAY)
    assert read(content).stored == 1
    assert refused == [(row, "in the file bob calls this text both fake and real") for row in (2, 3)]


def test_who_changed_their_mind_elsewhere_has_changed_it_here(
    stored: Database, read: Import, refused: list[tuple[int, str]]
) -> None:
    read(HEAD + _row("one", "fake", "bob", JUNE))
    # What others say is still a contradiction, and so is what the same person said earlier.
    for by, at in (("cid", JULY), ("bob", MAY)):
        read(HEAD + _row("one", "real", by, at))
        assert refused == [(2, "bob called this text fake on 2026-06-05")]
    assert read(HEAD + _row("one", "real", "bob", JULY)).stored == 1
    assert _history(stored) == [("bob", "fake", JUNE), ("bob", "real", JULY)]
    # And back to what was said first.
    later = JULY + timedelta(days=1)
    assert read(HEAD + _row("one", "fake", "bob", later)).stored == 1
    assert _history(stored)[-1] == ("bob", "fake", later)


def test_a_time_that_is_none_costs_no_label_and_is_told(
    stored: Database, read: Import, refused: list[tuple[int, str]]
) -> None:
    ahead = datetime.now(UTC) + timedelta(days=400)
    done = read(
        HEAD
        + _row("one", "fake", "bob", "05.06.2026 14:30")
        + _row("two", "real", "bob", MAY)
        + _row("three", "real", "bob", ahead)
        + _row("four", "real", "bob", "")
    )
    assert (done.stored, refused) == (4, [])
    [warning] = done.warnings
    assert warning == (
        "2 rows, the first is row 2, have no time that can be read in the column when, such as "
        "2026-05-01T12:00:00+00:00; what they say counts as said now"
    )
    now = datetime.now(UTC)
    for each in current(stored):
        assert each.labelled_at == MAY if each.text == "two" else now - each.labelled_at < timedelta(minutes=5)


def test_who_takes_over_what_others_said_says_it_now(stored: Database, read: Import) -> None:
    assert read(HEAD + _row("one", "fake", "bob", MAY), by="cid").stored == 1
    [(by, _, at)] = _history(stored)
    assert (by, at > JULY) == ("cid", True)


@pytest.mark.parametrize(
    ("cell", "time"),
    [
        ("2026-05-05T12:30:15.250+00:00", MAY),
        ("2026-05-05T14:30:15.250+02:00", MAY),
        (" 2026-05-05 12:30:15.250 ", MAY),
        ("2026-05-05T12:30:15.250Z", MAY),
        ("", None),
        ("05/06/2026", None),
        ("0001-01-01T00:00:00+23:00", None),
    ],
)
def test_a_time_is_read_as_it_is_written(cell: str, time: datetime | None) -> None:
    assert time_said(cell) == time
