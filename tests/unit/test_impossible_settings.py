"""What cannot be is refused in one line, before anything starts; what dies at once all the same is given up."""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from newsgate.main import newsgate
from newsgate.tasks.running import local_system
from newsgate.tasks.running.local_system import LocalSystem
from newsgate.worker import supervisor
from newsgate.worker.settings import SETTINGS, load_settings
from tests.services import wait_until

_IMPOSSIBLE_RECIPES = (
    '{"max_epochs": 0}',
    '{"nosuch": 1}',
    "[1, 2]",
    "plain",
    '{"teacher": ["linear"]}',
    '{"dropout": NaN}',
    "[" * 100_000,
)
_IMPOSSIBLE = {
    "RUNTIME": "fast",
    "CHUNK_ROWS": "0",
    "CHUNK_CHARS": "-1",
    "MAX_TEXT_CHARS": "many",
    "WORKER_THREADS": "1000",
    "LEASE_SECONDS": "0",
    "MAX_ATTEMPTS": "21",
    "SWEEP_SECONDS": "inf",
    "LOST_AFTER_SECONDS": "-1",
    "BROKER_URL": "amqp://somewhere",
    "BROKER_TIMEOUT_SECONDS": "0",
    "MODELS_IN_MEMORY": "0",
    "RETRAIN_CRONTAB": "61 * * * *",
    "RETRAIN_TIME_ZONE": "Mars/Olympus",
    "RETRAIN_MIN_LABELS": "-1",
    "RETRAIN_RECIPE": '{"max_epochs": 0}',
    "TRAINING_SECONDS": "0",
    "TRAINING_LEASE_SECONDS": "nan",
    "TRAINING_ATTEMPTS": "0",
    "TRAINING_SWEEP_SECONDS": "0",
    "UP_WORKERS": "-1",
    "UP_TRAINS": "perhaps",
    "TRAINING_THREADS": "999",
    "WEB_PORT": "65536",
    "WEB_PUBLIC_URL": "newsgate.example.org",
    "WEB_UPLOAD_BYTES": "0",
    "NOTIFY_COMMAND": "notify 'me",
    "NOTIFY_TIMEOUT_SECONDS": "0",
    "NOTIFY_RETRY_SECONDS": "nan",
    "NOTIFY_GIVE_UP_SECONDS": "-1",
    "METRICS_ADDRESS": "nowhere",
    "LOG_LEVEL": "loud",
    "LOG_FORMAT": "xml",
}
# Of these the system or a server decides whether they can be: `up` looks at them itself before it starts anything.
_LOOKED_AT = {"HOME", "DATABASE_URL"}
# Of these the error names the file.
_FILES = {"DATABASE_URL_FILE", "BROKER_URL_FILE"}
# Any text can be a secret, and `newsgate web` says which host or file of these it cannot use.
_ANYTHING = {"NOTIFY_SECRET", "WEB_HOST", "WEB_TLS_CERTIFICATE", "WEB_TLS_KEY", "WEB_USERS"}


@pytest.fixture(autouse=True)
def _same_umask() -> Iterator[None]:
    """Programs that run for long change it for their whole process, which here is that of the tests."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture(autouse=True)
def _nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*_: object, **__: object) -> None:
        pytest.fail("a program was started")

    monkeypatch.setattr("subprocess.Popen.__init__", start)


@pytest.mark.parametrize(
    "name", [name.upper() for name in SETTINGS if name.upper() not in _LOOKED_AT | _FILES | _ANYTHING]
)
def test_up_refuses_each_impossible_setting_before_it_starts_anything(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"NEWSGATE_{name}", _IMPOSSIBLE[name])
    done = CliRunner().invoke(newsgate, ["up"])
    assert done.exit_code == 2, done.output
    assert done.stderr.startswith(f"error: NEWSGATE_{name} cannot be ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", sorted(_FILES))
def test_up_refuses_an_address_file_that_cannot_be_read_before_it_starts_anything(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"NEWSGATE_{name}", "/nosuch/file")
    done = CliRunner().invoke(newsgate, ["up"])
    assert done.exit_code == 2, done.output
    assert done.stderr.startswith("error: /nosuch/file: this file cannot be read: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("recipe", _IMPOSSIBLE_RECIPES, ids=lambda recipe: recipe[:20])
@pytest.mark.parametrize("command", ["up", "trainer", "retrain"])
def test_an_impossible_recipe_is_refused_by_whatever_would_use_it(
    command: str, recipe: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWSGATE_RETRAIN_RECIPE", recipe)
    monkeypatch.setattr("newsgate.training.optional_libraries.can_train", lambda: True)
    monkeypatch.setattr("newsgate.tasks.running.process.set_up_logging", lambda *_, **__: None)
    done = CliRunner().invoke(newsgate, [command])
    assert done.exit_code == 2, done.output
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: NEWSGATE_RETRAIN_RECIPE cannot be ")
    assert "Write a JSON object" in line
    assert len(line) < 500


def test_doctor_names_an_impossible_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSGATE_RETRAIN_RECIPE", '{"max_epochs": 0}')
    monkeypatch.setattr("newsgate.tasks.inspecting.doctor.examine.look_at_broker", lambda _: [])
    done = CliRunner().invoke(newsgate, ["doctor"])
    assert done.exit_code == 1
    line = next(line for line in done.stdout.splitlines() if "recipe" in line and line.startswith("FAILED"))
    assert "max_epochs is 0, not a whole number from 1" in line


@pytest.mark.parametrize(
    ("name", "told"), [("native", "newsgate's library in C is not built here"), ("keras", "needs TensorFlow")]
)
@pytest.mark.parametrize("command", [["up"], ["worker"], ["classify", "x.csv"]], ids=lambda words: words[0])
def test_a_runtime_that_is_not_here_is_refused_before_anything_starts(
    command: list[str], name: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWSGATE_RUNTIME", name)
    monkeypatch.setattr("newsgate.model.native.library.native_library", lambda: None)
    monkeypatch.setattr("newsgate.model.runtime_names.find_spec", lambda _: None)
    monkeypatch.setattr("newsgate.tasks.running.process.set_up_logging", lambda *_, **__: None)
    monkeypatch.setattr("newsgate.commands.up.set_up_logging", lambda *_: None, raising=False)
    done = CliRunner().invoke(newsgate, command)
    assert done.exit_code == 1, done.output
    assert told in done.stderr
    assert len([line for line in done.stderr.splitlines() if line.startswith("error: ")]) == 1


def test_a_trainer_that_ends_at_once_is_given_up_and_texts_are_still_classified(
    tmp_path: Path, migrated_file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.undo()
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    shutil.copy(migrated_file, home / "newsgate.db")
    code = {"trainer": "raise SystemExit(2)"}
    monkeypatch.setattr(
        local_system, "_command", lambda name: [sys.executable, "-c", code.get(name, "import time; time.sleep(60)")]
    )
    monkeypatch.setattr(supervisor, "_FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(supervisor, "_LONGEST_PAUSE_SECONDS", 0.01)
    settings = load_settings(home=home, broker_url="redis://127.0.0.1:1/0", up_workers=1)
    told = "the trainer ends as soon as it starts, "

    with LocalSystem(settings, worker_output=None, with_training=True) as system:

        def is_given_up() -> bool:
            system.check()
            return told in caplog.text

        wait_until(is_given_up, what="the trainer is given up")
        ended = caplog.text.count("trainer ended with 2")
        system.check()
        assert system._workers[0].pid is not None
    assert caplog.text.count(told) == 1
    assert ended >= 4
    assert caplog.text.count("trainer ended with 2") <= ended + 1
    assert [record.levelno for record in caplog.records if told in record.getMessage()] == [logging.ERROR]
