"""A retraining that goes on with the challenger an earlier attempt stored, on both databases; nothing is fitted."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest

from newsgate.db.audit import audit
from newsgate.db.jobs import JobClaim, JobFencedError, JobRecord, end_job, job_record, note_progress, take_job
from newsgate.db.labels import add_label, add_labels, latest_label_id
from newsgate.db.model_registry import add_model, champion_number, model_record
from newsgate.db.promotions import decisions_about, promote
from newsgate.db.session import Database
from newsgate.model.bundle import read_bundle
from newsgate.model.starter import starter_bundle
from newsgate.tasks.retraining.retrain import (
    RETRAIN_JOB,
    collect_labels,
    confirmed_rows,
    part_labels,
    retrain,
    too_few_labels,
)
from newsgate.tasks.retraining.trainer import make_trainer, watch
from newsgate.tasks.running.open_database import ensure_champion
from newsgate.worker.settings import load_settings
from tests.bundles import remade
from tests.labelled import labelled_posts

PERIOD = "2026-11-22T03:15"


@dataclass(frozen=True)
class Stage:
    """A database with labels, the starter as champion 1 and its twin as challenger 2."""

    database: Database

    def take(self, *, worker: str = "one", lease: float = 60) -> JobClaim:
        with self.database.write() as connection:
            claim = take_job(connection, RETRAIN_JOB, period=PERIOD, worker=worker, lease_seconds=lease, max_attempts=9)
        assert claim is not None
        return claim

    def write(self, change: Callable[[Any], Any]) -> None:
        with self.database.write() as connection:
            change(connection)

    def retrain(self, claim: JobClaim) -> JobRecord:
        retrain(claim, settings=load_settings(), database=self.database)
        return self.record()

    def record(self) -> JobRecord:
        with self.database.read() as connection:
            record = job_record(connection, RETRAIN_JOB, period=PERIOD)
        assert record is not None
        return record

    @property
    def champion(self) -> int | None:
        with self.database.read() as connection:
            return champion_number(connection)


@pytest.fixture
def stage(database: Database) -> Stage:
    assert ensure_champion(database) == 1
    starter = read_bundle(starter_bundle())
    twin = remade(starter_bundle(), metadata=replace(starter.metadata, created_at="2026-11-22T00:00:00+00:00"))
    with database.write() as connection:
        add_labels(connection, labelled_posts(40, seed=1), labelled_by="ann", chosen="direct")
        add_labels(connection, labelled_posts(240, seed=2), labelled_by="ann", chosen="test")
        metadata = read_bundle(twin).metadata.as_dict()
        assert add_model(connection, name="twin", bundle=twin, metadata=metadata) == 2
    stage = Stage(database)
    died = stage.take(lease=-1)
    stage.write(lambda connection: note_progress(connection, died, {"step": "score", "challenger": 2, "label_id": 280}))
    return stage


def test_an_attempt_goes_on_with_the_challenger_that_is_stored(stage: Stage) -> None:
    record = stage.retrain(stage.take())
    assert (record.state, record.attempt, stage.champion) == ("done", 2, 1)
    assert {"challenger": 2, "champion": 1, "promoted": False}.items() <= record.outcome.items()
    with stage.database.read() as connection:
        assert model_record(connection, 2).state == "rejected"
        (decision,) = decisions_about(connection, 2)
        assert [finding for finding in audit(connection) if not finding.holds] == []
    assert decision.reason == record.outcome["reason"]
    assert (decision.figures["rows"], decision.figures["looks"]) == (240, 1)
    assert decision.figures["challenger"]["macro_f1"] == decision.figures["champion"]["macro_f1"]


def test_a_challenger_that_a_person_promoted_meanwhile_stays_champion(stage: Stage) -> None:
    stage.write(lambda connection: promote(connection, 2, reason="I like it", figures={}))
    record = stage.retrain(stage.take())
    assert (record.state, stage.champion) == ("done", 2)
    assert record.outcome["reason"] == "a person made it champion meanwhile"
    with stage.database.read() as connection:
        assert [each.reason for each in decisions_about(connection, 2)] == ["I like it"]


@pytest.mark.parametrize("trained_on", [["fake"] * 301, ["fake"] * 300 + ["real"], []], ids=["one", "one real", "none"])
def test_labels_that_no_model_can_be_trained_on_skip_the_period_and_say_why(
    database: Database, trained_on: list[str]
) -> None:
    ensure_champion(database)
    texts = [text for text, _ in labelled_posts(301, seed=1)]
    with database.write() as connection:
        add_labels(connection, list(zip(texts, trained_on, strict=False)), labelled_by="ann", chosen="direct")
        add_labels(connection, labelled_posts(240, seed=2), labelled_by="ann", chosen="test")
    stage = Stage(database)
    record = stage.retrain(stage.take())
    assert (record.state, stage.champion) == ("skipped", 1)
    said = r"no model can be trained on the labels: .+: label more texts, fake and real"
    assert re.fullmatch(said, record.outcome["reason"])


def test_an_attempt_that_was_taken_over_decides_nothing(stage: Stage) -> None:
    late = stage.take(lease=-1)
    stage.take(worker="two")
    with pytest.raises(JobFencedError):
        stage.retrain(late)
    assert stage.record().state == "running"
    with stage.database.read() as connection:
        assert model_record(connection, 2).state == "candidate"
        assert decisions_about(connection, 2) == []


def test_labels_count_as_new_from_the_last_training_on(stage: Stage) -> None:
    def why() -> dict[str, Any] | None:
        with stage.database.read() as connection:
            assert latest_label_id(connection) >= 280
            return too_few_labels(connection, needed=10)

    assert why() is None
    stage.retrain(stage.take())
    assert why() == {
        "reason": "0 labels are new since the last training, fewer than 10",
        "new_labels": 0,
        "needed": 10,
        "since_label_id": 280,
    }
    more = labelled_posts(10, seed=3)
    stage.write(lambda connection: add_labels(connection, more, labelled_by="ann", chosen="direct"))
    assert why() is None


def test_a_training_process_that_has_stored_its_result_ends_in_its_own_time(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    claim = stage.take()
    stage.write(lambda connection: end_job(connection, claim, state="done", outcome={}))
    trainer = make_trainer(load_settings(training_lease_seconds=1), stage.database)
    # TensorFlow takes some time to go.
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1)"]) as process:
        assert watch(process, claim, trainer) is None
        assert process.poll() == 0
    assert caplog.messages == []


def test_a_training_that_another_trainer_took_over_is_let_go(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    claim = stage.take(lease=-1)
    stage.take(worker="two")
    trainer = make_trainer(load_settings(training_lease_seconds=1), stage.database)
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        assert watch(process, claim, trainer) is None
        assert process.poll() is None
        process.kill()
    assert caplog.messages == [f"the retraining of {PERIOD} is not this trainer's any more"]


def test_a_label_that_was_confirmed_once_is_no_suspect_whoever_says_so_later(stage: Stage) -> None:
    wrong = "the moon is made of green cheese and the mayor sold it"
    for chosen, by in (("direct", "ann"), ("suspect", "bob"), ("import", "cem")):
        stage.write(partial(add_label, text=wrong, label="fake", labelled_by=by, chosen=chosen))
    labels = collect_labels(stage.database, up_to=None)
    assert confirmed_rows(part_labels(labels), labels) == [part_labels(labels).train.texts.index(wrong)]
    stage.write(lambda connection: add_label(connection, wrong, "real", labelled_by="dee", chosen="direct"))
    labels = collect_labels(stage.database, up_to=None)
    assert confirmed_rows(part_labels(labels), labels) == []
