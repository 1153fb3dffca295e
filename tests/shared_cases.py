"""What becomes of each file of a folder, as a table: `python -m tests.shared_cases FOLDER [--typed 'NAME OPTIONS']…`.

Each file is shown by `newsgate inspect` and enqueued into a database of its own, as it is or with the options that a
person would type for it. With --all the commands that read labels, and `newsgate classify`, get it after that. Whether
what they make of it is what the file means, only a person can say.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
from click.testing import CliRunner, Result

from newsgate.enqueue import enqueue
from newsgate.main import newsgate

_OTHER_COMMANDS: Final = (("labels", "import"), ("evaluate",), ("classify",), ("train", "--recipe", "plain"))

_COUNTS_OR_REFUSES: Final = re.compile(
    r"^error: |^warning: labels|labels stored|labelled rows|classified, \d+ failed|^champion"
)


@dataclass(frozen=True)
class Answer:
    """What another command said of a file: its exit code and the lines that count rows or refuse."""

    command: str
    exit_code: int
    said: tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """A file and what was typed for it; report: of `inspect`, None where it failed. figures: of `enqueue`."""

    file: Path
    options: tuple[str, ...]
    report: dict[str, Any] | None
    figures: dict[str, int] | None
    said: str
    answers: tuple[Answer, ...] = ()

    @property
    def adds_up(self) -> bool:
        """Whether what was enqueued is what `inspect` has counted."""
        if self.report is None or self.figures is None:
            return (self.report is None) == (self.figures is None)
        wanted = (self.report["items"], self.report["rejected"])
        return (self.figures["items"], self.figures["rejected"]) == wanted


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; the exit code says whether every row of every file was accounted for."""
    parser = argparse.ArgumentParser(prog="python -m tests.shared_cases", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--typed", action="append", default=[], metavar="'NAME OPTIONS'", help="options for a file")
    parser.add_argument("--all", action="store_true", help="also labels import, evaluate, classify and train")
    given = parser.parse_args(arguments)
    typed = {words[0]: tuple(words[1:]) for words in map(shlex.split, given.typed)}
    cases = [
        try_file(file, typed.get(file.name, ()), others=_OTHER_COMMANDS if given.all else ())
        for file in sorted(given.folder.iterdir())
        if file.is_file()
    ]
    for case in cases:
        print("\n".join(describe(case)))
    wrong = [case.file.name for case in cases if not case.adds_up]
    refused = sum(case.figures is None for case in cases)
    print(f"{len(cases)} files, {refused} refused; rows do not add up: {wrong or 'none'}")
    return 1 if wrong else 0


def try_file(file: Path, options: tuple[str, ...], *, others: Sequence[tuple[str, ...]] = ()) -> Case:
    """Inspect a file, enqueue it, and give it to the other commands."""
    with tempfile.TemporaryDirectory() as home:
        inspected = _run(newsgate, "inspect", "--json", *options, str(file), home=home)
        enqueued = _run(enqueue, "--json", *options, str(file), home=home)
        answers = tuple(_answer(command, *options, str(file), home=home) for command in others)
    said = [
        line
        for line in (inspected.stderr + enqueued.stderr).splitlines()
        if line.startswith(("error:", "note:", "warning:")) and "no worker runs here" not in line
    ]
    return Case(
        file,
        options,
        json.loads(inspected.stdout) if inspected.exit_code == 0 else None,
        json.loads(enqueued.stdout) if enqueued.exit_code in (0, 3) else None,
        " / ".join(dict.fromkeys(said)),
        answers,
    )


def describe(case: Case) -> list[str]:
    """The lines of the table about a file."""
    lines = [f"{case.file.name}  {' '.join(['enqueue', *map(shlex.quote, case.options)])}"]
    if case.report is not None and case.figures is not None:
        report, figures = case.report, case.figures
        roles = [f"{each['role']}={each['name']}" for each in report["columns"] if each["role"]]
        lines.append(
            f"    {report['format']}: {report['rows']} rows = {figures['items']} items + {figures['rejected']} rejects"
            f" {dict(report['reasons']) or ''}; {', '.join(roles)}"
        )
        if report["labels"]:
            lines.append(f"    labels in {report['labels']['column']}: {report['labels']['values']}")
            if report["labels"]["problem"]:
                lines.append(f"    asked: {report['labels']['problem']}")
    if case.said:
        lines.append(f"    said: {case.said}")
    return lines + [f"    {each.command} -> {each.exit_code}: {' / '.join(each.said)}" for each in case.answers]


def _answer(command: tuple[str, ...], *words: str, home: str) -> Answer:
    result = _run(newsgate, *command, *words, home=home)
    lines = [*result.stderr.splitlines(), *result.stdout.splitlines()]
    return Answer(" ".join(command), result.exit_code, tuple(line for line in lines if _COUNTS_OR_REFUSES.search(line)))


def _run(command: click.Command, *words: str, home: str) -> Result:
    return CliRunner().invoke(command, words, env={"NEWSGATE_HOME": home}, catch_exceptions=False)


if __name__ == "__main__":
    sys.exit(main())
