"""`labels import --dry-run`: it says what an import then does, and stores nothing."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsgate.db.labels import count_pairs, summarise_labels, text_hash
from newsgate.db.review import add_suspects, suspect_texts
from newsgate.db.session import Database
from newsgate.main import newsgate
from tests.integration.test_label_files import Files
from tests.labels import TEXTS, add, said


@pytest.fixture
def files(stored: Database, tmp_path: Path) -> Files:
    return Files(stored, tmp_path)


def everything(database: Database) -> object:
    with database.read() as connection:
        return summarise_labels(connection), count_pairs(connection), suspect_texts(connection), said(database)


def test_nothing_is_stored_and_it_is_known_which_label_is_which(files: Files) -> None:
    before = everything(files.database)
    done = files.dry_run("text,label\none,fake\ntwo,real\nthree,real\nfour,real\ntypo,flase\n")
    assert (done.stored, done.fake, done.refused) == (4, 1, 1)
    assert [(each.label, each.text) for each in done.samples] == [("fake", "one"), ("real", "two"), ("real", "three")]
    assert everything(files.database) == before


def test_a_text_that_waits_to_be_judged_again_goes_on_waiting(files: Files) -> None:
    [text, *_] = TEXTS
    add(files.database, text, "real", by="bob")
    with files.database.write() as connection:
        add_suspects(connection, [text_hash(text)])
    before = everything(files.database)
    assert files.dry_run(f'text,label\n"{text}",fake\n').stored == 1
    with files.database.read() as connection:
        assert suspect_texts(connection) == {text_hash(text)}
    assert everything(files.database) == before


# With so many it is clear what the labels mean, whatever the others are.
_SURE = tuple((f"text {number}", ("fake", "real")[number % 2]) for number in range(10))
_TEXTS = st.sampled_from(("one", "two", "three", ""))
_LABELS = st.sampled_from(("fake", "real", "", "flase"))
_PEOPLE = st.sampled_from(("bob", "cem"))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(_TEXTS, _LABELS), max_size=8))
def test_it_says_what_the_import_then_does(files: Files, rows: list[tuple[str, str]]) -> None:
    lines = ["text,label", *(f"{text},{label}" for text, label in [*rows, *_SURE])]
    assert_the_import_does_that(files, "\n".join(lines) + "\n")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(_TEXTS.filter(bool), st.sampled_from(("fake", "real")), _PEOPLE), max_size=8))
def test_and_of_a_file_in_which_people_differ(files: Files, rows: list[tuple[str, str, str]]) -> None:
    lines = [
        {"text": text, "label": label, "answer": "accept", "_annotator_id": person}
        for text, label, person in [*rows, *((*sure, "bob") for sure in _SURE)]
    ]
    assert_the_import_does_that(files, "".join(json.dumps(line) + "\n" for line in lines))


def assert_the_import_does_that(files: Files, content: str) -> None:
    before = everything(files.database)
    would = files.dry_run(content)
    would_be_refused = list(files.refused)
    assert everything(files.database) == before
    done = files.labels(content)
    assert (done, done.fake, done.samples) == (would, would.fake, would.samples)
    assert files.refused == would_be_refused


# Each example is about texts of which nobody has said anything yet.
_EXAMPLES = count()
_FILE = st.lists(st.tuples(_TEXTS.filter(bool), st.sampled_from(("fake", "real"))), max_size=5)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(contents=st.lists(_FILE, min_size=2, max_size=3), people_differ=st.booleans())
def test_and_of_several_files_each_knows_what_those_before_it_say(
    files: Files, monkeypatch: pytest.MonkeyPatch, contents: list[list[tuple[str, str]]], people_differ: bool
) -> None:
    monkeypatch.setenv("NEWSGATE_DATABASE_URL", files.database.url.render_as_string(hide_password=False))
    example = next(_EXAMPLES)
    paths = [str(files.folder / f"{number}.jsonl") for number in range(len(contents))]
    for number, (path, rows) in enumerate(zip(paths, contents, strict=True)):
        person = {"_annotator_id": f"person {number}"} if people_differ and number else {}
        said = [*((f"{text} {example}", label) for text, label in rows), *_SURE]
        lines = [{"text": text, "label": label, "answer": "accept", **person} for text, label in said]
        Path(path).write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    before = everything(files.database)
    would = CliRunner().invoke(newsgate, ["labels", "import", "--dry-run", "--json", *paths])
    assert everything(files.database) == before
    done = CliRunner().invoke(newsgate, ["labels", "import", "--json", *paths])
    assert [{**each, "dry_run": False} for each in json.loads(would.stdout)] == json.loads(done.stdout)
    assert would.exit_code == done.exit_code
