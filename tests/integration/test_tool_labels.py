"""Labels from the tools people label with, into both databases: whose they are, what they become, and back again."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from newsgate.db.judgement_tables import labels
from newsgate.db.labels import count_pairs, current_labels, text_hash
from newsgate.db.review import suspect_texts
from newsgate.db.session import Database
from newsgate.tasks.labelling.import_labels import Imported, LabelImporter
from newsgate.tasks.labelling.label_files import NotLabelsError
from newsgate.tasks.labelling.review_session import pick_without_leases
from newsgate.tasks.labelling.tool_files import export_tasks
from newsgate.tasks.models.labelled_files import UnlabelledFileError
from newsgate.tasks.reading import ReadOptions
from newsgate.worker.settings import load_settings
from tests.labels import TEXTS, add
from tests.review_queue import Queue

JUDGED = 12


def annotation(person: int, label: str | None, **more: Any) -> dict[str, Any]:
    choice = {"type": "choices", "from_name": "label", "to_name": "text", "value": {"choices": [label]}}
    result = [choice] if label else []
    return {"completed_by": person, "created_at": f"2026-01-0{person}", "result": result, **more}


def task(text: str, *annotations: dict[str, Any], **data: Any) -> dict[str, Any]:
    return {"id": 1, "data": {"text": text, **data}, "annotations": list(annotations), "predictions": []}


def imported(
    database: Database, path: Path, *, by: str | None = None, sheet: bool = False, refused: list[str] | None = None
) -> Imported:
    told: list[str] = [] if refused is None else refused
    importer = LabelImporter(
        database,
        load_settings(),
        by=by or "me",
        refuse=lambda row, why: told.append(f"{row}: {why}"),
        by_is_given=by is not None,
    )
    if sheet:
        return importer.read_sheet(str(path))
    return importer.read_labels(str(path), options=ReadOptions(), chosen="import")


def judgements(database: Database) -> set[tuple[str, str, str]]:
    with database.read() as connection:
        return {(row.text, row.label, row.labelled_by) for row in connection.execute(select(labels))}


@pytest.fixture
def several(tmp_path: Path) -> Path:
    path = tmp_path / "tasks.json"
    tasks = [
        task(TEXTS[0], annotation(1, "fake"), annotation(2, "fake"), annotation(3, "real")),
        task(TEXTS[1], annotation(1, "fake"), annotation(2, "real")),
        task(TEXTS[3], annotation(1, "real"), annotation(2, None, was_cancelled=True)),
        task("a text that only one person skipped", annotation(1, "fake", was_cancelled=True)),
        task("a text that nobody has opened yet"),
    ]
    path.write_text(json.dumps(tasks))
    return path


def test_several_people_are_several_judgements_by_name_and_most_of_them_decide(stored: Database, several: Path) -> None:
    add(stored, TEXTS[0], "real", by="bob")
    done = imported(stored, several)
    assert (done.stored, done.refused, done.unlabelled, done.disputed) == (6, 0, 2, 2)
    who = "label-studio:{}".format
    assert judgements(stored) == {
        (TEXTS[0], "real", "bob"),
        (TEXTS[0], "fake", who(1)),
        (TEXTS[0], "fake", who(2)),
        (TEXTS[0], "real", who(3)),
        (TEXTS[1], "fake", who(1)),
        (TEXTS[1], "real", who(2)),
        (TEXTS[3], "real", who(1)),
    }
    with stored.read() as connection:
        assert {each.text: each.label for each in current_labels(connection)}[TEXTS[0]] == "fake"
        # Nobody but one more person can say what the text is that as many call fake as call real.
        assert suspect_texts(connection) == {text_hash(TEXTS[1])}
        assert count_pairs(connection)["fake", "real"] >= 2
    again = imported(stored, several)
    assert (again.stored, again.known, again.refused) == (0, 6, 0)


def test_by_names_the_one_person_of_a_file_and_never_one_of_several(
    stored: Database, several: Path, tmp_path: Path
) -> None:
    with pytest.raises(NotLabelsError, match="3 people, and --by names one"):
        imported(stored, several, by="ann")
    one = tmp_path / "one.json"
    one.write_text(json.dumps([task(TEXTS[0], annotation(1, "fake")), task(TEXTS[1], annotation(1, "real"))]))
    assert imported(stored, one, by="ann").stored == 2
    assert {by for _, _, by in judgements(stored)} == {"ann"}


def test_a_person_who_says_both_is_refused_and_the_others_are_not(stored: Database, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [("ann", "fake"), ("ann", "real"), ("bob", "real")]
    path.write_text(
        "".join(
            json.dumps({"text": TEXTS[0], "label": label, "answer": "accept", "_annotator_id": by}) + "\n"
            for by, label in rows
        )
    )
    refused: list[str] = []
    done = imported(stored, path, refused=refused)
    assert (done.stored, done.refused) == (1, 2)
    assert sorted(refused) == [f"{row}: in the file ann calls this text both fake and real" for row in (1, 2)]


def written_tasks(path: Path, *tasks: dict[str, Any]) -> Path:
    path.write_text(json.dumps(list(tasks)))
    return path


def label_of(database: Database, text: str) -> str:
    with database.read() as connection:
        return {each.text: each.label for each in current_labels(connection)}[text]


def test_people_are_counted_and_not_how_often_each_of_them_says_it(stored: Database, tmp_path: Path) -> None:
    # The text is in three tasks, as where it is a row of several batches; one person judged all three.
    ones = [task(TEXTS[0], annotation(1, "fake")) for _ in range(3)]
    others = task(TEXTS[0], annotation(2, "real"), annotation(3, "real"))
    even = [task(TEXTS[1], annotation(1, "fake")), task(TEXTS[1], annotation(1, "fake"), annotation(2, "real"))]
    done = imported(stored, written_tasks(tmp_path / "tasks.json", others, *ones, *even))
    assert (done.stored, done.repeated, done.disputed) == (5, 3, 2)
    assert label_of(stored, TEXTS[0]) == "real"
    with stored.read() as connection:
        assert suspect_texts(connection) == {text_hash(TEXTS[1])}


def test_whoever_says_both_is_none_of_those_who_are_counted(stored: Database, tmp_path: Path) -> None:
    both = [task(TEXTS[0], annotation(1, label)) for label in ("fake", "real", "real", "real")]
    others = task(TEXTS[0], annotation(2, "fake"), annotation(3, "fake"), annotation(4, "real"))
    done = imported(stored, written_tasks(tmp_path / "tasks.json", others, *both))
    assert (done.stored, done.refused, done.disputed) == (3, 4, 1)
    assert label_of(stored, TEXTS[0]) == "fake"


def test_an_export_that_grew_leaves_the_label_with_the_majority(stored: Database, tmp_path: Path) -> None:
    path = tmp_path / "tasks.json"
    first = (annotation(1, "fake"), annotation(2, "fake"))
    assert imported(stored, written_tasks(path, task(TEXTS[0], *first))).stored == 2
    grown = written_tasks(path, task(TEXTS[0], *first, annotation(3, "real")))
    done = imported(stored, grown)
    # One of those who said fake says it once more: the latest label of a text is the one that counts.
    assert (done.stored, done.known, done.disputed) == (2, 1, 1)
    assert label_of(stored, TEXTS[0]) == "fake"
    again = imported(stored, grown)
    assert (again.stored, again.known) == (0, 3)


def test_a_label_that_somebody_corrected_stays_corrected_where_an_export_grew(stored: Database, tmp_path: Path) -> None:
    path = tmp_path / "tasks.json"
    first = (annotation(1, "fake"), annotation(2, "fake"))
    imported(stored, written_tasks(path, task(TEXTS[0], *first)))
    add(stored, TEXTS[0], "real", by="bob")
    done = imported(stored, written_tasks(path, task(TEXTS[0], *first, annotation(3, "real"))))
    assert (done.stored, done.known) == (1, 2)
    assert label_of(stored, TEXTS[0]) == "real"


def test_texts_are_found_by_their_own_ids_where_potato_leaves_them_out(stored: Database, tmp_path: Path) -> None:
    with stored.write() as connection:
        connection.exec_driver_sql("update items set external_id = 'a1' where row = 2")
        connection.exec_driver_sql("update items set external_id = 'twice' where row > 3")
    path = tmp_path / "annotations.csv"
    path.write_text("instance_id,user_id,verdict.fake,verdict.real\na1,ann,true,\nno,ann,,true\ntwice,ann,,true\n")
    refused: list[str] = []
    assert imported(stored, path, refused=refused).stored == 1
    assert judgements(stored) == {(TEXTS[0], "fake", "ann")}
    assert refused == ["3: no enqueued text has the id 'no'", "4: several enqueued texts have the id 'twice'"]


def test_an_export_in_which_nobody_said_anything_says_why(stored: Database, tmp_path: Path) -> None:
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps([task("a text about a moon", annotation(1, "fake", was_cancelled=True)), task("other")]))
    with pytest.raises(UnlabelledFileError, match="Label Studio says fake or real: 1 skipped, 1 untouched"):
        imported(stored, path)


def in_label_studio(content: str, say: Callable[[str], str | None]) -> str:
    tasks = json.loads(content)
    for number, each in enumerate(tasks):
        [prediction] = each["predictions"]
        assert prediction["result"][0]["value"]["choices"][0] in ("fake", "real")
        label = say(each["data"]["item"])
        each |= {"id": number, "annotations": [annotation(1, label)] if label else []}
    return json.dumps(tasks)


def in_prodigy(content: str, say: Callable[[str], str | None]) -> str:
    tasks = [json.loads(line) for line in content.splitlines()]
    for each in tasks:
        # What the model says is chosen until somebody says otherwise.
        assert each["accept"][0] in ("fake", "real")
        label = say(each["item"])
        each |= {"_input_hash": 1, "_task_hash": 2, "answer": "accept" if label else "ignore"}
        each |= {"accept": [label]} if label else {}
    return "".join(json.dumps(each) + "\n" for each in tasks)


def in_doccano(content: str, say: Callable[[str], str | None]) -> str:
    tasks = [json.loads(line) for line in content.splitlines()]
    for number, each in enumerate(tasks):
        assert each["label"] == []
        assert each["model_says"] in ("fake", "real")
        label = say(each["item"])
        each |= {"id": number, "label": [label] if label else [], "Comments": []}
    return "".join(json.dumps(each) + "\n" for each in tasks)


@pytest.mark.parametrize(
    ("tool", "name", "judge"),
    [
        ("label-studio", "tasks.json", in_label_studio),
        ("prodigy", "tasks.jsonl", in_prodigy),
        ("doccano", "tasks.jsonl", in_doccano),
    ],
)
def test_the_queue_goes_to_a_tool_and_comes_back(
    queue: Queue, tool: str, name: str, judge: Callable[[str, Callable[[str], str | None]], str], tmp_path: Path
) -> None:
    picked = list(pick_without_leases(queue.database, batch=None, random_share=0.5, limit=JUDGED, rng=random.Random(1)))
    stream = io.StringIO()
    assert export_tasks(picked, stream, tool=tool) == JUDGED
    path = tmp_path / name
    path.write_text(stream.getvalue(), encoding="utf-8")
    # Before anybody has judged, what the model says is nobody's label.
    untouched = imported(queue.database, path, sheet=True) if tool == "doccano" else None
    assert untouched is None or untouched.stored == 0
    said = {str(each.item.item): ("fake", "real", None)[number % 3] for number, each in enumerate(picked)}
    path.write_text(judge(stream.getvalue(), lambda item: said[item]), encoding="utf-8")
    done = imported(queue.database, path, sheet=True)
    assert (done.stored, done.refused, done.unlabelled) == (8, 0, 4)
    with queue.database.read() as connection:
        found = {each.text: (each.label, each.chosen) for each in current_labels(connection)}
    assert found == {
        each.item.text: (label, each.chosen) for each in picked if (label := said[str(each.item.item)]) is not None
    }
