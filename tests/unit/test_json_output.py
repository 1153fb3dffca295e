"""What commands show, they also say as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from newsgate.main import newsgate


def said(*arguments: str) -> list[Any]:
    done = CliRunner().invoke(newsgate, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_models_are_an_object_each() -> None:
    (starter,) = said("models")
    assert said("models", "list") == [starter]
    assert (starter["model"], starter["name"], starter["state"]) == (1, "starter", "champion")
    assert starter["trained_texts"] > 1000
    assert 0.5 < starter["weighted_f1"] < 1
    shown = CliRunner().invoke(newsgate, ["models", "show", "1"]).stdout
    assert json.loads(shown)["sha256"] == starter["sha256"]


def test_invariants_are_an_object_each() -> None:
    found = said("audit")
    assert len(found) > 5
    assert all(each["holds"] and each["offenders"] == [] for each in found)
    printed = CliRunner().invoke(newsgate, ["audit"]).stdout.splitlines()
    assert [f"ok     {each['invariant']} ({each['checked']} checked)" for each in found] == printed


def test_labels_are_one_object_before_and_after_the_first(tmp_path: Path) -> None:
    (none,) = said("labels")
    assert (none["judgements"], none["by_person"], none["by_label"]) == (0, {}, {"fake": 0, "real": 0})
    file = tmp_path / "judged.csv"
    file.write_text("text,label\na text,fake\nanother,real\n")
    assert CliRunner().invoke(newsgate, ["labels", "import", str(file), "--by", "Ada"]).exit_code == 0
    (some,) = said("labels")
    assert (some["judgements"], some["texts"], some["by_person"]) == (2, 2, {"Ada": 2})
    assert some["by_chosen"] == {"import": {"fake": 1, "real": 1}}
    assert some["agreement"] == {"texts": 0, "same": 0, "kappa": None}
