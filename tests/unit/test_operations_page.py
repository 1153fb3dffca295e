"""docs/operations.md: each alert of deploy/ has its part, with its threshold and commands that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from benchmarks.scale.capacity import Site
from benchmarks.scale.rates import read_rates
from benchmarks.scale.sizing import MARKER, ROWS_A_DAY, sizing_table
from newsgate.main import newsgate

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
METRICS = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
RULES: list[dict[str, Any]] = [
    rule
    for file in sorted((ROOT / "deploy").rglob("*alerts*.yml"))
    for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
PARTS = dict(re.findall(r"^### (\w+)\n(.*?)(?=^#|\Z)", PAGE, re.DOTALL | re.MULTILINE))
SECONDS = {"m": 60, "h": 3600, "d": 86_400}
WORDS = {"m": ("minute", "minutes"), "h": ("hour", "hours"), "d": ("day", "days")}


def test_every_alert_has_its_part_and_every_part_its_alert() -> None:
    assert list(PARTS) == [rule["alert"] for rule in RULES]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_part_says_when_what_and_what_to_type(rule: dict[str, Any]) -> None:
    when, means, do = re.split(r"\*\*(?:It means|Do)\.\*\*", PARTS[rule["alert"]])
    assert means.strip()
    assert re.search(r"```sh\n", do)
    assert ("Critical" in when) == (rule["labels"]["severity"] == "critical")
    # What it is compared with, but for 0, and for how long.
    for number in re.findall(r"[<>]=? (?!0\b(?!\.))([\d.]+)", rule["expr"]):
        assert number in when
    if "for" in rule:
        length, unit = int(rule["for"][:-1]), rule["for"][-1]
        assert f"{length} {WORDS[unit][length != 1]}" in when


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_rule_and_the_list_of_rules_lead_to_its_part(rule: dict[str, Any]) -> None:
    part = rule["alert"].lower()
    assert rule["annotations"]["runbook_url"] == f"docs/operations.md#{part}"
    assert f"](operations.md#{part})" in METRICS


def _commands() -> list[str]:
    """What is typed in a block or named in a sentence, without what follows a # or a pipe."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    lines = [line.partition("  #")[0] for block in blocks for line in block.split("\n")]
    named = re.findall(r"`(newsgate [^`]+)`", PAGE)
    return sorted({each.partition("|")[0].strip() for each in [*lines, *named] if each.startswith("newsgate ")})


@pytest.mark.parametrize("command", _commands())
def test_what_is_to_be_typed_is_a_command_with_its_options(command: str) -> None:
    _, name, *words = shlex.split(command)
    found = newsgate.get_command(click.Context(newsgate), name)
    assert found is not None, command
    known = {spelling for option in found.params for spelling in (*option.opts, *option.secondary_opts)}
    assert {word for word in words if word.startswith("-")} <= known


def test_the_table_is_what_the_command_gives() -> None:
    rates = read_rates()
    table = sizing_table(Site(rates, rates.postgresql, 2000), ROWS_A_DAY)
    assert f"<!-- {MARKER}: begin -->\n{table}\n<!-- {MARKER}: end -->" in PAGE
    lines = [line.split(" | ") for line in table.splitlines()[2:]]
    # Ten times the rows are ten times the rate.
    assert [float(line[1].replace(" ", "")) for line in lines[-2:]] == [3472, 34722]
    assert [int(line[2]) for line in lines] == sorted(int(line[2]) for line in lines)
