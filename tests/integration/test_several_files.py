"""Several files at once: a batch each, in their order, and a bad one costs no other."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from newsgate.main import newsgate
from tests.programs import World
from tests.services import short_folder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two good files, a bad one between them, and one with a row that is refused."""
    (tmp_path / "in").mkdir()
    for name, content in {
        "a.csv": "body,text\nwhat the first file says,x\n",
        "b.csv": "%PDF-1.4",
        "c.jsonl": '{"body": "what the third file says"}\n',
        "d.csv": 'body\nwhat the last file says\n""\n',
        "notes.md": "no rows",
    }.items():
        (tmp_path / "in" / name).write_text(content)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _run(*arguments: str, code: int) -> Result:
    done = CliRunner().invoke(newsgate, ["enqueue", *arguments])
    assert done.exit_code == code, done.output
    return done


@pytest.mark.usefixtures("folder")
def test_a_bad_file_costs_no_other_and_is_told() -> None:
    done = _run("in", "gone.csv", "--text-column", "body", code=1)
    assert done.stdout == "1\n2\n3\n"
    lines = done.stderr.splitlines()
    assert lines[0] == "note: in: not read: notes.md"
    assert "error: in/b.csv: this is a PDF document. Export its rows as CSV" in lines
    assert "in/d.csv: enqueued as batch 3: 1 rows for model 1, 1 refused" in lines
    # What is not about one file is said once.
    assert sum("no worker runs here yet" in line for line in lines) == 1
    assert lines[-1] == "3 of 5 files enqueued: 3 rows, 1 refused; 2 failed: in/b.csv, gone.csv"


@pytest.mark.usefixtures("folder")
def test_json_is_a_list_of_several_files_and_one_object_of_one() -> None:
    listed = json.loads(_run("--json", "--text-column", "body", "in/[ab].csv", code=1).stdout)
    keys = {"file", "batch", "run", "model", "items", "rejected", "other_language", "known", "error"}
    assert [set(each) for each in listed] == [keys, keys]
    first = {"file": "in/a.csv", "batch": 1, "run": 1, "model": 1, "items": 1, "rejected": 0}
    assert listed[0] == {**first, "other_language": None, "known": False, "error": None}
    assert (listed[1]["batch"], listed[1]["error"][:9]) == (None, "in/b.csv:")
    one = json.loads(_run("--json", "in/c.jsonl", code=0).stdout)
    assert one == {"batch": 2, "run": 2, "model": 1, "items": 1, "rejected": 0, "other_language": None}


@pytest.mark.usefixtures("folder")
def test_refused_rows_alone_are_another_exit_code_and_none_at_all_none() -> None:
    assert "2 of 2 files enqueued: 2 rows, 1 refused\n" in _run("in/c.jsonl", "in/d.csv", code=3).stderr
    assert _run("in/c.jsonl", "in/a.csv", code=0).stdout == "1\n3\n"


@pytest.mark.usefixtures("folder")
def test_options_that_can_only_be_about_one_file_are_refused() -> None:
    assert "--name is for one file" in _run("in", "--name", "x", code=2).stderr
    told = _run("in/a.csv", "in/c.jsonl", "--label", "fake", code=2).stderr
    assert "which of 2 files" in told
    assert "'fake/*.csv'" in told
    assert _run("in/[ac]*", "--label", "fake", code=0).stdout == "1\n2\n"


@pytest.mark.usefixtures("folder")
def test_a_dry_run_shows_every_file_and_stores_none() -> None:
    done = _run("in", "--dry-run", "--json", "--text-column", "body", code=1)
    assert [(each["file"], "error" in each) for each in json.loads(done.stdout)] == [
        ("a.csv", False),
        ("in/b.csv", True),
        ("c.jsonl", False),
        ("d.csv", False),
    ]
    assert _run("in/c.jsonl", "in/d.csv", "--dry-run", code=3).stdout.count("holds") == 2
    assert _run("in/c.jsonl", "in/a.csv", code=0).stdout == "1\n2\n"


def test_a_folder_is_classified_into_a_folder(folder: Path, prepared_home: Path) -> None:
    with short_folder("newsgate-home-") as short:
        world = World(Path(shutil.copytree(prepared_home, short / "home")), f"sqlite:///{short / 'home/newsgate.db'}")
        first = world.run("newsgate", "classify", "in", "-o", "out", "--text-column", "body")
        assert first.code == 1, first.err
        assert "3 of 4 files enqueued: 3 rows, 1 refused; 1 failed: in/b.csv" in first.err
        assert sorted(path.name for path in Path("out").iterdir()) == ["a.csv", "c.csv", "d.csv"]
        with Path("out/c.csv").open(newline="") as file:
            assert [row["body"] for row in csv.DictReader(file)] == ["what the third file says"]
        (folder / "in" / "b.csv").unlink()
        again = world.run("newsgate", "classify", "in", "--format", "jsonl", "--text-column", "body")
        assert again.code == 3, again.err
        assert [json.loads(line)["batch"] for line in again.out.splitlines()] == [1, 2, 3]
        assert "0 of 3 files enqueued: 0 rows, 0 refused; 3 enqueued before" in again.err
