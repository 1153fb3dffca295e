"""Files of labels on both databases, with all their faults: plain ones, answers beside results, sheets."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import delete

from newsgate.db.judgement_tables import CHOSEN, labels
from newsgate.db.labels import (
    count_pairs,
    text_hash,
)
from newsgate.db.review import add_suspects, suspect_texts
from newsgate.db.session import Database
from newsgate.tasks.labelling.import_labels import Imported, LabelImporter
from newsgate.tasks.labelling.import_rehearsal import Rehearsal
from newsgate.tasks.labelling.label_files import NotLabelsError
from newsgate.tasks.labelling.spreadsheet_files import export_labels, export_labels_as_json, guard_cell
from newsgate.tasks.models.labelled_files import UnlabelledFileError
from newsgate.tasks.reading import ReadOptions
from newsgate.worker.settings import load_settings
from tests.labels import TEXTS, add, current, item_of, said


def written(*rows: Sequence[object]) -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows(rows)
    return stream.getvalue()


@dataclass
class Files:
    """Imports files in ann's name, and keeps what was refused."""

    database: Database
    folder: Path
    by: str = "ann"
    refused: list[tuple[int, str]] = field(default_factory=list)

    def labels(
        self,
        content: str,
        *,
        chosen: str = "import",
        name: str = "labels.csv",
        options: ReadOptions | None = None,
        by_is_given: bool = False,
    ) -> Imported:
        path = self._write(content, name)
        importer = self._importer(by_is_given=by_is_given)
        return importer.read_labels(path, options=options or ReadOptions(), chosen=chosen)

    def dry_run(self, content: str, *, chosen: str = "import") -> Imported:
        path = self._write(content, "labels.csv")
        return self._importer(dry_run=True).read_labels(path, options=ReadOptions(), chosen=chosen)

    def sheet(self, content: str) -> Imported:
        return self._importer().read_sheet(self._write(content, "sheet.csv"))

    def _importer(self, *, dry_run: bool = False, by_is_given: bool = False) -> LabelImporter:
        self.refused.clear()
        return LabelImporter(
            self.database,
            load_settings(),
            by=self.by,
            refuse=lambda row, why: self.refused.append((row, why)),
            by_is_given=by_is_given,
            rehearsal=Rehearsal() if dry_run else None,
        )

    def _write(self, content: str, name: str) -> str:
        path = self.folder / name
        path.write_text(content, encoding="utf-8", newline="")
        return str(path)


@pytest.fixture
def files(stored: Database, tmp_path: Path) -> Files:
    return Files(stored, tmp_path)


def test_good_rows_are_stored_and_the_others_refused_by_number(files: Files) -> None:
    add(files.database, "known as real", "real", by="bob")
    done = files.labels(
        "text,label\n"
        "one,fake\n"
        "both ways,fake\n"
        "two, REAL \n"
        "both ways,real\n"
        "known as real,fake\n"
        "no answer,\n"
        "typo,flase\n"
        ",fake\n"
        "one,fake\n"
    )
    assert done == Imported(stored=2, known=0, repeated=1, unlabelled=1, refused=5)
    assert said(files.database) == {"known as real": "real", "one": "fake", "two": "real"}
    assert [row for row, _ in files.refused] == [3, 5, 6, 8, 9]
    reasons = dict(files.refused)
    assert reasons[3] == reasons[5] == "the file calls this text both fake and real"
    assert reasons[6].startswith("bob called this text real on ")
    assert reasons[8] == "the label 'flase' is neither fake nor real"
    assert reasons[9] == "empty text"


def test_a_file_read_again_adds_nothing_and_another_person_adds_a_second_opinion(files: Files) -> None:
    content = "text,label\n" + "".join(f"text {number},{('fake', 'real')[number % 2]}\n" for number in range(1200))
    assert files.labels(content).stored == 1200
    again = files.labels(content)
    assert (again.stored, again.known) == (0, 1200)
    files.by = "bob"
    assert files.labels(content).stored == 1200
    with files.database.read() as connection:
        assert count_pairs(connection) == {("fake", "fake"): 600, ("real", "real"): 600}


def test_a_test_set_judges_and_never_trains_even_where_the_text_was_known(files: Files) -> None:
    files.labels("text,label\none,fake\n")
    done = files.labels("text,label\none,fake\ntwo,real\n", chosen="test")
    assert done.stored == 2
    assert {(each.text, each.judges, each.is_test) for each in current(files.database)} == {
        ("one", True, True),
        ("two", True, True),
    }


def test_items_are_named_by_their_numbers(files: Files) -> None:
    first, last = item_of(files.database, TEXTS[0]), item_of(files.database, TEXTS[3])
    done = files.labels(f"item;label\n{first};fake\n{last};real\n999999;real\nfirst;real\n;real\n;\n")
    assert done == Imported(stored=2, known=0, repeated=0, unlabelled=1, refused=3)
    assert said(files.database) == {TEXTS[0]: "fake", TEXTS[3]: "real"}
    assert files.refused == [
        (4, "there is no item 999999"),
        (5, "'first' is not the number of an item"),
        (6, "the column item is empty"),
    ]


def test_a_files_columns_are_found_or_named(files: Files) -> None:
    options = ReadOptions(label_column="says", encoding="utf-8")
    named = files.labels("body\tsays\none\tfake\n", name="labels.tsv", options=options)
    assert named.stored == 1
    assert files.labels('{"text": "two", "label": "real"}\n', name="labels.jsonl").stored == 1
    with pytest.raises(UnlabelledFileError, match="--label-column"):
        files.labels("text,label\none,\ntwo,\n")


def test_a_models_verdicts_are_not_taken_for_what_people_say(files: Files) -> None:
    with pytest.raises(NotLabelsError, match="a model's verdicts"):
        files.labels("text,label,p_fake,classified_at\none,fake,0.9,now\n")
    with pytest.raises(NotLabelsError, match="review --import"):
        files.labels("item,text,p_fake,chosen,label\n1,one,0.5,random,fake\n")


def test_a_label_that_is_no_string_is_read_as_what_it_says_or_refused_as_a_label(files: Files) -> None:
    rows = ('"text": "one", "label": true', '"text": "two", "label": "fake"', '"text": "three", "label": ["fake", "x"]')
    done = files.labels("".join(f"{{{row}}}\n" for row in rows), name="labels.jsonl")
    assert (done.stored, done.refused) == (2, 1)
    assert said(files.database) == {"one": "real", "two": "fake"}
    assert files.refused == [(3, """the label '["fake", "x"]' is neither fake nor real""")]


@pytest.mark.parametrize(
    ("content", "missing"),
    [("text,label\none,fake\n", "item or chosen"), ("item,chosen\n1,random\n", "label"), ("text\none\n", "label")],
)
def test_what_is_no_sheet_is_told_by_what_it_lacks(files: Files, content: str, missing: str) -> None:
    with pytest.raises(NotLabelsError, match=f"not a sheet of `newsgate review --export`: .*{missing}") as told:
        files.sheet(content)
    # An option that `review` does not have.
    assert "--text-column" not in str(told.value)


def test_labels_leave_as_csv_that_is_safe_and_come_back_as_they_were(files: Files) -> None:
    formulas = ("=cmd|' /C calc'!A0", "'=quoted", "+1", "-1", "@home", "\rfirst", "\n=1", " @x")
    lines = ("two\nlines", "a\rb", "ends in one\r", "a\r\nb")
    texts = (*formulas, *lines, "plain", 'with "quotes", and commas')
    for text in texts:
        add(files.database, text, "fake", by="=ann")
    stream = io.StringIO(newline="")
    with files.database.read() as connection:
        assert export_labels(connection, stream) == len(texts)
    rows = list(csv.DictReader(io.StringIO(stream.getvalue(), newline="")))
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\r"))]
    assert {row["by"] for row in rows} == {"'=ann"}

    back = files.labels(stream.getvalue())
    assert (back.stored, back.known, back.refused) == (0, len(texts), 0)
    # In the name of another person it is a second opinion.
    assert files.labels(stream.getvalue(), by_is_given=True).stored == len(texts)
    assert {each.text: each.judgements for each in current(files.database)} == dict.fromkeys(texts, 2)


def exported(database: Database, *, as_json: bool) -> str:
    stream = io.StringIO(newline="")
    with database.read() as connection:
        (export_labels_as_json if as_json else export_labels)(connection, stream)
    return stream.getvalue()


@pytest.mark.parametrize("as_json", [False, True], ids=["csv", "json"])
def test_labels_that_move_to_another_database_keep_who_gave_them_and_how_they_were_chosen(
    files: Files, as_json: bool
) -> None:
    texts = dict.fromkeys(CHOSEN)
    for number, chosen in enumerate(texts):
        # The quote is the text's own, or is one that a spreadsheet needs.
        add(files.database, f"'={chosen}\nand more", ("fake", "real")[number % 2], by=f"person {number}", chosen=chosen)
    before = [(each.text, each.label, each.labelled_by, each.chosen) for each in current(files.database)]
    content = exported(files.database, as_json=as_json)
    with files.database.write() as connection:
        connection.execute(delete(labels))
    done = files.labels(content, name="labels.jsonl" if as_json else "labels.csv")
    assert (done.stored, done.refused) == (len(before), 0)
    assert [(each.text, each.label, each.labelled_by, each.chosen) for each in current(files.database)] == before


def test_an_export_that_was_edited_is_refused_where_it_contradicts_and_where_it_says_nonsense(files: Files) -> None:
    for text in ("one", "two", "three"):
        add(files.database, text, "fake", by="bob")
    done = files.labels(
        "text,label,by,when,chosen,judgements\n"
        "one,real,bob,2026-01-01,direct,1\n"
        "two,fake,bob,2026-01-01,by chance,1\n"
        "three,fake,,2026-01-01,,1\n"
        "four,real,cem,2026-01-01,test,1\n"
    )
    assert (done.stored, done.refused) == (2, 2)
    assert [row for row, _ in files.refused] == [2, 3]
    assert "bob called this text fake on" in files.refused[0][1]
    assert files.refused[1][1].startswith("the column chosen says 'by chance', not one of file, direct,")
    assert {(each.text, each.labelled_by, each.chosen) for each in current(files.database)} == {
        ("one", "bob", "direct"),
        ("two", "bob", "direct"),
        ("three", "ann", "import"),
        ("four", "cem", "test"),
    }


def test_a_text_of_ones_own_file_keeps_its_quote(files: Files) -> None:
    files.labels("text,label\n'=not a formula,fake\n")
    assert said(files.database) == {"'=not a formula": "fake"}


@pytest.mark.parametrize("guard", [guard_cell, str], ids=["for a spreadsheet", "raw"])
def test_answers_beside_results_are_about_the_item_whose_text_they_show(
    files: Files, guard: Callable[[str], str]
) -> None:
    first, second, formula, lines = (item_of(files.database, text) for text in TEXTS)
    done = files.labels(
        written(
            ("item", "text", "label", "p_fake", "classified_at", "judge"),
            (first, TEXTS[0], "real", 0.1, "now", "fake"),
            (second, TEXTS[0], "real", 0.1, "now", "fake"),
            (formula, guard(TEXTS[2]), "real", 0.1, "now", "fake"),
            (lines, "a text \r\nof two lines\r\n", "real", 0.1, "now", "real"),
            (999999, guard(TEXTS[2]), "real", 0.1, "now", "fake"),
            ("", "a longer text without the number of its item", "real", 0.1, "now", "fake"),
            (second, TEXTS[1], "real", 0.1, "now", ""),
        ),
        options=ReadOptions(label_column="judge"),
    )
    assert done == Imported(stored=3, known=0, repeated=0, unlabelled=1, refused=3)
    assert said(files.database) == {TEXTS[0]: "fake", TEXTS[2]: "fake", TEXTS[3]: "real"}
    assert files.refused == [
        (3, f"the text of item {second} is another one in this database"),
        (8, "there is no item 999999"),
        (9, "'a longer text without the number of its ' is not the number of an item"),
    ]


def test_results_without_their_items_or_texts_are_read_by_what_is_left(files: Files) -> None:
    judge = ReadOptions(label_column="judge")
    item = item_of(files.database, TEXTS[2])
    by_item = written(("item", "p_fake", "classified_at", "judge"), (item, 0.1, "now", "fake"))
    assert files.labels(by_item, options=judge).stored == 1
    by_text = written(("text", "p_fake", "classified_at", "judge"), ("'@home", 0.1, "now", "real"))
    assert files.labels(by_text, options=judge).stored == 1
    # JSON lines are for no spreadsheet: a quote there belongs to the text.
    line = json.dumps({"item": item, "text": "'=x", "p_fake": 0.1, "classified_at": "now", "judge": "real"})
    assert files.labels(f"{line}\n", name="labels.jsonl", options=judge).stored == 1
    assert said(files.database) == {TEXTS[2]: "fake", "@home": "real", "'=x": "real"}


def test_a_sheet_keeps_how_its_rows_were_chosen(files: Files) -> None:
    numbers = [item_of(files.database, text) for text in TEXTS]
    done = files.sheet(
        "item,text,p_fake,chosen,label\n"
        f"{numbers[0]},whatever,0.5,random,fake\n"
        f"{numbers[1]},whatever,0.5,uncertain,REAL\n"
        f"{numbers[2]},'=1+1,0.5,,fake\n"
        f"{numbers[3]},whatever,0.5,test,fake\n"
        f"{numbers[3]},whatever,0.5,random,\n"
        f",whatever,0.5,random,fake\n"
        ",,,,\n"
    )
    assert done == Imported(stored=2, known=0, repeated=0, unlabelled=2, refused=3)
    assert {each.text: (each.label, each.chosen) for each in current(files.database)} == {
        TEXTS[0]: ("fake", "random"),
        TEXTS[1]: ("real", "uncertain"),
    }
    assert [row for row, _ in files.refused] == [4, 5, 7]


def test_a_sheet_may_contradict_only_what_is_suspect(files: Files) -> None:
    for text in TEXTS[:2]:
        add(files.database, text, "fake", by="bob")
    with files.database.write() as connection:
        add_suspects(connection, [text_hash(TEXTS[0])])
    sheet = "item,chosen,label\n" + "".join(f"{item_of(files.database, text)},suspect,real\n" for text in TEXTS[:2])
    assert files.sheet(sheet) == Imported(stored=1, known=0, repeated=0, unlabelled=0, refused=1)
    assert said(files.database) == {TEXTS[0]: "real", TEXTS[1]: "fake"}
    assert files.sheet(sheet).known == 1


def test_a_file_read_again_settles_no_suspect(files: Files) -> None:
    content = f"text,label\n{TEXTS[0]},fake\n{TEXTS[1]},real\n"
    files.labels(content)
    with files.database.write() as connection:
        add_suspects(connection, [text_hash(text) for text in TEXTS[:2]])
    again = files.labels(content)
    assert (again.stored, again.known) == (0, 2)
    with files.database.read() as connection:
        assert suspect_texts(connection) == {text_hash(text) for text in TEXTS[:2]}
    # Another answer, or another person's, is a judgement.
    assert files.labels(f"text,label\n{TEXTS[0]},real\n").stored == 1
    files.by = "bob"
    assert files.labels(content).refused == 1
    with files.database.read() as connection:
        assert suspect_texts(connection) == frozenset()
    assert said(files.database) == {TEXTS[0]: "real", TEXTS[1]: "real"}
