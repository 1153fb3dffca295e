"""Files of labelled texts with faults: what `evaluate` and `labels import` say about them, and their exit codes."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from newsgate.main import newsgate
from newsgate.tasks.models.labelled_files import read_labelled
from newsgate.tasks.reading import ReadOptions
from newsgate.worker.settings import load_settings
from tests.labelled import labelled_posts

CUT = "warning: the compressed file ends early: its last rows are missing"
COMMANDS = (("evaluate",), ("labels", "import"))


def run(command: tuple[str, ...], file: Path) -> Result:
    return CliRunner().invoke(newsgate, [*command, str(file)], catch_exceptions=False)


def labelled(count: int) -> str:
    return "text,label\n" + "".join(f"{text},{label}\n" for text, label in labelled_posts(count, seed=5))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_truncated_file_is_used_as_far_as_it_goes_and_the_rest_is_missed(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    file = tmp_path / "cut.csv.gz"
    # Stored, not deflated: the cut then falls behind a row.
    whole = gzip.compress(labelled(60).encode(), 0)
    file.write_bytes(whole[: whole.index(b"\n", len(whole) // 2) + 1])
    done = run(command, file)
    assert done.exit_code == 3
    assert CUT in done.stderr.splitlines()
    assert "refused" not in done.stderr
    file.write_bytes(whole)
    done = run(command, file)
    assert (done.exit_code, "warning" in done.stderr) == (0, False)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("name", "content"), [("one.csv", "text\nthe moon was sold\n"), ("one.txt", "the moon was sold today\n")]
)
@pytest.mark.parametrize("named", [(), ("--label-column", "text"), ("--label-column", "judge")])
def test_a_file_of_texts_alone_is_labelled_as_a_whole_or_not_at_all(
    command: tuple[str, ...], name: str, content: str, named: tuple[str, ...], tmp_path: Path
) -> None:
    file = tmp_path / name
    file.write_text(content)
    done = run((*command, *named), file)
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1] == (
        f"error: {name}: no column of labels stands beside the only one, 'text'. If every row is fake, add "
        "--label fake; if every row is real, --label real"
    )
    # One side alone measures nothing.
    assert run((*command, "--label", "fake"), file).exit_code == (1 if command == ("evaluate",) else 0)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_without_labels_may_be_of_one_side(command: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "True.csv"
    file.write_text("title,text,subject\nBridge,The bridge reopened at noon.,roads\n")
    done = run(command, file)
    assert done.stderr.splitlines()[-1] == (
        "error: True.csv: no column 'label' among: 'title', 'text', 'subject'. Name one of them with --label-column. "
        "If every row is fake, add --label fake; if every row is real, --label real"
    )
    # Whoever typed a column's name has one.
    assert "--label fake" not in run((*command, "--label-column", "labels"), file).stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_how_a_file_was_read_is_told(command: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "latin.csv"
    file.write_bytes(labelled(4).encode() + "un café très réussi,real\n".encode("cp1252"))
    done = run(command, file)
    assert done.exit_code == 0
    assert done.stderr.startswith("note: ")
    assert "cp1252" in done.stderr.splitlines()[0]


def test_evaluate_says_which_rows_were_refused_and_why(tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text("text,label\none,fake\n" + ",real\n" * 6 + "a,b,c\ntwo,real\nthree,maybe\n")
    done = run(("evaluate",), file)
    assert done.exit_code == 3
    assert done.stdout.startswith("model")
    assert done.stderr.splitlines() == [
        "warning: labels ignored: 1 row had labels other than fake or real, such as 'maybe'",
        f"{file}: 2 labelled rows, 7 refused, 1 without fake or real",
        *(f"  row {row}: empty text" for row in range(3, 8)),
        "  and 2 more",
    ]


def test_a_file_of_refused_rows_alone_says_why(tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text("text,label\n,fake\n,real\n")
    done = run(("evaluate",), file)
    assert done.exit_code == 1
    assert "no row says fake or real in column 'label'; 2 were refused, row 2: empty text" in done.stderr


def test_of_an_export_with_a_row_for_each_judgement_what_most_people_say_counts(tmp_path: Path) -> None:
    said = {
        "most say real": ("fake", "real", "real"),
        "as many say fake": ("fake", "real"),
        "all say fake": ("fake", "fake"),
        "one alone": ("real",),
    }
    rows = [
        {"text": text, "label": label, "answer": "accept", "_annotator_id": f"person {number}"}
        for text, labels in said.items()
        for number, label in enumerate(labels)
    ]
    # One who says both says nothing, and one who says it three times says it once.
    rows += [
        {**rows[0], "text": "most say real", "_annotator_id": "both", "label": label} for label in ("fake", "real")
    ]
    rows += [rows[0], rows[0]]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    file = read_labelled(str(path), options=ReadOptions(), settings=load_settings(home=tmp_path / "home"))
    assert file.pairs == (
        ("most say real", "real"),
        ("all say fake", "fake"),
        ("all say fake", "fake"),
        ("one alone", "real"),
    )
    assert (file.unlabelled, file.unlabelled_texts) == (1, ("as many say fake",))
