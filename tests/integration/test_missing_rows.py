"""Verdicts that are not all there are never handed out without a word, and it is always said whose they are."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from newsgate.db.batch_status import batch_status
from newsgate.db.batches import cancel_run
from newsgate.db.session import Database
from newsgate.main import newsgate
from newsgate.tasks.classifying.reclassify import reclassify
from newsgate.tasks.enqueueing.enqueue import enqueue
from newsgate.tasks.enqueueing.request import EnqueueInterruptedError, Progress, Request
from tests.bundles import contrary_bundle, store_bundle
from tests.desk import Desk
from tests.texts import write_posts

_EVERY_FORM = ("table", "csv", "jsonl")


@pytest.fixture
def desk(migrated_file: Path, tmp_path: Path) -> Desk:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    shutil.copy(migrated_file, home / "newsgate.db")
    return Desk(Database(f"sqlite:///{home / 'newsgate.db'}"), tmp_path)


def _run(*arguments: str | int | Path) -> Result:
    done = CliRunner().invoke(newsgate, [str(each) for each in arguments])
    assert done.exit_code == 0, done.output
    return done


def _warnings(done: Result) -> list[str]:
    return [line for line in done.stderr.splitlines() if line.startswith("warning: ")]


def _half_cancelled(desk: Desk) -> int:
    batch = desk.enqueue(30)
    first, *_ = desk.waiting(batch)
    desk.finish(batch, only=[first])
    with desk.database.write() as connection:
        cancel_run(connection, batch_status(connection, batch).run)
    return batch


def _report(batch: int, folder: Path) -> Result:
    return _run("report", batch, "-o", folder / "report.html")


@pytest.mark.parametrize("form", _EVERY_FORM)
def test_the_part_of_a_cancelled_batch_is_called_a_part(desk: Desk, form: str) -> None:
    batch = _half_cancelled(desk)
    done = _run("results", batch, "--format", form)
    told = (
        f"warning: batch {batch} is cancelled: 10 of 30 rows have a verdict, 20 have none. "
        f"`newsgate requeue {batch}` classifies them"
    )
    assert _warnings(done) == [told]


def test_report_and_status_call_a_cancelled_batch_a_part_too(desk: Desk, tmp_path: Path) -> None:
    batch = _half_cancelled(desk)
    told = _warnings(_run("results", batch))
    assert _warnings(_report(batch, tmp_path)) == told
    assert _warnings(_run("status", batch)) == told
    as_json = _run("status", batch, "--json")
    assert _warnings(as_json) == told
    assert json.loads(as_json.stdout)["state"] == "cancelled"


@pytest.fixture
def interrupted(desk: Desk) -> int:
    """A batch of which an enqueue stored only the first rows."""

    def stop(_: Progress) -> None:
        raise KeyboardInterrupt

    file = write_posts(desk.folder / "posts.csv", 30)
    with pytest.raises(EnqueueInterruptedError) as stopped:
        enqueue(Request(str(file)), settings=desk.settings, database=desk.database, progress=stop)
    batch = stopped.value.batch
    desk.finish(batch)
    return batch


@pytest.mark.parametrize("command", ["status", "results"])
def test_whose_enqueue_was_stopped_hears_how_it_goes_on(desk: Desk, interrupted: int, command: str) -> None:
    note = (
        f"note: the file of batch {interrupted} is not read to its end. If its `enqueue` was stopped, the same command "
        "goes on from there"
    )
    assert note in _run(command, interrupted).stderr.splitlines()
    enqueue(Request(str(desk.folder / "posts.csv")), settings=desk.settings, database=desk.database)
    assert note not in _run(command, interrupted).stderr.splitlines()


def test_a_cancelled_part_of_a_file_is_read_to_its_end_before_it_goes_on(desk: Desk, interrupted: int) -> None:
    with desk.database.write() as connection:
        cancel_run(connection, batch_status(connection, interrupted).run)
    assert _warnings(_run("status", interrupted)) == [
        (
            f"warning: batch {interrupted} is cancelled: 10 of 10 rows have a verdict, 0 have none. "
            f"Its file is not read to its end: run the same `enqueue` again, then `newsgate requeue {interrupted}`"
        )
    ]
    # What is said works as it is typed.
    enqueue(Request(str(desk.folder / "posts.csv")), settings=desk.settings, database=desk.database)
    _run("requeue", interrupted)
    desk.finish(interrupted)
    assert _warnings(_run("status", interrupted)) == []


def test_rows_that_wait_or_failed_or_were_refused_are_told(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "posts.csv"
    file.write_text("text\n" + "".join(f"text {number}\n" for number in range(20)) + '" "\n')
    batch = enqueue(Request(str(file)), settings=desk.settings, database=desk.database).batch
    refused = (
        f"warning: 1 row of the file of batch {batch} was refused and is not here. `newsgate rejects {batch}` says why"
    )
    assert _warnings(_run("results", batch)) == [
        f"warning: batch {batch} is queued: 0 of 20 rows have a verdict so far",
        refused,
    ]
    desk.finish(batch, failing=[3, 5])
    failed = (
        f"warning: 2 of 20 rows of batch {batch} failed and have no verdict; the column `error` says why. "
        f"`newsgate requeue {batch}` tries them again"
    )
    assert _warnings(_run("results", batch, "--format", "jsonl")) == [failed, refused]
    assert _warnings(_report(batch, tmp_path)) == [failed, refused]
    status = _run("status", batch)
    assert _warnings(status) == [failed]
    assert "was refused" in status.stderr


def test_a_whole_batch_is_no_cause_for_a_word(desk: Desk, tmp_path: Path) -> None:
    batch = desk.enqueue(20)
    desk.finish(batch)
    for done in (_run("results", batch), _run("status", batch), _report(batch, tmp_path)):
        assert "warning" not in done.stderr


@pytest.fixture
def twice(desk: Desk) -> int:
    """A batch that two models have classified."""
    desk.enqueue(1, seed=99)
    second = store_bundle(desk.database, contrary_bundle(), name="contrary")
    batch = desk.enqueue(20)
    desk.finish(batch)
    reclassify(batch, model=second, settings=desk.settings, database=desk.database)
    desk.finish(batch)
    return batch


def test_the_table_names_model_and_run_and_says_how_to_see_another(twice: int) -> None:
    done = _run("results", twice, "--format", "table", "--limit", 1)
    assert done.stdout.splitlines()[-1] == f"batch {twice}, run 3 by model 2"
    told = f"note: batch {twice} has verdicts of 2 runs, and this is the latest: `--run 2` shows model 1's"
    assert told in done.stderr
    earlier = _run("results", twice, "--format", "table", "--limit", 1, "--run", 2)
    assert earlier.stdout.splitlines()[-1] == f"batch {twice}, run 2 by model 1"
    assert "note:" not in earlier.stderr


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_another_run_can_be_asked_for_in_every_form(twice: int, form: str) -> None:
    latest = _run("results", twice, "--format", form)
    assert "`--run 2` shows model 1's" in latest.stderr
    assert _run("results", twice, "--format", form, "--run", 3).stdout == latest.stdout
    earlier = _run("results", twice, "--format", form, "--run", 2).stdout
    assert earlier == _run("results", twice, "--format", form, "--model", 1).stdout != latest.stdout


def test_status_of_a_batch_has_the_numbers_of_its_runs(twice: int) -> None:
    header, *lines = _run("status", twice).stdout.splitlines()
    place = header.split().index("run")
    assert [line.split()[place] for line in lines] == ["3", "2"]


def test_a_report_can_be_of_another_run(twice: int, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    done = _run("report", twice, "-o", page)
    assert "`--run 2` shows model 1's" in done.stderr
    assert "model 2, contrary" in page.read_text()
    _run("report", twice, "-o", page, "--run", 2)
    assert "model 1, starter" in page.read_text()


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (["--run", "9"], 1, "batch {batch} has no run 9. `newsgate status {batch}` shows its runs"),
        (["--run", "1"], 1, "batch {batch} has no run 1"),
        (["--run", "3", "--model", "1"], 2, "--run and --model both name a run. Give one of them"),
    ],
)
@pytest.mark.parametrize("command", ["results", "report"])
def test_a_run_that_is_not_the_batchs_is_refused(
    twice: int, command: str, options: list[str], code: int, told: str
) -> None:
    refuse: Callable[..., Result] = CliRunner().invoke
    done = refuse(newsgate, [command, str(twice), *options, "-o", "page"])
    assert done.exit_code == code
    assert told.format(batch=twice) in done.stderr
    assert len(done.stderr.splitlines()) == 1
