"""`newsgate rejects`: every refused row, with its number, its reason and how it stood."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from newsgate.main import newsgate

_BAD_ROWS = 30


def _run(*arguments: str, code: int = 0) -> Result:
    done = CliRunner().invoke(newsgate, arguments)
    assert done.exit_code == code, done.output
    return done


@pytest.fixture
def enqueued(tmp_path: Path) -> Result:
    """A file of one row that has a text, and thirty that have none, of which one begins like a formula."""
    file = tmp_path / "small.csv"
    rows = "".join(f"id-{number},\n" for number in range(_BAD_ROWS - 1))
    file.write_text(f'id,text\n1,"a text of\ntwo lines"\n{rows}=1+1,\n')
    return _run("enqueue", str(file), code=3)


@pytest.mark.usefixtures("enqueued")
def test_refused_rows_have_the_numbers_a_person_would_look_up() -> None:
    rows = list(csv.reader(io.StringIO(_run("rejects", "small.csv").stdout)))
    assert rows[0] == ["row", "reason", "raw"]
    assert [row[0] for row in rows[1:]] == [str(line) for line in range(4, 4 + _BAD_ROWS)]
    assert rows[1] == ["4", "empty text", "id-0,"]
    assert rows[-1][2] == "'=1+1,"
    assert '\n33,empty text,"=1+1,"\n' in _run("rejects", "1", "--raw").stdout


@pytest.mark.usefixtures("enqueued")
def test_refused_rows_are_written_in_each_form(tmp_path: Path) -> None:
    lines = _run("rejects", "1", "--json", "--limit", "2").stdout.splitlines()
    assert [json.loads(line) for line in lines] == [
        {"row": 4, "reason": "empty text", "raw": "id-0,"},
        {"row": 5, "reason": "empty text", "raw": "id-1,"},
    ]
    table = _run("rejects", "1", "--format", "table", "--limit", "1")
    assert [line.split() for line in table.stdout.splitlines()] == [
        ["row", "reason", "raw"],
        ["4", "empty", "text", "id-0,"],
    ]
    assert table.stderr == f"batch 1: 1 of {_BAD_ROWS} refused rows\n"
    for name in ("r.csv", "r.jsonl", "r.ndjson"):
        _run("rejects", "1", "-o", str(tmp_path / name))
    as_lines = (tmp_path / "r.jsonl").read_text()
    assert len(as_lines.splitlines()) == _BAD_ROWS
    assert as_lines == (tmp_path / "r.ndjson").read_text() == _run("rejects", "1", "--format", "jsonl").stdout
    assert (tmp_path / "r.csv").read_text() == _run("rejects", "1").stdout


@pytest.mark.usefixtures("enqueued")
def test_a_form_that_refused_rows_have_not_is_refused(tmp_path: Path) -> None:
    for name in ("r.parquet", "r.csv.gz"):
        assert "as .csv or .jsonl" in _run("rejects", "1", "-o", str(tmp_path / name), code=2).stderr
        assert not (tmp_path / name).exists()
    assert "cannot go together" in _run("rejects", "1", "--json", "--format", "csv", code=2).stderr


def test_enqueue_and_status_say_where_the_others_are(enqueued: Result, tmp_path: Path) -> None:
    assert f"  and {_BAD_ROWS - 5} more: `newsgate rejects 1`" in enqueued.stderr
    assert f"\n{_BAD_ROWS - 20} more: `newsgate rejects 1`\n" in _run("status", "1").stderr
    file = tmp_path / "whole.csv"
    file.write_text("text\na text\n")
    _run("enqueue", str(file))
    done = _run("rejects", "whole.csv")
    assert (done.stdout, done.stderr) == ("row,reason,raw\n", "batch 2: no row was refused\n")
    assert _run("rejects", "3", code=1).stderr == "error: there is no batch 3. `newsgate status` lists them\n"
