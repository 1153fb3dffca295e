"""Settings: their precedence, and what a person is told about a wrong one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from newsgate.db.leases import LONGEST_LEASE_SECONDS
from newsgate.foundation.errors import WrongUsageError
from newsgate.main import newsgate
from newsgate.worker.settings import SETTINGS, load_settings, prepare_home, unknown_variables


def test_with_nothing_set_the_system_is_complete_on_one_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("NEWSGATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    settings = load_settings()
    assert settings.home == tmp_path / ".newsgate"
    assert settings.effective_database_url == f"sqlite:///{tmp_path}/.newsgate/newsgate.db"
    assert settings.broker_is_private
    assert settings.effective_up_workers == min(8, len(os.sched_getaffinity(0)))


def test_an_option_beats_the_environment_which_beats_the_env_file_which_beats_the_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text("NEWSGATE_CHUNK_ROWS=11\nNEWSGATE_MAX_ATTEMPTS=5\nOTHER=1\n")
    monkeypatch.setenv("NEWSGATE_CHUNK_ROWS", "22")
    assert load_settings(chunk_rows=33).chunk_rows == 33
    assert load_settings(chunk_rows=None).chunk_rows == 22
    assert load_settings().max_attempts == 5
    assert load_settings().lease_seconds == 60


def test_no_lease_can_be_longer_than_the_longest_that_the_database_believes() -> None:
    for name in ("lease_seconds", "training_lease_seconds"):
        assert getattr(load_settings(**{name: LONGEST_LEASE_SECONDS}), name) == LONGEST_LEASE_SECONDS
        with pytest.raises(WrongUsageError):
            load_settings(**{name: LONGEST_LEASE_SECONDS + 1})


def test_a_wrong_value_is_named_with_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSGATE_LEASE_SECONDS", "soon")
    with pytest.raises(WrongUsageError, match="NEWSGATE_LEASE_SECONDS cannot be 'soon'"):
        load_settings()


@pytest.mark.parametrize("value", ["inf", "nan", "1e12", "604801", "-1"])
@pytest.mark.parametrize("name", [name for name in SETTINGS if name.endswith("_seconds")])
def test_a_duration_is_a_week_at_most(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"NEWSGATE_{name.upper()}", value)
    with pytest.raises(WrongUsageError, match=f"NEWSGATE_{name.upper()} cannot be '{value}'"):
        load_settings()
    monkeypatch.setenv(f"NEWSGATE_{name.upper()}", "604800")
    assert getattr(load_settings(), name) == 604_800


def test_a_home_folder_of_nobody_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSGATE_HOME", "~nosuch/newsgate")
    with pytest.raises(WrongUsageError, match="NEWSGATE_HOME cannot be '~nosuch/newsgate': no such folder"):
        load_settings()


def test_an_empty_home_is_the_default_and_not_the_current_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "ann"))
    monkeypatch.setenv("NEWSGATE_HOME", "")
    assert load_settings().home == tmp_path / "ann" / ".newsgate"
    monkeypatch.setenv("NEWSGATE_HOME", ".")
    assert load_settings().home == tmp_path


def test_an_env_file_that_is_not_utf8_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".env").write_bytes("OWNER=café\n".encode("latin-1"))
    for read in (load_settings, unknown_variables):
        with pytest.raises(WrongUsageError, match=r"\.env: this file is not UTF-8"):
            read()
    done = CliRunner().invoke(newsgate, ["status"])
    assert (done.exit_code, done.output.count("\n")) == (2, 1)
    # It promises to work when everything is down.
    done = CliRunner().invoke(newsgate, ["doctor"])
    assert done.exit_code == 1
    assert "FAILED  settings: .env: this file is not UTF-8. Save it as UTF-8" in done.output


def test_an_env_file_that_may_not_be_read_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text("NEWSGATE_CHUNK_ROWS=11\n")
    if os.geteuid() == 0:

        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied", ".env")

        # Root may read everything.
        monkeypatch.setattr("dotenv.main.open", refuse, raising=False)
    else:
        Path(".env").chmod(0)
    for read in (load_settings, unknown_variables):
        with pytest.raises(WrongUsageError, match=r"\.env: this file cannot be read: Permission denied"):
            read()


def test_the_home_folder_belongs_to_its_owner_alone(tmp_path: Path) -> None:
    home = prepare_home(load_settings(home=tmp_path / "deep" / "home"))
    assert home.stat().st_mode & 0o777 == 0o700


def test_a_long_home_path_still_gives_a_socket_that_can_be_bound(tmp_path: Path) -> None:
    short, long = load_settings(home=Path("/srv/newsgate")), load_settings(home=tmp_path / ("x" * 120))
    assert short.broker_socket == Path("/srv/newsgate/redis/redis.sock")
    assert len(os.fsencode(long.broker_socket)) < 108
    assert long.broker_socket == load_settings(home=tmp_path / ("x" * 120)).broker_socket
