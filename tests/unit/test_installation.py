"""What to type for the libraries of an extra, however newsgate was installed."""

from __future__ import annotations

import json
import sys
from importlib import metadata
from pathlib import Path

import pytest
from click.testing import CliRunner

from newsgate.foundation.installation import install_command
from newsgate.main import newsgate


class _Distribution:
    def __init__(self, told: str | None) -> None:
        self.told = told

    def read_text(self, name: str) -> str | None:
        assert name == "direct_url.json"
        return self.told


def _command(monkeypatch: pytest.MonkeyPatch, origin: object) -> str:
    told = origin if isinstance(origin, str | None) else json.dumps(origin)
    monkeypatch.setattr(metadata, "distribution", lambda _: _Distribution(told))
    monkeypatch.setattr(sys, "executable", "/venv/bin/python")
    return install_command("files")


@pytest.mark.parametrize("origin", [None, "", "{", "[]", {"url": ""}])
def test_from_an_index_it_is_the_name_of_the_extra(monkeypatch: pytest.MonkeyPatch, origin: object) -> None:
    assert _command(monkeypatch, origin) == "pip install 'newsgate[files]'"


def test_in_a_checkout_it_names_the_folder_and_the_pip_of_its_own_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "my newsgate"
    folder.mkdir()
    origin = {"url": folder.as_uri(), "dir_info": {"editable": True}}
    assert _command(monkeypatch, origin) == f"/venv/bin/python -m pip install -e '{folder}[files]'"
    origin["dir_info"] = {}
    assert _command(monkeypatch, origin) == f"/venv/bin/python -m pip install '{folder}[files]'"
    folder.rmdir()
    assert _command(monkeypatch, origin) == "pip install 'newsgate[files]'"


def test_a_wheel_and_a_repository_are_named_as_they_were(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wheel = tmp_path / "newsgate-1.0-py3-none-any.whl"
    wheel.touch()
    told = _command(monkeypatch, {"url": wheel.as_uri(), "archive_info": {}})
    assert told == f"/venv/bin/python -m pip install 'newsgate[files] @ {wheel.as_uri()}'"
    repository = {"url": "https://host.example/n.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}}
    told = _command(monkeypatch, repository)
    assert told == "/venv/bin/python -m pip install 'newsgate[files] @ git+https://host.example/n.git@abc'"


def test_training_without_its_libraries_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("newsgate.training.optional_libraries.can_train", lambda: False)
    file = tmp_path / "labelled.csv"
    file.write_text("text,label\none,fake\ntwo,real\n")
    done = CliRunner().invoke(newsgate, ["train", str(file)])
    assert done.exit_code == 1
    told = f"error: training needs TensorFlow, which is not installed. Run: {install_command('training')}\n"
    assert done.stderr == told


def test_without_any_record_it_is_the_name_of_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> object:
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(metadata, "distribution", missing)
    assert install_command("training") == "pip install 'newsgate[training]'"
