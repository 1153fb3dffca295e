"""Pages whose examples are run: the files that they show are made, and their commands print what they show."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
from click.testing import CliRunner
from sqlalchemy import select

from newsgate.db.tables import chunks
from newsgate.enqueue import enqueue
from newsgate.main import newsgate
from newsgate.tasks.classifying.classify_chunk import classify_chunk
from newsgate.tasks.classifying.worker_process import make_worker_context
from newsgate.tasks.running.open_database import open_database
from newsgate.worker.settings import load_settings

DOCS = Path(__file__).parents[1] / "docs"
_PROGRAMS: dict[str, click.Command] = {"enqueue": enqueue, "newsgate": newsgate}
# ```csv posts.csv shows a file, ```console shows commands and what they print.
_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_ANY_LINES = "..."
_NO_WORKER = "no worker runs here yet; the rows are safe"


@dataclass(frozen=True)
class Example:
    """A command of a page, as it is typed, and the lines that the page shows below it."""

    typed: str
    shown: tuple[str, ...]


def examples(page: str) -> Iterator[Example | tuple[str, str]]:
    """What a page shows, in its order: files as (name, content), and commands."""
    for kind, name, content in _BLOCK.findall((DOCS / page).read_text(encoding="utf-8")):
        if kind != "console":
            if name:
                yield name, content
            continue
        for part in re.split(r"^\$ ", content, flags=re.MULTILINE)[1:]:
            typed, *shown = part.splitlines()
            yield Example(typed, tuple(shown))


def run_page(page: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """Do in the current folder what the page shows; gives each command, what it printed and what is shown."""
    for each in examples(page):
        if isinstance(each, Example):
            yield each.typed, printed(each.typed, each.shown), list(each.shown)
            if each.typed.startswith("enqueue"):
                work_off()
        else:
            file = Path(each[0])
            file.parent.mkdir(exist_ok=True)
            file.write_text(each[1], encoding="utf-8")


def work_off() -> None:
    """Classify what waits, as a worker beside the person would."""
    settings = load_settings()
    database = open_database(settings)
    try:
        context = make_worker_context(settings, database)
        with database.read() as connection:
            waiting = connection.execute(select(chunks.c.id).where(chunks.c.state == "queued")).scalars().all()
        for chunk in waiting:
            assert classify_chunk(chunk, context, from_broker=True) == "done"
    finally:
        database.close()


def printed(typed: str, shown: tuple[str, ...]) -> list[str]:
    """What a command prints, both streams; where the page leaves lines out with `...`, up to there."""
    program, *words = shlex.split(typed)
    done = CliRunner().invoke(_PROGRAMS[program], words, catch_exceptions=False, prog_name=program)
    lines = [line.rstrip() for line in done.output.splitlines() if _NO_WORKER not in line]
    return [*lines[: len(shown) - 1], _ANY_LINES] if shown and shown[-1] == _ANY_LINES else lines
