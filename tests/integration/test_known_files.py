"""A file that was enqueued before: whose verdicts are shown, and what is said where there are none."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from newsgate.db.batch_status import batch_status
from newsgate.db.batches import cancel_run
from newsgate.enqueue import enqueue as enqueue_program
from newsgate.main import newsgate
from newsgate.tasks.classifying.reclassify import reclassify
from newsgate.tasks.running.open_database import open_database
from newsgate.worker.settings import load_settings
from tests.bundles import contrary_bundle, store_bundle
from tests.desk import Desk
from tests.texts import posts

ROWS = 20


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """The desk of the database that the commands open, with models 1 and 2; the audit holds when the test ends."""
    # As if `newsgate up` ran: what these tests wait for is over, so nothing is left for a worker.
    monkeypatch.setattr("newsgate.tasks.running.local_system.is_up", lambda settings: True)
    database = open_database(load_settings(home=tmp_path / "home"))
    desk = Desk(database, tmp_path)
    desk.enqueue(1, seed=99)
    desk.work_off(1)
    assert store_bundle(database, contrary_bundle(), name="contrary") == 2
    yield desk
    desk.assert_sound()
    database.close()


@pytest.fixture
def batch(local: Desk) -> int:
    """A batch of `ROWS` rows, classified by model 1."""
    batch = local.enqueue(ROWS)
    local.work_off(batch)
    return batch


def file_of(desk: Desk) -> Path:
    return desk.folder / f"posts-{ROWS}-0.csv"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(newsgate, [str(each) for each in arguments])


def enqueued(*arguments: object) -> Result:
    return CliRunner().invoke(enqueue_program, [str(each) for each in arguments])


def models_in(done: Result) -> set[str]:
    return {row["model"] for row in csv.DictReader(io.StringIO(done.stdout))}


def cancel(desk: Desk, batch: int, *, model: int | None = None) -> None:
    with desk.database.write() as connection:
        assert cancel_run(connection, batch_status(connection, batch, model=model).run)


def second_run(desk: Desk, batch: int) -> None:
    reclassify(batch, model=2, settings=desk.settings, database=desk.database)


def assert_error(done: Result, *says: str) -> None:
    assert (done.exit_code, done.stdout) == (1, "")
    [line] = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert [words for words in says if words not in line] == []


def test_a_model_that_never_met_the_file_is_not_answered_with_another_ones_verdicts(local: Desk, batch: int) -> None:
    known = f"already enqueued as batch {batch}, but not for model 2"
    for done in (run("classify", file_of(local), "--model", 2), enqueued(file_of(local), "--model", 2)):
        assert_error(done, known, f"`newsgate reclassify {batch} --model 2`", "--again")
    for done in (run("classify", file_of(local), "--model", 99), enqueued(file_of(local), "--model", 99)):
        assert_error(done, "there is no model 99")


def test_the_verdicts_of_the_model_asked_for_are_shown(local: Desk, batch: int) -> None:
    second_run(local, batch)
    waiting = enqueued(file_of(local), "--model", 2)
    assert (waiting.exit_code, waiting.stdout) == (0, f"{batch}\n")
    assert_error(
        enqueued(file_of(local), "--model", 1),
        f"already enqueued as batch {batch} (done)",
        f"`newsgate results {batch} --model 1`",
        "--again",
    )
    local.work_off(batch)
    for options, model in (((), "2"), (("--model", 1), "1"), (("--model", 2), "2")):
        done = run("classify", file_of(local), *options)
        assert (done.exit_code, models_in(done)) == (0, {model})
        assert f"batch {batch} holds this file already" in done.stderr
    assert_error(enqueued(file_of(local)), f"`newsgate results {batch}` shows it")


def test_a_cancelled_run_is_not_done(local: Desk) -> None:
    batch = local.enqueue(ROWS)
    cancel(local, batch)
    remedy = f"`newsgate requeue {batch}` goes on with it"
    for done in (run("classify", file_of(local)), enqueued(file_of(local)), enqueued(file_of(local), "--wait")):
        assert_error(done, f"already enqueued as batch {batch} (cancelled)", remedy, "--again")
    second_run(local, batch)
    # `requeue` is about the latest run.
    assert_error(run("classify", file_of(local), "--model", 1), f"`newsgate reclassify {batch} --model 1` goes on")


@pytest.mark.parametrize("command", ["classify", "enqueue", "reclassify", "requeue"])
def test_a_run_that_is_cancelled_while_somebody_waits_is_not_done(
    local: Desk, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = local.enqueue(ROWS)
    options = () if command == "classify" else ("--wait",)
    which = file_of(local) if command in ("classify", "enqueue") else batch
    # Between two looks at the database.
    monkeypatch.setattr("newsgate.tasks.running.wait_for_batch.time.sleep", lambda seconds: cancel(local, batch))
    done = run(command, which, *options)
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1] == (
        f"error: batch {batch} is cancelled: 0 of {ROWS} rows have a verdict. "
        f"`newsgate requeue {batch}` has the others classified"
    )


def test_a_cancelled_batch_whose_file_is_not_read_to_its_end_is_read_first(local: Desk) -> None:
    batch = local.enqueue(ROWS)
    with local.database.write() as connection:
        connection.exec_driver_sql(f"update batches set loaded = 0 where id = {batch}")
    assert_error(enqueued(file_of(local), "--model", 2), "Without --model it is read to its end")
    cancel(local, batch)
    done = enqueued(file_of(local))
    assert done.exit_code == 0
    assert f"batch {batch} is cancelled: `newsgate requeue {batch}` takes that back" in done.stderr
    assert_error(enqueued(file_of(local)), "(cancelled)", f"newsgate requeue {batch}")


def test_a_damaged_file_is_damaged_the_second_time_too(local: Desk) -> None:
    file = local.folder / "cut.csv.gz"
    # Stored, not deflated: the cut then falls behind a row.
    whole = gzip.compress(("text\n" + "".join(f"{post}\n" for post in posts(ROWS))).encode(), 0)
    file.write_bytes(whole[: whole.index(b"\n", len(whole) // 2) + 1])
    for _ in range(2):
        done = enqueued(file)
        assert (done.exit_code, done.stdout) == (3, "2\n")
        assert "warning: the compressed file ends early: its last rows are missing" in done.stderr
    local.work_off(2)
    done = run("classify", file)
    assert (done.exit_code, models_in(done)) == (3, {"1"})
    assert "warning: the compressed file ends early: its last rows are missing" in done.stderr
