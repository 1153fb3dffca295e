"""Which `.env` is obeyed: one that nobody else could have written."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from newsgate.main import newsgate
from newsgate.worker.settings import load_settings, unknown_variables
from newsgate.worker.settings_files import env_file_path, find_settings_file

_AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")


@pytest.fixture(autouse=True)
def env_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A file that sends texts elsewhere, in the current folder."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / ".env"
    file.write_text("NEWSGATE_DATABASE_URL=postgresql://mallory@elsewhere/texts\nNEWSGATE_CHUNK_ROW=7\n")
    file.chmod(0o644)
    return file


def _assert_not_read(caplog: pytest.LogCaptureFixture, why: str) -> None:
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        assert load_settings().database_url == ""
    (line,) = [record.getMessage() for record in caplog.records]
    assert ".env is not read: " in line
    assert why in line
    assert unknown_variables() == {}
    assert "warning env file" in CliRunner().invoke(newsgate, ["doctor"]).output


def test_ones_own_is_read_and_named(env_file: Path) -> None:
    assert "mallory" in load_settings().database_url
    assert unknown_variables() == {"NEWSGATE_CHUNK_ROW": "NEWSGATE_CHUNK_ROWS"}
    assert find_settings_file(env_file_path()).path == env_file
    assert f"{env_file} is read" in CliRunner().invoke(newsgate, ["doctor"]).output


@_AS_ROOT
def test_one_of_another_user_is_not_read(env_file: Path, caplog: pytest.LogCaptureFixture) -> None:
    os.chown(env_file, 65534, 65534)
    _assert_not_read(caplog, "it belongs to another user (nobody)")


@pytest.mark.parametrize("mode", [0o646, 0o666])
def test_one_that_others_can_write_is_not_read(env_file: Path, mode: int, caplog: pytest.LogCaptureFixture) -> None:
    env_file.chmod(mode)
    _assert_not_read(caplog, "other users can write it. Run: chmod go-w .env")


@_AS_ROOT
def test_one_that_a_shared_group_can_write_is_not_read(env_file: Path, caplog: pytest.LogCaptureFixture) -> None:
    os.chown(env_file, 0, 65534)
    env_file.chmod(0o664)
    _assert_not_read(caplog, "other users can write it")


def test_one_that_only_the_users_own_group_can_write_is_read(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsgate.worker.settings_files._is_own_group", lambda group: group == env_file.stat().st_gid)
    env_file.chmod(0o664)
    assert "mallory" in load_settings().database_url


def test_a_pipe_is_not_waited_for(env_file: Path, caplog: pytest.LogCaptureFixture) -> None:
    env_file.unlink()
    os.mkfifo(env_file)
    _assert_not_read(caplog, "it is no file")


def test_a_folder_of_that_name_is_somebody_elses_matter(env_file: Path, caplog: pytest.LogCaptureFixture) -> None:
    env_file.unlink()
    env_file.mkdir()
    assert load_settings().database_url == ""
    assert caplog.records == []
