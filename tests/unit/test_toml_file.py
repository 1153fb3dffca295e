"""newsgate.toml: which of its values count, and what a person is told about a wrong one."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from newsgate.foundation.errors import WrongUsageError
from newsgate.main import newsgate
from newsgate.worker.settings import SETTINGS, Settings, load_settings
from tests.unit.test_docs import ROOT

_SECRET = "geheim"


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The current folder; the home folder is `home` in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEWSGATE_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path


def explained(name: str) -> dict[str, Any]:
    done = CliRunner().invoke(newsgate, ["config", "--explain", "--json"])
    assert done.exit_code == 0, done.output
    (found,) = [each for each in json.loads(done.stdout)["settings"] if each["setting"] == name]
    assert isinstance(found, dict)
    return found


def test_what_is_nearer_to_the_moment_overrules_what_is_further_away(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every place adds its value, from the weakest to the strongest; each is then the one in force."""
    of_home, here, env_file = folder / "home" / "newsgate.toml", folder / "newsgate.toml", folder / ".env"
    assert explained("chunk_rows")["from"] == "default"
    overruled: list[tuple[str, int]] = []
    for rows, place in enumerate((of_home, here, env_file, None), start=1):
        if place is None:
            monkeypatch.setenv("NEWSGATE_CHUNK_ROWS", str(rows))
        else:
            place.write_text(f"NEWSGATE_CHUNK_ROWS={rows}\n" if place is env_file else f"chunk_rows = {rows}\n")
        found = explained("chunk_rows")
        source = "environment" if place is None else str(place)
        assert (found["value"], found["from"], found["default"]) == (rows, source, 2000)
        assert [(each["from"], int(each["value"])) for each in found["overrules"]] == overruled
        overruled = [(source, rows), *overruled]
    assert load_settings(chunk_rows=9).chunk_rows == 9


def test_a_setting_of_each_place_counts_beside_those_of_the_others(folder: Path) -> None:
    (folder / "home" / "newsgate.toml").write_text("lease_seconds = 30\nsweep_seconds = 1.5\n")
    (folder / "newsgate.toml").write_text('sweep_seconds = 4\nup_trains = false\nlog_level = "debug"\n')
    settings = load_settings()
    assert (settings.lease_seconds, settings.sweep_seconds, settings.up_trains) == (30, 4, False)
    assert settings.log_level == "debug"


def test_the_file_of_the_folder_may_say_where_the_home_folder_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEWSGATE_HOME")
    (folder / "newsgate.toml").write_text('home = "home"\n')
    (folder / "home" / "newsgate.toml").write_text("max_attempts = 7\n")
    settings = load_settings()
    assert (settings.home, settings.max_attempts) == (folder / "home", 7)


def test_in_the_home_folder_itself_its_file_is_read_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder / "home")
    Path("newsgate.toml").write_text("max_attempts = 7\n")
    assert explained("max_attempts")["overrules"] == []


def test_a_recipe_may_be_a_table(folder: Path) -> None:
    (folder / "newsgate.toml").write_text("[retrain_recipe]\nmax_epochs = 2\nteacher = 'none'\n")
    assert json.loads(load_settings().retrain_recipe) == {"max_epochs": 2, "teacher": "none"}


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("chunk_row = 3", "'chunk_row' is no setting. Did you mean chunk_rows?"),
        ("NEWSGATE_CHUNK_ROWS = 3", "'NEWSGATE_CHUNK_ROWS' is no setting. Did you mean chunk_rows?"),
        ("chunk-rows = 3", "'chunk-rows' is no setting. Did you mean chunk_rows?"),
        ("colour = 3", "'colour' is no setting. docs/settings.md lists every setting"),
        ("[newsgate]\nchunk_rows = 3", "[newsgate] begins a table, and settings stand in none. Take the line out"),
        ("chunk_rows 3", "this is no TOML ("),
        ("chunk_rows = 'many'", "chunk_rows cannot be 'many': input should be a valid integer"),
        ("chunk_rows = 0", "chunk_rows cannot be 0: input should be greater than or equal to 1"),
        ("log_level = 'loud'", "log_level cannot be 'loud': input should be 'debug'"),
    ],
)
def test_what_cannot_be_is_told_in_one_line_that_names_the_file(written: str, told: str, folder: Path) -> None:
    for place, shown in (("newsgate.toml", "newsgate.toml"), ("home/newsgate.toml", f"{folder}/home/newsgate.toml")):
        (folder / place).write_text(f"{written}\n")
        done = CliRunner().invoke(newsgate, ["config"])
        assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert done.stderr.startswith(f"error: {shown}: {told}")
        (folder / place).unlink()


def test_the_file_of_the_home_folder_cannot_move_it(folder: Path) -> None:
    (folder / "home" / "newsgate.toml").write_text('home = "/elsewhere"\n')
    with pytest.raises(WrongUsageError, match="cannot say where the home folder is"):
        load_settings()


@pytest.mark.parametrize("content", [b"home = '\xff'\n", b"\xff\xfe"])
def test_one_that_is_not_utf8_is_told(content: bytes, folder: Path) -> None:
    (folder / "newsgate.toml").write_bytes(content)
    with pytest.raises(WrongUsageError, match=r"newsgate\.toml: this file is not UTF-8"):
        load_settings()


@pytest.mark.parametrize("place", ["newsgate.toml", "home/newsgate.toml"])
def test_one_that_others_can_write_is_not_read(place: str, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = folder / place
    file.write_text("chunk_rows = 3\n")
    file.chmod(0o666)
    with caplog.at_level(logging.WARNING):
        assert load_settings().chunk_rows == 2000
    (line,) = [record.getMessage() for record in caplog.records]
    shown = file.name if place == file.name else str(file)
    assert line == f"{file} is not read: other users can write it. Run: chmod go-w {shown}"
    assert "warning settings file: " in CliRunner().invoke(newsgate, ["doctor"]).output
    assert "is not read: other users can write it" in CliRunner().invoke(newsgate, ["config", "--explain"]).stderr


def test_doctor_and_config_name_the_files_that_are_read(folder: Path) -> None:
    (folder / "newsgate.toml").write_text("chunk_rows = 3\n")
    doctor = CliRunner().invoke(newsgate, ["doctor"]).output
    assert f"ok      settings file: {folder}/newsgate.toml is read\n" in doctor
    assert "NEWSGATE_CHUNK_ROWS=3" in doctor
    assert f"{folder}/newsgate.toml is read\n" in CliRunner().invoke(newsgate, ["config", "--explain"]).stderr


@pytest.mark.parametrize("options", [[], ["--explain"], ["--json"], ["--explain", "--json"]])
def test_no_password_is_shown_wherever_it_stands(
    options: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "home" / "newsgate.toml").write_text(f'database_url = "mysql://ann:{_SECRET}@db/news"\n')
    (folder / "newsgate.toml").write_text(
        f'database_url = "postgresql://ann:{_SECRET}@db/news"\nbroker_url = "redis://:{_SECRET}@b:1/0"\n'
    )
    (folder / ".env").write_text(f"NEWSGATE_BROKER_URL=redis://:{_SECRET}@c:1/0\n")
    monkeypatch.setenv("NEWSGATE_DATABASE_URL", f"postgresql://bob:{_SECRET}@elsewhere/news")
    done = CliRunner().invoke(newsgate, ["config", *options])
    assert done.exit_code == 0
    assert _SECRET not in done.output
    assert "bob" in done.stdout


@pytest.mark.parametrize(
    "written", [f"mysql://ann:{_SECRET}@db", f"redis://:{_SECRET}@h:port", f"{_SECRET} with blanks"]
)
@pytest.mark.parametrize("name", ["database_url", "broker_url"])
def test_a_wrong_address_shows_no_password_either(name: str, written: str, folder: Path) -> None:
    (folder / "newsgate.toml").write_text(f'{name} = "{written}"\n')
    assert _SECRET not in CliRunner().invoke(newsgate, ["config", "--explain"]).output


@pytest.mark.parametrize("name", [name for name, field in SETTINGS.items() if field.is_secret])
def test_what_is_kept_out_of_logs_is_kept_out_of_config_and_doctor_too(name: str, folder: Path) -> None:
    begins = {"database_url": "postgresql://ann:", "broker_url": "redis://:"}.get(name, "")
    (folder / "newsgate.toml").write_text(f'{name} = "{begins}{_SECRET}{"@localhost:1/0" if begins else ""}"\n')
    for command in (["config"], ["config", "--explain", "--json"], ["doctor"], ["doctor", "--json"]):
        done = CliRunner().invoke(newsgate, command)
        assert done.stdout
        assert _SECRET not in done.output


def test_config_shows_every_setting(folder: Path) -> None:
    done = CliRunner().invoke(newsgate, ["config", "--json"])
    assert list(json.loads(done.stdout)) == list(SETTINGS)
    table = CliRunner().invoke(newsgate, ["config"]).stdout.splitlines()
    assert [line.split()[0] for line in table] == ["setting", *SETTINGS]


def test_the_example_has_every_setting_with_its_default(folder: Path) -> None:
    """Each is commented out; without the marks the file is one that newsgate reads, and changes nothing."""
    example = (ROOT / "examples" / "newsgate.toml").read_text(encoding="utf-8")
    lines = [
        line.removeprefix("#") if line.startswith("#") and line[1:2].isalpha() else line
        for line in example.splitlines()
    ]
    (folder / "newsgate.toml").write_text("\n".join(line for line in lines if not line.startswith("home = ")))
    default = Settings(home=folder / "home")
    assert load_settings() == default
    named = [line.split(" = ")[0] for line in lines if " = " in line and not line.startswith("# ")]
    assert named == list(SETTINGS)
