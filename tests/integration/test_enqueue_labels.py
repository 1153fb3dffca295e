"""Labels that come with an enqueued file, on both databases: what a file says never takes a person's place."""

from __future__ import annotations

import json
from pathlib import Path

from newsgate.db.labels import OF_FILE, count_labels
from newsgate.tasks.enqueueing.enqueue import enqueue
from newsgate.tasks.enqueueing.request import Enqueued, Request
from newsgate.tasks.reading import ReadOptions
from tests.desk import Desk
from tests.labels import add, current, said

STAYS = "of the file {} otherwise than people did about these texts; what people said stays"


def enqueued(desk: Desk, name: str, content: str) -> Enqueued:
    path = Path(desk.folder, name)
    path.write_text(content, encoding="utf-8")
    request = Request(str(path), options=ReadOptions(label_column=None if name.endswith("jsonl") else "label"))
    return enqueue(request, settings=desk.settings, database=desk.database)


def warned(done: Enqueued) -> list[str]:
    return [each for each in done.warnings if "otherwise" in each]


def test_a_file_does_not_take_the_place_of_what_a_person_said(desk: Desk) -> None:
    add(desk.database, "one", "fake", by="ann")
    add(desk.database, "two", "fake", by="bob", chosen="random")
    # It agrees, and is the latest label of its text then; what it agrees with stays a person's.
    assert warned(enqueued(desk, "a.csv", "text,label\none,fake\nthree,fake\n")) == []
    done = enqueued(desk, "b.csv", "text,label\none,real\ntwo,real\nthree,real\nfour,real\n")
    assert warned(done) == [f"2 rows {STAYS.format('say')}"]
    assert done.items == 4
    # Of files the latest counts.
    assert said(desk.database) == {"one": "fake", "two": "fake", "three": "real", "four": "real"}
    assert {each.text: each.chosen for each in current(desk.database)}["two"] == "random"
    desk.finish(1)
    desk.finish(2)


def test_people_whom_an_export_names_may_say_otherwise_and_one_without_names_may_not(desk: Desk) -> None:
    for text in ("one", "two"):
        add(desk.database, text, "fake", by="ann")
    rows = [
        {"text": "one", "label": "real", "answer": "accept", "_annotator_id": "bob"},
        {"text": "two", "label": "real", "answer": "accept"},
        {"text": "three", "label": "fake", "answer": "accept"},
    ]
    done = enqueued(desk, "tasks.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    assert warned(done) == [f"1 row {STAYS.format('says')}"]
    assert said(desk.database) == {"one": "real", "two": "fake", "three": "fake"}
    assert {each.text: each.chosen for each in current(desk.database)}["three"] == OF_FILE
    with desk.database.read() as connection:
        assert count_labels(connection) == 4
    desk.finish(1)
