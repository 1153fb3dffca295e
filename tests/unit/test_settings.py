"""Settings: their precedence, and what a person is told about a wrong one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from newsgate.errors import WrongUsageError
from worker.settings import load_settings, prepare_home


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


def test_a_wrong_value_is_named_with_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSGATE_LEASE_SECONDS", "soon")
    with pytest.raises(WrongUsageError, match="NEWSGATE_LEASE_SECONDS cannot be 'soon'"):
        load_settings()


def test_the_home_folder_belongs_to_its_owner_alone(tmp_path: Path) -> None:
    home = prepare_home(load_settings(home=tmp_path / "deep" / "home"))
    assert home.stat().st_mode & 0o777 == 0o700


def test_a_long_home_path_still_gives_a_socket_that_can_be_bound(tmp_path: Path) -> None:
    short, long = load_settings(home=Path("/srv/newsgate")), load_settings(home=tmp_path / ("x" * 120))
    assert short.broker_socket == Path("/srv/newsgate/redis/redis.sock")
    assert len(os.fsencode(long.broker_socket)) < 108
    assert long.broker_socket == load_settings(home=tmp_path / ("x" * 120)).broker_socket
