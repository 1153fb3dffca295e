"""What is promised of a batch, and how it is told: on what the texts are like, and on what people said of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import update

from newsgate.db.judgement_tables import labels
from newsgate.db.label_retraction import retract_latest_label
from newsgate.db.labels import add_labels, latest_label_id, text_hash
from newsgate.db.tables import models, verdicts
from newsgate.main import newsgate
from newsgate.model.starter import starter_bundle
from newsgate.tasks.enqueueing.enqueue import enqueue
from newsgate.tasks.enqueueing.request import Request
from newsgate.tasks.running.open_database import open_database
from newsgate.worker.settings import load_settings
from tests.bundles import remade, store_bundle
from tests.desk import Desk
from tests.texts import posts

ROWS = 120
MAX_ERROR = 0.3


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of two batches of one kind: the starter, model 1, was measured on neither.

    Model 2 is the starter with the first batch as what it was measured on.
    """
    folder = tmp_path_factory.mktemp("prepared")
    database = open_database(load_settings(home=folder / "home"))
    desk = Desk(database, folder)
    desk.work_off(desk.enqueue(ROWS, seed=1))
    told = run_at(folder, "status", 1, "--json", "--max-error", MAX_ERROR)
    assert json.loads(told.stdout)["promise"]["why"] == "unlike"
    from newsgate.model.classifier import Classifier
    from newsgate.model.score_summary import summarise

    reference = summarise(Classifier.from_bundle_bytes(starter_bundle()).classify(posts(400, seed=7))).as_json()
    store_bundle(database, remade(starter_bundle(), familiarity=None), name="none of it")
    with database.write() as connection:
        record = connection.execute(models.select().where(models.c.number == 1)).one()
        metadata = json.dumps({**json.loads(record.metadata), "reference": reference})
        connection.execute(update(models).where(models.c.number == 1).values(metadata=metadata))
    database.close()
    return folder


@pytest.fixture
def desk(prepared: Path, tmp_path: Path) -> Iterator[Desk]:
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    database = open_database(load_settings(home=tmp_path / "home"))
    yield Desk(database, tmp_path)
    database.close()


def run_at(folder: Path, *arguments: object) -> Result:
    return CliRunner().invoke(newsgate, [str(each) for each in arguments], env={"NEWSGATE_HOME": str(folder / "home")})


def promise(desk: Desk) -> dict[str, object]:
    told = run_at(desk.folder, "status", 1, "--json", "--max-error", MAX_ERROR)
    found: dict[str, object] = json.loads(told.stdout)["promise"]
    return found


def label(desk: Desk, *, wrong: int, texts: int = 110, chosen: str = "random") -> None:
    """Label texts of the batch as the model does, but for some of them."""
    rows = {row.text: row for row in desk.results(1)}
    other = {"fake": "real", "real": "fake"}
    said = [
        (row.text, other[row.label or ""] if place < wrong else row.label or "")
        for place, row in enumerate(list(rows.values())[:texts])
    ]
    with desk.database.write() as connection:
        add_labels(connection, said, labelled_by="ann", chosen=chosen)


def test_a_batch_that_is_like_what_was_measured_is_promised(desk: Desk) -> None:
    told = promise(desk)
    assert (told["promised"], told["why"], told["judged_rows"]) == (True, "alike", 0)
    done = run_at(desk.folder, "results", 1, "--max-error", MAX_ERROR, "--strict")
    assert done.exit_code == 0
    assert f"batch 1: an error of {MAX_ERROR} is promised: its texts are like those" in done.stderr


def test_labels_that_prove_it_take_over(desk: Desk) -> None:
    label(desk, wrong=0)
    told = promise(desk)
    assert (told["promised"], told["why"]) == (True, "proven")
    assert told["least_confidence"] == 0.5
    assert (
        "labels that people gave on a random share of it show that"
        in run_at(desk.folder, "results", 1, "--max-error", MAX_ERROR).stderr
    )


def test_labels_that_refute_it_take_the_promise_back_and_every_label(desk: Desk) -> None:
    label(desk, wrong=110)
    told = promise(desk)
    assert (told["promised"], told["why"], told["least_confidence"]) == (False, "refuted", None)
    done = run_at(desk.folder, "results", 1, "--max-error", MAX_ERROR, "--format", "jsonl")
    assert {json.loads(line)["label"] for line in done.stdout.splitlines()} == {"unsure"}
    assert "warning: batch 1: an error of 0.3 is not promised: labels that people gave" in done.stderr
    page = run_at(desk.folder, "report", 1, "--max-error", MAX_ERROR, "-o", desk.folder / "page.html")
    assert page.exit_code == 0
    assert "An error of 0.3 is not promised" in (desk.folder / "page.html").read_text(encoding="utf-8")


def test_labels_of_texts_that_somebody_picked_prove_nothing(desk: Desk) -> None:
    label(desk, wrong=0, chosen="uncertain")
    assert promise(desk)["why"] == "alike"


def test_labels_that_were_picked_count_where_random_ones_are_drawn_from_the_rest(desk: Desk) -> None:
    rows = sorted({row.text: row for row in desk.results(1)}.values(), key=lambda row: abs((row.p_fake or 0) - 0.5))
    other = {"fake": "real", "real": "fake"}
    doubtful = [(row.text, other[row.label or ""]) for row in rows[:45]]
    rest = [(row.text, row.label or "") for row in rows[45:100]]
    with desk.database.write() as connection:
        add_labels(connection, doubtful, labelled_by="ann", chosen="uncertain")
        add_labels(connection, rest, labelled_by="ann", chosen="random")
    told = promise(desk)
    # 45 of some 110 texts are wrong, and all of the random ones are right.
    assert told["judged_rows"] == 55
    assert told["why"] == "refuted" or float(str(told["least_confidence"])) > 0.5


def test_labels_that_are_older_than_the_batch_are_no_random_share_of_it(desk: Desk) -> None:
    label(desk, wrong=0)
    with desk.database.write() as connection:
        connection.execute(update(labels).values(labelled_at=datetime(2020, 1, 1, tzinfo=UTC)))
    told = promise(desk)
    assert (told["why"], told["judged_rows"]) == ("alike", 0)


def test_labels_that_trained_the_model_are_no_random_share_of_it_taken_back_or_not(desk: Desk) -> None:
    label(desk, wrong=0, chosen="import", texts=60)
    with desk.database.write() as connection:
        learned = latest_label_id(connection)
        record = connection.execute(models.select().where(models.c.number == 1)).one()
        metadata = json.dumps({**json.loads(record.metadata), "corpus": {"label_id": learned}})
        connection.execute(update(models).where(models.c.number == 1).values(metadata=metadata))
        for text in dict.fromkeys(row.text for row in desk.results(1)[:30]):
            assert retract_latest_label(connection, text_hash(text), labelled_by="ann")
    label(desk, wrong=0, texts=110)
    assert promise(desk)["judged_rows"] == 110 - 60


def test_an_unlike_batch_is_told_widened_and_refused_where_one_is_strict(desk: Desk) -> None:
    file = desk.folder / "hotels.csv"
    reviews = [f"The room at hotel {n} was lovely and the breakfast by the lake was superb." for n in range(40)]
    file.write_text("\n".join(["text", *reviews]) + "\n", encoding="utf-8")
    batch = enqueue(Request(str(file)), settings=desk.settings, database=desk.database).batch
    desk.work_off(batch)
    told = json.loads(run_at(desk.folder, "status", batch, "--json", "--max-error", MAX_ERROR).stdout)
    assert told["unfamiliar"] == 40
    assert (told["promise"]["promised"], told["promise"]["why"]) == (False, "unlike")
    assert told["promise"]["separation"] > 0.55
    assert told["promise"]["widened_to"] < MAX_ERROR
    unsure = run_at(desk.folder, "results", batch, "--max-error", MAX_ERROR, "--strict")
    assert (unsure.exit_code, unsure.stdout) == (1, "")
    assert len([line for line in unsure.stderr.splitlines() if line.startswith("error: ")]) == 1
    done = run_at(desk.folder, "status", batch)
    assert "warning: batch 2: model 1 has not learned from texts like these: 40 of 40 rows" in done.stderr
    page = run_at(desk.folder, "report", batch)
    assert "The model has not learned from texts like these" in page.stdout


@pytest.mark.parametrize("command", ["results", "report"])
def test_strict_without_an_error_is_wrong_usage(desk: Desk, command: str) -> None:
    assert run_at(desk.folder, command, 1, "--strict", "-o", desk.folder / "page.html").exit_code == 2


# Familiarity in results


def test_familiarity_stands_beside_the_verdict_and_rows_are_found_by_it(desk: Desk) -> None:
    rows = desk.results(1)
    values = sorted(row.familiarity for row in rows if row.familiarity is not None)
    assert len(values) == len(rows) == ROWS
    middle = values[ROWS // 2]
    for form in (["--format", "jsonl"], ["--own-columns", "--format", "jsonl"]):
        done = run_at(desk.folder, "results", 1, "--max-familiarity", middle, *form)
        found = [json.loads(line)["familiarity"] for line in done.stdout.splitlines()]
        assert sorted(found) == [value for value in values if value <= middle]


def test_rows_of_a_model_that_cannot_tell_have_none_and_a_filter_says_so(desk: Desk) -> None:
    batch = desk.enqueue(30, seed=3, model=2)
    desk.work_off(batch)
    assert {row.familiarity for row in desk.results(batch)} == {None}
    done = run_at(desk.folder, "results", batch, "--max-familiarity", 1, "--format", "jsonl")
    assert done.stdout == ""
    assert "30 of 30 rows have no familiarity: model 2 or the worker" in done.stderr


def test_a_row_of_a_worker_from_before_is_whole(desk: Desk) -> None:
    with desk.database.write() as connection:
        connection.execute(update(verdicts).where(verdicts.c.item_id == 1).values(familiarity=None))
    desk.assert_sound()
    assert desk.results(1)[0].familiarity is None
