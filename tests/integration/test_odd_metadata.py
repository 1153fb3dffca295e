"""Models whose metadata is not what it should be: what shows them says so in one line, and shows the rest."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import update

from newsgate.db.session import Database
from newsgate.db.tables import models
from newsgate.main import newsgate
from tests.bundles import contrary_bundle, store_bundle
from tests.desk import Desk

_ODD_FIGURES: list[dict[str, Any]] = [
    {"metrics": {"validation": {"rows": "many"}}},
    {"metrics": {"held_back": {"rows": 3, "accuracy": float("nan"), "weighted_f1": "good"}}},
    {"metrics": [1, 2]},
    {"training_data": {"rows": {"fake": None}}},
    {"training_data": 7},
    {"corpus": {"label_id": "last"}},
]
_ODD_REFERENCES: list[Any] = [
    {"histogram": [1, 2, 3], "tokens": 4, "unknown": 1, "items": 6},
    {"histogram": ["a"] * 20, "tokens": 4, "unknown": 1},
    {"histogram": [float("inf")] * 20, "tokens": 4, "unknown": 1},
    {"tokens": 4},
    "lost",
    {"histogram": [5] * 20, "tokens": 1, "unknown": 100},
]


@pytest.fixture
def desk(migrated_file: Path, tmp_path: Path) -> Desk:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    shutil.copy(migrated_file, home / "newsgate.db")
    return Desk(Database(f"sqlite:///{home / 'newsgate.db'}"), tmp_path)


@pytest.fixture
def batch(desk: Desk) -> int:
    """A batch that model 2 has classified; nothing of it is damaged yet."""
    desk.enqueue(1, seed=99)
    batch = desk.enqueue(20, model=store_bundle(desk.database, contrary_bundle(), name="odd"))
    desk.work_off(batch)
    return batch


def _damage(desk: Desk, metadata: str) -> None:
    with desk.database.write() as connection:
        connection.execute(update(models).where(models.c.number == 2).values(metadata=metadata))


def _run(*arguments: str | float | Path) -> Result:
    done = CliRunner().invoke(newsgate, [str(each) for each in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def _whole(number: int) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(_run("models", "show", number).stdout)
    return shown


def test_odd_metrics_are_left_out_with_one_line(desk: Desk, batch: int, tmp_path: Path) -> None:
    whole = _whole(2)
    for changed in _ODD_FIGURES:
        (part,) = changed
        _damage(desk, json.dumps({**whole, **changed}))
        told = f"warning: {part} in model 2's metadata is damaged and left out. "
        for command in (("models",), ("report", batch, "-o", tmp_path / "page.html")):
            done = _run(*command)
            assert done.exit_code == 0, done.output
            assert [line.startswith(told) for line in done.stderr.splitlines() if "warning" in line] == [True]
        json.loads(_run("models", "show", 2).stdout, parse_constant=pytest.fail)
        assert _run("status", "--drift").exit_code == 0
        assert _run("results", batch, "--max-error", 0.2).exit_code == 0


def test_a_damaged_reference_is_left_out_with_one_line(desk: Desk, batch: int, tmp_path: Path) -> None:
    whole = _whole(2)
    for reference in _ODD_REFERENCES:
        _damage(desk, json.dumps({**whole, "reference": reference}))
        for options in ((), ("--json",)):
            drift = _run("status", "--drift", *options)
            assert drift.exit_code == 0
            assert drift.stderr.startswith("warning: the reference in model 2's metadata is damaged and left out; ")
            assert "before newsgate recorded one" not in drift.stderr
        report = _run("report", batch, "-o", tmp_path / "page.html")
        assert report.stderr.startswith("warning: reference in model 2's metadata is damaged and left out")


@pytest.mark.parametrize("metadata", ["{", "[]", "7", "[" * 100_000])
def test_metadata_that_is_none_names_its_model(desk: Desk, batch: int, metadata: str) -> None:
    _damage(desk, metadata)
    for command in (("models",), ("models", "show", 2), ("status", "--drift"), ("report", batch, "-o", "page.html")):
        done = _run(*command)
        assert done.exit_code == 1
        assert done.stderr == ("error: the metadata of model 2 cannot be read. Restore the database from a backup\n")


def test_a_record_of_too_many_rows_is_refused_and_costs_nothing(desk: Desk, batch: int) -> None:
    steps = [{"threshold": 0.5, "rows": 10**12, "mistakes": 10**9}]
    _damage(desk, json.dumps({**_whole(2), "abstention": {"rows": 10**12, "steps": steps}}))
    done = _run("results", batch, "--max-error", 0.2)
    assert done.exit_code == 1
    assert done.stderr.startswith("error: model 2 has a damaged record of how sure it must be")
