"""Retraining with the real programs: a better model is promoted, a worse one is not, and no kill costs the champion."""

from __future__ import annotations

import json
import os
import random
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import Connection, text

from newsgate.db.jobs import JobRecord, job_record
from newsgate.db.labels import add_labels
from newsgate.db.model_registry import champion_number
from newsgate.tasks.retraining.retrain import RETRAIN_JOB, STEPS
from newsgate.tasks.running.open_database import ensure_champion
from tests.labelled import labelled_posts
from tests.programs import World, children_named, kill_tree
from tests.services import PostgresServer, free_port, wait_until
from tests.texts import write_posts

SMALL = {
    "vocabulary_size": 1200,
    "embedding_width": 16,
    "lstm_units": 8,
    "max_tokens": 32,
    "learning_rate": 0.01,
    "teacher": "none",
    "variants": 0,
    "dropout": 0.5,
    "word_dropout": 0.4,
    "batch_rows": 32,
}
# A month in which no period ends while a test runs.
QUICK = {
    "NEWSGATE_UP_TRAINS": "yes",
    "NEWSGATE_RETRAIN_CRONTAB": "0 0 1 1 *",
    "NEWSGATE_RETRAIN_RECIPE": json.dumps({**SMALL, "max_epochs": 4}),
    "NEWSGATE_TRAINING_LEASE_SECONDS": "2",
    "NEWSGATE_TRAINING_SWEEP_SECONDS": "0.5",
    "NEWSGATE_TRAINING_ATTEMPTS": "50",
}
HASTY = {**QUICK, "NEWSGATE_RETRAIN_RECIPE": json.dumps({**SMALL, "max_epochs": 1})}
# Half a minute where nothing else runs; a training is the last that a busy machine finds time for.
TRAINING_SECONDS = 300
# Any fixed number: the lock at which a training is held.
_HELD_AT = 99


def give_labels(world: World, *, train: int, test: int) -> list[str]:
    """Give the database its labels; gives the texts that may be trained on."""
    direct = labelled_posts(train, seed=1)
    with world.database.write() as connection:
        add_labels(connection, direct, labelled_by="ann", chosen="direct")
        add_labels(connection, labelled_posts(test, seed=2), labelled_by="ann", chosen="test")
    return [each for each, _ in direct]


def champion(world: World) -> int | None:
    with world.database.read() as connection:
        return champion_number(connection)


def job(world: World) -> JobRecord | None:
    """The scheduled retraining; the one by hand has another period."""
    with world.database.read() as connection:
        year = connection.execute(text("select max(period) from jobs where period not like '%hand'")).scalar()
        return job_record(connection, RETRAIN_JOB, period=str(year))


def step(world: World) -> str | None:
    record = job(world)
    return record.outcome.get("step") if record else None


def trainings(pid: int) -> list[psutil.Process]:
    """The training processes below a process."""
    return children_named(pid, "newsgate.tasks.retraining.training_process")


def finished(world: World) -> bool:
    record = job(world)
    return record is not None and record.state == "done"


def shown(world: World, model: int) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(world.run("newsgate", "models", "show", str(model)).out)
    return facts


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_a_better_model_is_promoted_a_worse_one_rejected_and_a_champion_rolled_back(
    alone: World, tmp_path: Path
) -> None:
    world = replace(alone, extra=QUICK)
    texts = give_labels(world, train=1500, test=500)
    with world.started("up"):
        # Nobody rang: the trainer finds out by itself that retraining is due.
        wait_until(lambda: finished(world), what="the first retraining is done", seconds=TRAINING_SECONDS)
        assert champion(world) == 2
        assert world.enqueue(write_posts(tmp_path / "first.csv", 300), "--wait")["model"] == 2
        story = shown(world, 2)
        # Of 750 labels of each kind, 5% at most are suspect: 37.
        assert story["corpus"]["counts"] == {"train": 1426, "judging": 500}
        assert story["corpus"]["label_id"] == 2000
        assert len(story["corpus"]["fingerprint"]) == 64

        flip = random.Random(3)
        with world.database.write() as connection:
            nonsense = [(each, flip.choice(("fake", "real"))) for each in texts]
            add_labels(connection, nonsense, labelled_by="vandal", chosen="direct")
        again = world.run("newsgate", "retrain", "--json")
        assert again.code == 0, again.err
        assert "model 3 was rejected, compared with model 2: not shown to be right more often" in again.err
        assert {"state": "done", "challenger": 3, "champion": 2, "promoted": False}.items() <= json.loads(
            again.out
        ).items()
        (decision,) = shown(world, 3)["decisions"]
        figures = decision["figures"]
        assert (shown(world, 3)["state"], figures["rows"], figures["looks"]) == ("rejected", 500, 1)
        assert figures["challenger"]["accuracy"] < figures["champion"]["accuracy"] - 0.1
        assert champion(world) == 2

        under_way = world.enqueue(write_posts(tmp_path / "long.csv", 8000, seed=1))
        wait_until(lambda: world.status(under_way["batch"]).done > 0, what="a run by model 2 is under way")
        back = world.run("newsgate", "rollback", "--reason", "complaints")
        assert (back.code, back.err) == (0, "model 1 is champion again, after model 2\n")
        after = world.enqueue(write_posts(tmp_path / "after.csv", 300, seed=2), "--wait")
        ended = world.wait_for(under_way["batch"])
    assert (under_way["model"], ended.done, ended.failed) == (2, 8000, 0)
    assert after["model"] == 1
    assert [each["reason"] for each in shown(world, 1)["decisions"]][-1] == "complaints"
    world.assert_sound()


@pytest.mark.long
def test_killed_in_the_middle_of_a_training_and_up_again(alone: World, tmp_path: Path) -> None:
    world = replace(alone, extra=HASTY)
    give_labels(world, train=300, test=240)
    with world.started("up") as up:
        wait_until(lambda: step(world) == "train", what="the training has begun", seconds=TRAINING_SECONDS)
        assert trainings(up.pid)[0].nice() == min(19, os.nice(0) + 10)
        kill_tree(up.pid)
    with world.started("up"):
        assert world.enqueue(write_posts(tmp_path / "posts.csv", 50), "--wait")["model"] == 1
        wait_until(lambda: finished(world), what="the retraining is done", seconds=TRAINING_SECONDS)
    record = job(world)
    assert record is not None
    assert (record.attempt, record.outcome["challenger"]) == (2, 2)
    world.assert_sound()


@pytest.fixture
def served(home: Path, postgres_server: PostgresServer) -> World:
    """PostgreSQL with labels, whose `jobs` stop at the step that the table `held` names; and no broker."""
    url = postgres_server.prepared_database()
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    world = World(home, url, {**HASTY, "NEWSGATE_DATABASE_URL": url, "NEWSGATE_BROKER_URL": nowhere})
    give_labels(world, train=300, test=240)
    with world.database.write() as connection:
        connection.execute(text("create table held (step text)"))
        for table, event, at in (
            ("jobs", "update", "new.outcome is distinct from old.outcome and new.outcome::json ->> 'step'"),
            ("promotions", "insert", "'promotion'"),
        ):
            held = f"if {at} = (select step from held) then perform pg_advisory_xact_lock({_HELD_AT}); end if"
            body = f"begin {held}; return new; end"
            for statement in (
                f"create function hold_{table}() returns trigger language plpgsql as $$ {body} $$",
                f"create trigger hold before {event} on {table} for each row execute function hold_{table}()",
            ):
                connection.execute(text(statement))
    return world


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_killed_at_every_step_the_champion_stays_and_the_next_trainer_takes_over(served: World) -> None:
    database = served.database
    for place in (*STEPS, "promotion"):
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as holder:
            holder.execute(text(f"select pg_advisory_lock({_HELD_AT})"))
            holder.execute(text("delete from held"))
            holder.execute(text("insert into held values (:step)"), {"step": place})
            with served.started("trainer") as trainer:
                wait_until(lambda: _someone_waits(holder), what=f"a training is at {place}", seconds=TRAINING_SECONDS)
                kill_tree(trainer.pid)
            holder.execute(text(f"select pg_advisory_unlock({_HELD_AT})"))
        assert champion(served) == 1, place
        assert not finished(served), place
        served.assert_sound()
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as holder:
        holder.execute(text("delete from held"))

    with served.started("trainer"):
        wait_until(lambda: finished(served), what="the retraining is done", seconds=TRAINING_SECONDS)
    record = job(served)
    assert record is not None
    # Behind `store`, every attempt went on with the challenger that was there.
    assert (record.attempt, record.outcome["challenger"]) == (len(STEPS) + 2, 2)
    assert len(shown(served, 2)["decisions"]) == 1
    served.assert_sound()


def _someone_waits(connection: Connection) -> bool:
    waiting = "select count(*) from pg_locks where locktype = 'advisory' and objid = :lock and not granted"
    return bool(connection.execute(text(waiting), {"lock": _HELD_AT}).scalar())


def test_a_trainer_that_is_told_to_stop_hands_its_training_back(alone: World) -> None:
    world = replace(alone, extra={**HASTY, "NEWSGATE_BROKER_URL": f"redis://127.0.0.1:{free_port()}/0"})
    give_labels(world, train=300, test=240)
    with world.started("trainer") as trainer:
        wait_until(lambda: step(world) == "train", what="the training has begun", seconds=TRAINING_SECONDS)
        training = trainings(trainer.pid)
        trainer.send_signal(signal.SIGTERM)
        assert trainer.wait(20) == 0
    assert len(training) == 1
    assert not psutil.pid_exists(training[0].pid)
    record = job(world)
    assert record is not None
    # As if it had not been begun: stopping costs no attempt.
    assert (record.state, record.attempt) == ("running", 0)

    with world.started("trainer") as trainer:
        wait_until(lambda: bool(trainings(trainer.pid)), what="the training has begun again", seconds=TRAINING_SECONDS)
        training = trainings(trainer.pid)
        trainer.kill()
        wait_until(lambda: not training[0].is_running(), what="the training ended with its trainer", seconds=10)
    assert champion(world) == 1
    world.assert_sound()


def test_a_trainer_that_is_told_to_stop_with_its_training_hands_it_back(alone: World) -> None:
    # As systemd does it: every process of the unit is told at once.
    world = replace(alone, extra={**HASTY, "NEWSGATE_BROKER_URL": f"redis://127.0.0.1:{free_port()}/0"})
    give_labels(world, train=300, test=240)
    with world.started("trainer") as trainer:
        wait_until(lambda: step(world) == "train", what="the training has begun", seconds=TRAINING_SECONDS)
        for training in trainings(trainer.pid):
            training.send_signal(signal.SIGTERM)
        trainer.send_signal(signal.SIGTERM)
        assert trainer.wait(20) == 0
    record = job(world)
    assert record is not None
    assert (record.state, record.attempt) == ("running", 0), record
    world.assert_sound()


def test_a_training_that_takes_too_long_is_ended_and_says_so(alone: World) -> None:
    world = replace(alone, extra={**HASTY, "NEWSGATE_TRAINING_SECONDS": "1.5"})
    give_labels(world, train=300, test=240)
    done = world.run("newsgate", "retrain")
    assert done.code == 1
    assert done.err.splitlines()[-1] == "error: retraining failed: training took longer than 1.5 s"
    assert champion(world) == 1


def test_retraining_by_hand_says_why_it_does_nothing(alone: World) -> None:
    world = replace(alone, extra=HASTY)
    few = world.run("newsgate", "retrain")
    assert few.code == 0
    assert "nothing was trained: 0 labels are new since the last training, fewer than 200" in few.err

    with world.database.write() as connection:
        add_labels(connection, labelled_posts(240, seed=1), labelled_by="ann", chosen="direct")
    nobody_judges = world.run("newsgate", "retrain", "--force", "--json")
    assert nobody_judges.code == 0
    assert json.loads(nobody_judges.out)["judging_rows"] == 0
    assert "0 labelled texts may judge models, fewer than 200" in nobody_judges.err

    wrong = replace(world, extra={**HASTY, "NEWSGATE_RETRAIN_RECIPE": '{"epochs": 4}'}).run("newsgate", "retrain")
    assert wrong.code == 2
    assert "NEWSGATE_RETRAIN_RECIPE cannot be" in wrong.err


def test_there_is_nothing_to_roll_back_to_in_a_new_database(untouched: World) -> None:
    assert untouched.run("newsgate", "models").code == 0
    ensure_champion(untouched.database)
    done = untouched.run("newsgate", "rollback")
    assert done.code == 1
    assert "no model was champion before this one" in done.err


@pytest.mark.parametrize("program", ["trainer", "beat", "up"])
def test_a_crontab_that_no_day_is_like_is_refused_before_anything_runs(alone: World, program: str) -> None:
    world = replace(alone, extra={**QUICK, "NEWSGATE_RETRAIN_CRONTAB": "0 0 31 2 *"})
    refused = world.run("newsgate", program)
    assert refused.code == 2
    # As root, a warning stands before it.
    assert refused.err.splitlines()[-1].startswith("error: NEWSGATE_RETRAIN_CRONTAB cannot be '0 0 31 2 *': no day")
    assert "Traceback" not in refused.err
