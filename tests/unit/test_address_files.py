"""Addresses in files of their own: which place counts, what is refused, and that no password is shown."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from newsgate.foundation.errors import WrongUsageError
from newsgate.main import newsgate
from newsgate.worker.settings import load_settings
from tests.services import free_port

_SECRET = "hunter2"
_ADDRESS = f"redis://newsgate:{_SECRET}@broker.example.org/0"


@pytest.fixture
def secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the broker's address, named by the environment, in the current folder."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "broker"
    file.write_text(f"{_ADDRESS}\n")
    file.chmod(0o444)
    monkeypatch.setenv("NEWSGATE_BROKER_URL_FILE", str(file))
    return file


def _explained(name: str) -> Any:
    done = CliRunner().invoke(newsgate, ["config", "--explain", "--json"])
    assert done.exit_code == 0, done.output
    return {each["setting"]: each for each in json.loads(done.stdout)["settings"]}[name]


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", "\n\n"])
def test_the_address_is_what_the_file_holds_without_its_line_end(ending: str, secret: Path) -> None:
    secret.chmod(0o644)
    secret.write_text(f"{_ADDRESS}{ending}")
    assert load_settings().broker_url == _ADDRESS
    assert load_settings().database_url == ""


def test_a_database_address_too(secret: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = secret.with_name("database")
    file.write_text(f"postgresql://ann:{_SECRET}@db/news\n")
    monkeypatch.setenv("NEWSGATE_DATABASE_URL_FILE", "database")
    assert load_settings().effective_database_url == f"postgresql://ann:{_SECRET}@db/news"


def test_the_stronger_place_counts_whichever_way_it_gives_the_address(
    secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(".env").write_text("NEWSGATE_BROKER_URL=redis://weaker/0\n")
    assert load_settings().broker_url == _ADDRESS
    told = load_settings(broker_url="redis://told/0")
    assert (told.broker_url, told.broker_url_file) == ("redis://told/0", "")

    monkeypatch.delenv("NEWSGATE_BROKER_URL_FILE")
    Path(".env").write_text("NEWSGATE_BROKER_URL_FILE=nosuch\n")
    monkeypatch.setenv("NEWSGATE_BROKER_URL", "redis://stronger/0")
    # What is overruled is not read.
    assert load_settings().broker_url == "redis://stronger/0"


def test_an_empty_name_of_a_file_says_nothing(secret: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSGATE_BROKER_URL_FILE", "")
    assert load_settings().broker_is_private
    Path(".env").write_text(f"NEWSGATE_BROKER_URL_FILE={secret}\n")
    assert load_settings().broker_url == _ADDRESS
    monkeypatch.setenv("NEWSGATE_BROKER_URL", "redis://plain/0")
    assert load_settings().broker_url == "redis://plain/0"


def test_both_in_one_place_are_refused(secret: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSGATE_BROKER_URL", f"redis://:{_SECRET}@other/0")
    done = CliRunner().invoke(newsgate, ["config"])
    told = "error: NEWSGATE_BROKER_URL_FILE and NEWSGATE_BROKER_URL both say it. Leave one of them out\n"
    assert (done.exit_code, done.stderr) == (2, told)


def test_both_in_one_file_are_refused_with_its_name(secret: Path) -> None:
    Path("newsgate.toml").write_text('database_url = "postgresql://a/b"\ndatabase_url_file = "x"\n')
    with pytest.raises(WrongUsageError, match=r"newsgate\.toml: database_url_file and database_url both say it"):
        load_settings()


def test_config_says_where_the_address_comes_from_and_shows_no_password(
    secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(".env").write_text("NEWSGATE_BROKER_URL=redis://weaker/0\n")
    found = _explained("broker_url")
    assert found["value"] == "redis://newsgate:***@broker.example.org/0"
    assert found["from"] == f"environment, in {secret}"
    assert found["overrules"] == [{"from": str(Path(".env").absolute()), "value": "redis://weaker/0"}]
    assert _explained("broker_url_file")["value"] == str(secret)

    monkeypatch.setenv("NEWSGATE_BROKER_URL_FILE", "")
    monkeypatch.setenv("NEWSGATE_BROKER_URL", "redis://stronger/0")
    Path(".env").write_text(f"NEWSGATE_BROKER_URL_FILE={secret}\n")
    overruled = [
        {"from": f"{Path('.env').absolute()}, in {secret}", "value": "(an address that is not read)"},
    ]
    assert _explained("broker_url")["overrules"] == overruled
    assert _explained("broker_url_file")["value"] == ""


@pytest.mark.parametrize("command", [["config"], ["config", "--explain"], ["config", "--json"], ["doctor"]])
def test_no_command_shows_the_password(command: list[str], secret: Path) -> None:
    secret.chmod(0o600)
    secret.write_text(f"redis://:{_SECRET}@127.0.0.1:{free_port()}/0")
    done = CliRunner().invoke(newsgate, command)
    assert ":***@127.0.0.1" in done.stdout
    assert _SECRET not in done.output


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "this file is empty. Write the address alone into it"),
        (b"\n", "this file is empty. Write the address alone into it"),
        (b"redis://one/0\nredis://two/0\n", "this file has more than one line. Write the address alone into it"),
        (b"redis://\xff", "this file is not UTF-8. Write the address alone into it"),
        (b"amqp://hunter2", "NEWSGATE_BROKER_URL cannot be what it is: write it as"),
    ],
)
def test_a_file_that_holds_no_address_is_told_in_one_line(content: bytes, told: str, secret: Path) -> None:
    secret.chmod(0o600)
    secret.write_bytes(content)
    done = CliRunner().invoke(newsgate, ["config"])
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith(f"error: broker: {told}")
    assert _SECRET not in done.output


@pytest.mark.parametrize("mode", [0o666, 0o606, 0o622])
def test_one_that_others_can_write_is_refused(mode: int, secret: Path) -> None:
    secret.chmod(mode)
    done = CliRunner().invoke(newsgate, ["config"])
    told = "error: broker: other users can write this file. Run: chmod go-w broker\n"
    assert (done.exit_code, done.stderr) == (2, told)


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe"])
def test_one_that_cannot_be_read_is_told(kind: str, secret: Path) -> None:
    secret.unlink()
    if kind == "folder":
        secret.mkdir()
    elif kind == "pipe":
        os.mkfifo(secret, 0o600)
    done = CliRunner().invoke(newsgate, ["config"])
    remedy = "Let this user read it, or let NEWSGATE_BROKER_URL_FILE name another"
    told = {
        "missing": f"this file cannot be read: No such file or directory. {remedy}",
        "folder": f"this file cannot be read: Is a directory. {remedy}",
        "pipe": "this is no file. Let NEWSGATE_BROKER_URL_FILE name one",
    }
    assert (done.exit_code, done.stderr) == (2, f"error: broker: {told[kind]}\n")
