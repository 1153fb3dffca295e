"""`newsgate inspect` and `enqueue --dry-run`: what is in a file, with nothing stored."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from newsgate.enqueue import enqueue
from newsgate.main import newsgate
from tests.unit.reading.tables import parquet, xlsx

POSTS = """id,title,content,label
1,A title,,fake
2,Another,A text of words.,real
3,,,fake
4,Last,More words here.,maybe
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NEWSGATE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def run(command: click.Command, *words: str | Path) -> Result:
    return CliRunner().invoke(command, [str(word) for word in words], catch_exceptions=False)


def test_the_report_says_what_would_be_enqueued(tmp_path: Path, home: Path) -> None:
    file = tmp_path / "posts.csv"
    file.write_text(POSTS)
    done = run(newsgate, "inspect", "--json", file)
    assert done.exit_code == 0
    report = json.loads(done.stdout)
    columns = {each.pop("name"): each for each in report.pop("columns")}
    assert columns["content"] == {
        "role": "text",
        "fill": 0.5,
        "chars": 16.0,
        "holds": "texts",
        "examples": ["A text of words.", "More words here."],
    }
    assert {name: each["role"] for name, each in columns.items()} == {
        "id": "id",
        "title": "fallback",
        "content": "text",
        "label": None,
    }
    assert report.pop("labels")["values"] == {"fake": 1, "real": 1, "maybe": 1}
    assert report == {
        "file": "posts.csv",
        "format": "csv",
        "encoding": "utf-8",
        "delimiter": ",",
        "member": None,
        "sheet": None,
        "records": None,
        "first_row": 2,
        "rows": 4,
        "items": 3,
        "rejected": 1,
        "reasons": {"empty text": 1},
        "notes": ["where 'content' is empty, the text is 'title'"],
        "warnings": [],
        "incomplete": False,
    }
    assert not list(home.glob("*.db"))


def test_a_dry_run_prints_the_same_and_exits_as_enqueue_would(tmp_path: Path, home: Path) -> None:
    file = tmp_path / "posts.csv"
    file.write_text(POSTS)
    dry = run(enqueue, "--dry-run", file)
    assert (dry.exit_code, dry.output) == (3, run(newsgate, "inspect", file).output)
    assert json.loads(run(enqueue, "--dry-run", "--json", file).stdout)["items"] == 3
    assert not list(home.glob("*.db"))
    file.write_text(POSTS.replace("3,,,fake\n", ""))
    assert run(enqueue, "--dry-run", file).exit_code == 0


def test_labels_that_are_not_understood_are_shown_with_the_option_to_type(tmp_path: Path) -> None:
    file = tmp_path / "posts.csv"
    file.write_text("text,label\nA text.,1\nAnother.,0\n")
    done = run(newsgate, "inspect", file)
    assert done.exit_code == 0
    assert "--labels fake=1,real=0 or --labels fake=0,real=1" in done.stderr
    typed = json.loads(run(newsgate, "inspect", "--json", "--labels", "fake=1,real=0", file).stdout)
    assert typed["labels"] == {"column": "label", "values": {"fake": 1, "real": 1}, "problem": None}


@pytest.mark.parametrize("ending", ["xlsx", "parquet", "json", "jsonl", "txt"])
def test_every_format_has_a_report(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"posts.{ending}"
    long = "The bridge reopened at noon."
    records = [{"text": long}] * 2
    file.write_bytes(
        {
            "xlsx": lambda: xlsx([("text",), (long,), (long,)]),
            "parquet": lambda: parquet({"text": [long, long]}),
            "json": lambda: json.dumps({"data": records}, indent=1).encode(),
            "jsonl": lambda: "\n".join(map(json.dumps, records)).encode(),
            "txt": lambda: f"{long}\n{long}\n".encode(),
        }[ending]()
    )
    report = json.loads(run(newsgate, "inspect", "--json", file).stdout)
    assert (report["items"], report["rejected"]) == (2, 0)
    assert report["columns"] == [
        {"name": "text", "role": "text", "fill": 1.0, "chars": 28.0, "holds": "texts", "examples": [long]}
    ]
    assert "would enqueue 2 rows, 0 refused; nothing is stored" in run(newsgate, "inspect", file).stderr


def test_many_columns_and_odd_names_are_shown_safely(tmp_path: Path) -> None:
    file = tmp_path / "wide.csv"
    names = ["text", "esc\x1b[31m", *(f"column {number}" for number in range(60))]
    file.write_text(",".join(names) + "\n" + ",".join(["Some words here."] * len(names)) + "\n")
    done = run(newsgate, "inspect", file)
    assert "and 12 more columns" in done.stdout
    assert "\x1b" not in done.output
