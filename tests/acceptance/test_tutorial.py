"""Every command of the tutorial is run, as it stands there, and prints what the page shows."""

from __future__ import annotations

import re
import subprocess

import pytest

from newsgate.console.exit_codes import EXIT_SOME_ROWS_BAD
from tests.acceptance.test_readme import as_typed
from tests.pages import Example, examples
from tests.programs import World
from tests.unit.test_docs import ROOT

_PAGE = "tutorial.md"
# Lines that are left out, and the part of a line that differs from one machine or day to the next.
_LINES, _PART = "...", "…"


def shown_commands() -> list[Example]:
    return [each for each in examples(_PAGE) if isinstance(each, Example)]


def is_printed(shown: str, printed: list[str]) -> bool:
    # A text that the program itself has cut ends with the same mark.
    pattern = re.compile(".*".join(map(re.escape, shown.split(_PART))))
    return any(pattern.fullmatch(line) for line in printed)


def test_the_tutorial_goes_the_whole_way() -> None:
    typed = " ".join(each.typed for each in shown_commands())
    for step in ("make run", "classify", "results", "why", "label ", "labels import", "retrain", "promote", "rollback"):
        assert step in typed


# It trains a model: a quarter of a minute where nothing else runs.
@pytest.mark.timeout(1200)
@pytest.mark.long
def test_every_command_of_the_tutorial_prints_what_the_page_shows(untouched: World) -> None:
    environment = as_typed(untouched)
    wrong = []
    for each in shown_commands():
        done = subprocess.run(
            each.typed,
            shell=True,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        printed = (done.stdout + done.stderr).decode().replace(str(untouched.home), "~/.newsgate")
        # A file of the page has a row that is refused.
        assert done.returncode in (0, EXIT_SOME_ROWS_BAD), f"{each.typed}\n{printed}"
        lines = [line.rstrip() for line in printed.splitlines()]
        missing = [line for line in each.shown if line and line != _LINES and not is_printed(line.rstrip(), lines)]
        if missing:
            wrong.append((each.typed, missing, printed))
    assert wrong == []
    untouched.assert_sound()
