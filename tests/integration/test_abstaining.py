"""Rows that are called unsure: what `--max-error` changes in results, classify and evaluate, and what it refuses."""

from __future__ import annotations

import csv
import io
import json
import math
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from newsgate.db.results import ResultFilter, SureRows, count_sure, read_results
from newsgate.db.session import Database
from newsgate.main import newsgate
from newsgate.model.abstention import record_risk_coverage, threshold_for
from newsgate.tasks.running.open_database import open_database
from newsgate.worker.settings import load_settings
from tests.bundles import contrary_bundle, measured_on, scores_of, store_bundle
from tests.desk import Desk
from tests.texts import posts

ROWS = 60
MAX_ERROR = 0.35
FIGURES = ["model", "rows", "accuracy", "weighted_f1", "macro_f1", "ece", "coverage", "confusion"]


def held_back() -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], list[str]]:
    """Scores of texts, and true labels that are as often fake as the scores say."""
    p_fake = scores_of(contrary_bundle(), posts(400, seed=9)).p_fake
    return p_fake, np.where(np.random.default_rng(0).random(400) < p_fake, "fake", "real").tolist()


RECORD = record_risk_coverage(*held_back())
THRESHOLD = threshold_for(RECORD, max_error=MAX_ERROR)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a batch of `ROWS` rows, classified by a model with a record; both have number 1."""
    folder = tmp_path_factory.mktemp("prepared")
    with local_desk(folder) as desk:
        bundle = measured_on(contrary_bundle(), posts(400, seed=8))
        store_bundle(desk.database, bundle, name="with a record", changed={"abstention": RECORD.as_json()})
        desk.work_off(desk.enqueue(ROWS, seed=9, model=1))
    return folder


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Desk]:
    """The desk of the database that the commands open; empty."""
    with local_desk(tmp_path) as desk:
        yield desk


@pytest.fixture
def batch(prepared: Path, tmp_path: Path) -> int:
    """The prepared batch, in the database that the commands open."""
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    return 1


@contextmanager
def local_desk(folder: Path) -> Iterator[Desk]:
    database = open_database(load_settings(home=folder / "home"))
    try:
        yield Desk(database, folder)
    finally:
        database.close()


def without_record(database: Database, **changed: object) -> int:
    return store_bundle(database, contrary_bundle(), name="an old one", changed={"abstention": None, **changed})


def run(*arguments: object) -> Result:
    return CliRunner().invoke(newsgate, [str(each) for each in arguments])


def rows_of(done: Result) -> list[dict[str, str]]:
    assert done.exit_code == 0, done.stderr
    return list(csv.DictReader(io.StringIO(done.stdout)))


def labels_for(p_fakes: list[float], threshold: float) -> list[str]:
    return ["unsure" if max(p, 1 - p) < threshold else "fake" if p >= 0.5 else "real" for p in p_fakes]


# Results


def test_rows_inside_the_band_are_unsure_and_keep_their_score(batch: int) -> None:
    before = rows_of(run("results", batch))
    done = run("results", batch, "--max-error", MAX_ERROR)
    after = rows_of(done)
    expected = labels_for([float(row["p_fake"]) for row in before], THRESHOLD)
    assert 0 < expected.count("unsure") < ROWS
    assert [row["label"] for row in after] == expected
    assert [{**row, "label": ""} for row in after] == [{**row, "label": ""} for row in before]
    unsure = expected.count("unsure")
    lines = done.stderr.splitlines(keepends=True)
    assert lines[0] == (
        f"batch {batch}: {unsure} of {ROWS} rows are unsure, coverage {1 - unsure / ROWS:.2%}; "
        f"unsure is p_fake above {1 - THRESHOLD:.6f} and below {THRESHOLD:.6f}\n"
    )
    assert lines[1].startswith(f"batch {batch}: an error of {MAX_ERROR} is promised: its texts are like those ")
    assert len(lines) == 2


def test_the_three_labels_part_the_rows_in_every_form(batch: int) -> None:
    whole = {row["item"]: row["label"] for row in rows_of(run("results", batch, "--max-error", MAX_ERROR))}
    seen: dict[str, str] = {}
    for label in ("fake", "real", "unsure"):
        options = ("--max-error", MAX_ERROR, "--label", label)
        as_json = run("results", batch, *options, "--format", "jsonl")
        part = {str(row["item"]): row["label"] for row in map(json.loads, as_json.stdout.splitlines())}
        assert set(part.values()) <= {label}
        table = run("results", batch, *options, "--format", "table").stdout.splitlines()[1:]
        # The last line names the model.
        assert [line.split()[0::2][:2] for line in table[:-1]] == [[item, label] for item in part]
        # The line is about the whole batch, whatever was selected.
        assert f"{list(whole.values()).count('unsure')} of {ROWS} rows are unsure" in as_json.stderr
        seen |= part
    assert seen == whole


def test_without_a_wanted_error_nothing_is_unsure(batch: int) -> None:
    done = run("results", batch)
    assert {row["label"] for row in rows_of(done)} == {"fake", "real"}
    assert "unsure" not in done.stderr
    refused = run("results", batch, "--label", "unsure")
    assert refused.exit_code == 2
    assert "--max-error" in refused.stderr


def test_classify_shows_the_first_rows_on_a_terminal_and_counts_all(
    batch: int, prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing is classified here: the batch is done.
    monkeypatch.setattr("newsgate.tasks.running.local_system.is_up", lambda _: True)
    monkeypatch.setattr("newsgate.commands.classify.stdout_is_terminal", lambda: True)
    labels = [row["label"] for row in rows_of(run("results", batch))]
    told = f"batch {batch}: {labels.count('fake')} fake, {labels.count('real')} real"
    file = prepared / f"posts-{ROWS}-9.csv"
    options = ("classify", file, "--model", 1, "--format", "table")
    first = run(*options)
    assert len(first.stdout.splitlines()) == 20 + 2
    assert f"{told}. These are the first 20 rows: --all prints all, -o FILE writes them\n" in first.stderr
    everything = run(*options, "--all")
    assert len(everything.stdout.splitlines()) == ROWS + 2
    assert f"{told}\n" in everything.stderr
    assert len(run(*options, "--limit", 3).stdout.splitlines()) == 3 + 2
    unsure = run(*options, "--max-error", MAX_ERROR)
    counts = [
        labels_for([float(row["p_fake"]) for row in rows_of(run("results", batch))], THRESHOLD).count(label)
        for label in ("fake", "real", "unsure")
    ]
    assert f"batch {batch}: {counts[0]} fake, {counts[1]} real, {counts[2]} unsure. These" in unsure.stderr
    assert len(run("classify", file, "--model", 1, "--format", "csv").stdout.splitlines()) == ROWS + 1
    assert run(*options, "--all", "--limit", 3).exit_code == 2
    monkeypatch.setattr("newsgate.commands.classify.stdout_is_terminal", lambda: False)
    assert len(run(*options).stdout.splitlines()) == ROWS + 2


def test_an_error_too_small_to_be_proven_leaves_every_row_unsure(batch: int) -> None:
    done = run("results", batch, "--max-error", 0.0001)
    assert {row["label"] for row in rows_of(done)} == {"unsure"}
    assert f"{ROWS} of {ROWS} rows are unsure, coverage 0.00%; no confidence kept so small an error" in done.stderr


def test_an_error_that_every_row_keeps_leaves_none_unsure(batch: int) -> None:
    done = run("results", batch, "--max-error", 0.99)
    assert {row["label"] for row in rows_of(done)} == {"fake", "real"}
    assert "coverage 100.00%" in done.stderr


@pytest.mark.parametrize("max_error", ["0", "1", "-0.1", "2"])
def test_an_error_that_is_no_share_is_wrong_usage(max_error: str) -> None:
    assert run("results", 1, "--max-error", max_error).exit_code == 2


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"abstention": {"rows": 3, "steps": []}},
        {"abstention": {"steps": 7}},
        {"abstention": {"rows": float("inf"), "steps": [{"threshold": 0.5, "rows": 3, "mistakes": 0}]}},
    ],
)
def test_a_model_without_a_record_says_what_to_do(local: Desk, changed: dict[str, object]) -> None:
    model = without_record(local.database, **changed)
    batch = local.enqueue(3, model=model)
    local.work_off(batch)
    done = run("results", batch, "--max-error", 0.02)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: model {model} has ")
    assert "Train it again" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_rows_without_a_score_are_neither_sure_nor_unsure(desk: Desk) -> None:
    batch = desk.enqueue(20)
    desk.finish(batch, failing=(3, 4))
    with desk.database.read() as connection:
        for threshold, label in ((0.9, "real"), (0.900001, "unsure"), (math.inf, "unsure")):
            wanted = ResultFilter(batch, threshold=threshold)
            found = list(read_results(connection, wanted))
            assert [row.label for row in found if row.error is None] == [label] * 18
            assert [row.label for row in found if row.error is not None] == [None] * 2
            sure = 18 if label == "real" else 0
            assert count_sure(connection, wanted, threshold=threshold) == SureRows(rows=18, sure=sure)
            assert len(list(read_results(connection, ResultFilter(batch, "real", threshold=threshold)))) == sure
            assert len(list(read_results(connection, ResultFilter(batch, "unsure", threshold=threshold)))) == 18 - sure


def test_a_batch_without_scores_says_so(local: Desk) -> None:
    store_bundle(local.database, contrary_bundle(), name="with a record", changed={"abstention": RECORD.as_json()})
    batch = local.enqueue(3, model=1)
    assert f"batch {batch}: no row has a score yet" in run("results", batch, "--max-error", 0.2).stderr


# Classify


def test_classify_passes_the_wanted_error_on(batch: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As if `newsgate up` ran: the batch is finished, so nothing is left for a worker.
    monkeypatch.setattr("newsgate.tasks.running.local_system.is_up", lambda settings: True)
    done = run("classify", tmp_path / f"posts-{ROWS}-9.csv", "--model", 1, "--max-error", MAX_ERROR)
    assert rows_of(done) == rows_of(run("results", batch, "--max-error", MAX_ERROR))
    assert "rows are unsure" in done.stderr


def test_classify_refuses_a_model_without_a_record_before_it_stores_the_file(local: Desk) -> None:
    model = without_record(local.database)
    file = local.folder / "new.csv"
    file.write_text("text\nnobody has read this before\n")
    done = run("classify", file, "--model", model, "--max-error", MAX_ERROR)
    assert done.exit_code == 1
    assert "no record" in done.stderr
    assert run("status").stderr.startswith("no batches yet")


# Evaluate


@pytest.fixture
def labelled(batch: int, tmp_path: Path) -> Path:
    path = tmp_path / "labelled.csv"
    _, labels = held_back()
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("text", "label"), *zip(posts(400, seed=9), labels, strict=True)])
    return path


def test_evaluate_reports_coverage_and_error_at_the_wanted_error(labelled: Path) -> None:
    plain = json.loads(run("evaluate", labelled, "--model", 1, "--format", "json").stdout)
    assert list(plain) == FIGURES
    assert plain["coverage"] == 1.0
    done = run("evaluate", labelled, "--model", 1, "--format", "json", "--max-error", MAX_ERROR)
    figures = json.loads(done.stdout)
    assert list(figures) == [*FIGURES, "max_error", "error"]
    assert figures["max_error"] == MAX_ERROR
    # The file is the one that the threshold was chosen on, but for rounding by the reader.
    assert 0 < figures["error"] <= MAX_ERROR
    assert 0 < figures["coverage"] < 1
    assert {key: figures[key] for key in FIGURES if key != "coverage"} == {
        key: plain[key] for key in FIGURES if key != "coverage"
    }
    assert f"coverage {figures['coverage']:.2%}" in done.stderr
    table = run("evaluate", labelled, "--model", 1, "--max-error", MAX_ERROR).stdout.splitlines()
    assert table[0].split()[-2:] == ["coverage", "error"]
    assert table[1].split()[-2:] == [f"{figures['coverage']:.4f}", f"{figures['error']:.4f}"]


def test_evaluate_has_no_error_where_nothing_is_labelled(labelled: Path) -> None:
    figures = json.loads(run("evaluate", labelled, "--model", 1, "--format", "json", "--max-error", 0.0001).stdout)
    assert (figures["coverage"], figures["error"]) == (0.0, None)


def test_evaluate_refuses_a_wanted_error_without_a_record(local: Desk, tmp_path: Path) -> None:
    model = without_record(local.database)
    file = tmp_path / "labelled.csv"
    file.write_text("text,label\none,fake\ntwo,real\n")
    done = run("evaluate", file, "--model", model, "--max-error", 0.1)
    assert done.exit_code == 1
    assert "Train it again" in done.stderr


def test_evaluate_draws_the_reliability_diagram(labelled: Path, tmp_path: Path) -> None:
    picture = tmp_path / "reliability.svg"
    done = run("evaluate", labelled, "--model", 1, "--format", "json", "--reliability", picture)
    ece = json.loads(done.stdout)["ece"]
    texts = [each.text for each in ET.parse(picture).iter("{http://www.w3.org/2000/svg}text")]
    assert f"model 1 on labelled.csv: ECE {ece:.3f}" in texts
    assert sum(int(each) for each in texts if each and each.isdigit()) == 400
    assert done.stderr.splitlines()[-1] == f"{picture}: the reliability diagram"


def test_an_output_in_no_folder_is_told_in_one_line(labelled: Path, tmp_path: Path) -> None:
    nowhere = tmp_path / "no" / "folder"
    for command in (
        ("results", 1, "-o", nowhere),
        ("evaluate", labelled, "--reliability", nowhere),
        ("labels", "export", "-o", nowhere),
        ("review", "--export", nowhere),
    ):
        done = run(*command)
        assert done.exit_code == 1
        assert done.stderr.splitlines()[-1] == f"error: {nowhere}: it cannot be written: No such file or directory"


# Groups that are commands too


@pytest.mark.parametrize("group", ["models", "labels"])
def test_a_group_without_a_subcommand_tells_its_error_in_one_line(
    group: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWSGATE_DATABASE_URL", f"sqlite:///{tmp_path}")
    done = run(group)
    assert done.exit_code == 1
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1
