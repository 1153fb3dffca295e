"""Numbers on the command line that no database can hold, or that are none: wrong usage, in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from newsgate.console.parameter_types import BATCH_NUMBER, MODEL_NUMBER, ROW_COUNT
from newsgate.main import newsgate

_HUGE = "99999999999999999999"
_TOO_LARGE = [
    f"status {_HUGE}",
    f"status --limit {_HUGE}",
    f"results {_HUGE}",
    f"results 1 --model {2**31}",
    f"results 1 --limit {2**63}",
    f"cancel {2**63}",
    f"requeue {_HUGE}",
    f"reclassify {_HUGE}",
    f"reclassify 1 --model {_HUGE}",
    f"reclassify 1 --flips {_HUGE}",
    f"flips {_HUGE}",
    f"flips 1 --models 1,{_HUGE}",
    f"label {_HUGE} fake",
    f"models show {_HUGE}",
    f"promote {2**31} --reason better",
    f"shadow {2**31}",
    f"shadow {'9' * 5000}",
    f"review --batch {_HUGE} --export x.csv",
    f"explain --model {_HUGE} text",
    f"explain {_HUGE}",
    f"enqueue --model {2**31} x.csv",
    f"evaluate --model {_HUGE} x.csv",
]
_NO_NUMBER = [
    "results 1 --max-error nan",
    "results 1 --min-score nan",
    "classify x.csv --max-error nan",
    "evaluate x.csv --max-error nan",
    "review --export x --random-share nan",
    "shadow 2 --share nan",
]


@pytest.mark.parametrize("command", _TOO_LARGE + _NO_NUMBER, ids=lambda command: command[:40])
def test_a_number_that_cannot_be_is_wrong_usage(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(newsgate, command.split())
    assert done.exit_code == 2, done.output
    assert "rror: " in done.output.splitlines()[-1]


def test_the_largest_numbers_are_numbers_still() -> None:
    assert BATCH_NUMBER.parse(str(2**63 - 1)) == 2**63 - 1
    assert MODEL_NUMBER.parse(str(2**31 - 1)) == 2**31 - 1
    assert ROW_COUNT.parse("0") == 0
    assert [MODEL_NUMBER.parse(text) for text in ("0", str(2**31), "-1", "1.0", "²", "")] == [None] * 6


@pytest.mark.parametrize("command", ["status", "cancel", "models show"])
def test_a_number_that_nothing_has_is_told_in_one_line(command: str) -> None:
    largest = MODEL_NUMBER.largest if command == "models show" else BATCH_NUMBER.largest
    done = CliRunner().invoke(newsgate, [*command.split(), str(largest)])
    assert done.exit_code == 1
    assert f"there is no {'model' if command == 'models show' else 'batch'} {largest}" in done.output
