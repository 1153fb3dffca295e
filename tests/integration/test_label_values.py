"""What the commands say about labels in the shapes that people have, and what they make of them."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from newsgate.console.training_files import read_training_files
from newsgate.enqueue import enqueue as enqueue_program
from newsgate.main import newsgate
from newsgate.tasks.models.labelled_files import labelled_texts
from newsgate.tasks.reading import ReadOptions
from newsgate.tasks.running.open_database import open_database
from newsgate.worker.settings import load_settings
from tests.labels import said

NUMBERS = "text,label\nthe moon was sold,1\nthe bridge reopened,0\n"
LABELLED = {"the moon was sold": "fake", "the bridge reopened": "real"}
SCALE = "text,truth\n" + "".join(
    f"claim {number} of the town,{value}\n"
    for number, value in enumerate(("pants-fire", "false", "barely-true", "half-true", "mostly-true", "true"))
)


class Typed:
    """Types commands about files in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file(self, name: str, content: str) -> Path:
        (self.folder / name).write_text(content, encoding="utf-8", newline="")
        return self.folder / name

    def newsgate(self, line: str) -> Result:
        return CliRunner().invoke(newsgate, self._words(line), catch_exceptions=False)

    def enqueue(self, line: str) -> Result:
        return CliRunner().invoke(enqueue_program, self._words(line), catch_exceptions=False)

    def stored(self) -> dict[str, str]:
        database = open_database(load_settings())
        try:
            return said(database)
        finally:
            database.close()

    def _words(self, line: str) -> list[str]:
        there = {path.name for path in self.folder.iterdir()}
        return [str(self.folder / word) if word in there else word for word in shlex.split(line)]


@pytest.fixture
def typed(tmp_path: Path) -> Typed:
    return Typed(tmp_path)


@pytest.mark.parametrize("command", ["evaluate a.csv", "labels import a.csv", "train a.csv", "enqueue a.csv"])
def test_bare_numbers_are_asked_about_and_the_proposed_option_is_taken(command: str, typed: Typed) -> None:
    typed.file("a.csv", NUMBERS)
    if command.startswith("enqueue"):
        command += " --label-column label"
    asked = typed.newsgate(command)
    assert (asked.exit_code, asked.stdout) == (1, "")
    assert asked.stderr == (
        "error: a.csv: column 'label' holds 0 (1 row) and 1 (1 row): 0 and 1 mean opposite things in different files. "
        "Say which is which: --labels fake=1,real=0 or --labels fake=0,real=1\n"
    )
    if command.startswith("train"):
        return
    done = typed.newsgate(f"{command} --labels fake=1,real=0")
    assert done.exit_code == 0
    assert "note: labels in column 'label': fake is 1 (1 row); real is 0 (1 row)" in done.stderr.splitlines()
    assert typed.stored() == ({} if command.startswith("evaluate") else LABELLED)


def test_another_meaning_of_the_same_file_is_another_batch(typed: Typed) -> None:
    typed.file("a.csv", NUMBERS)
    for line in ("a.csv", "a.csv --labels fake=1,real=0", "a.csv --labels fake=0,real=1", "a.csv --label fake"):
        assert typed.enqueue(line).exit_code == 0
    again = typed.enqueue("a.csv --labels fake=1,real=0")
    assert "holds" not in again.stderr
    assert "resumed as batch 2" in again.stderr


def test_a_scale_is_divided_where_a_person_says_and_the_rest_is_no_label(typed: Typed) -> None:
    typed.file("liar.csv", SCALE)
    asked = typed.newsgate("labels import liar.csv --text-column text")
    assert asked.exit_code == 1
    assert "a scale" in asked.stderr
    option = "--labels 'fake=pants-fire,false,barely-true;real=mostly-true,true'"
    done = typed.newsgate(f"labels import liar.csv {option}")
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (0, "5 labels stored, 1 without an answer")
    labels = ("fake", "fake", "fake", None, "real", "real")
    assert typed.stored() == {f"claim {n} of the town": label for n, label in enumerate(labels) if label}
    for command, refused in (("labels import", "row 5 was refused: "), ("evaluate", "  row 5: ")):
        strict = typed.newsgate(f"{command} liar.csv {option} --labels-strict")
        assert strict.exit_code == 3
        assert refused in strict.stderr
        assert "'half-true'" in strict.stderr


def test_a_vocabulary_that_is_understood_by_half_stops_before_anything_is_stored(typed: Typed) -> None:
    typed.file("a.csv", "text,label\n" + "".join(f"text {n},{'Fake' if n % 3 else 'Credible?'}\n" for n in range(30)))
    for line in ("labels import a.csv", "evaluate a.csv", "enqueue a.csv --label-column label"):
        done = typed.newsgate(line)
        assert done.exit_code == 1
        assert "Fake (20 rows) and 'Credible?' (10 rows): it is clear only which values say fake" in done.stderr
        assert (
            "--labels fake=Fake,real=Credible?'" in done.stderr or "--labels 'fake=Fake,real=Credible?'" in done.stderr
        )
    assert typed.stored() == {}


def test_an_option_about_other_values_than_the_files_stops_too(typed: Typed) -> None:
    typed.file("a.csv", NUMBERS)
    done = typed.newsgate("labels import a.csv --labels fake=yes,real=no")
    assert done.exit_code == 1
    assert "none of these is in --labels fake=yes,real=no" in done.stderr


def test_a_column_of_texts_is_no_column_of_labels(typed: Typed) -> None:
    typed.file("a.csv", "text,label\n" + "".join(f"text {n},link {n}\n" for n in range(1200)))
    done = typed.newsgate("evaluate a.csv")
    assert done.exit_code == 1
    assert "more than 1,000 different values" in done.stderr


def test_the_column_of_labels_is_found_by_its_name_and_said(typed: Typed) -> None:
    typed.file("a.csv", "text,is_fake\nthe moon was sold,1.0\nthe bridge reopened,False\n")
    done = typed.newsgate("labels import a.csv")
    assert "note: labels in column 'is_fake': fake is '1.0' (1 row); real is False (1 row)" in done.stderr
    assert typed.stored() == LABELLED
    typed.file("b.csv", "text,verdict,class\na,true,1\nb,false,0\n")
    assert "no column 'label' among" in typed.newsgate("labels import b.csv").stderr


def test_a_whole_file_has_one_label(typed: Typed) -> None:
    typed.file("True.csv", "text,subject\nthe bridge reopened,roads\n")
    typed.file("Fake.csv", "text,subject\nthe moon was sold,moons\n")
    assert typed.newsgate("evaluate --label real True.csv --label fake Fake.csv").exit_code == 0
    assert typed.newsgate("labels import True.csv Fake.csv --label real --label fake").exit_code == 0
    assert typed.stored() == LABELLED
    settings = load_settings()
    read = read_training_files(
        [(str(typed.folder / "True.csv"), "real"), (str(typed.folder / "Fake.csv"), "fake")],
        None,
        None,
        options=ReadOptions(),
        settings=settings,
    )
    assert labelled_texts(read.labelled).counts == {"fake": 1, "real": 1}
    swapped = typed.newsgate("evaluate --label fake True.csv --label real Fake.csv")
    assert swapped.stderr.count("every row is taken as") == 2


@pytest.mark.parametrize(
    "line",
    [
        "evaluate a.csv b.csv --label fake",
        "evaluate a.csv --label fake --label real",
        "evaluate a.csv --label fake --labels fake=1,real=0",
        "labels import a.csv --label fake --label-column label",
        "enqueue a.csv --label fake --labels-strict",
        "enqueue a.csv --labels fake=1",
    ],
)
def test_what_could_mean_two_things_is_wrong_usage(line: str, typed: Typed) -> None:
    typed.file("a.csv", NUMBERS)
    typed.file("b.csv", NUMBERS)
    done = typed.newsgate(line)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")


def test_thousands_of_refused_rows_are_told_by_what_is_wrong(typed: Typed) -> None:
    rows = "".join(f"text {n},{'fake' if n % 2 else 'real'}\n" for n in range(3000))
    bad = "".join(f",real\ntext,fake,{n}\nt {n},flase{n}\n" for n in range(900))
    typed.file("a.csv", f"text,label\n{rows}{bad}")
    done = typed.newsgate("labels import a.csv")
    lines = done.stderr.splitlines()
    assert (done.exit_code, len(lines) < 40) == (3, True)
    assert lines[-5:] == [
        "and 2,680 more; of all 2,700 refused rows:",
        "  900 of them: empty text",
        "  900 of them: has … columns where the header has … (an unquoted delimiter?)",
        "  900 of them: the label … is neither fake nor real",
        "3000 labels stored, 2700 refused",
    ]
    for line in ("enqueue a.csv", "evaluate a.csv"):
        told = typed.newsgate(line).stderr.splitlines()
        assert "  900 of them: empty text" in told
        assert len(told) < 20
