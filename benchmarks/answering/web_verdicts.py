"""How long does a page of verdicts take where there are a million? Asked of `newsgate web`, on SQLite and PostgreSQL.

The rows are put into the tables as `enqueue` and the workers would leave them. One row of all, in the last tenth of the
file, holds a word that no other holds.
"""

from __future__ import annotations

import argparse
import contextlib
import html
import re
import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.answering.web_site import WebSite, web_site
from benchmarks.shared.home import Home
from benchmarks.shared.options import add_counts
from benchmarks.shared.page import Table
from benchmarks.shared.processes import scratch_folder
from benchmarks.shared.progress import say
from benchmarks.shared.report import circumstances, figure, markdown_table
from benchmarks.shared.servers import safe_postgres
from benchmarks.shared.verdict_batch import RARE_WORD, make_verdict_batch
from newsgate.tasks.running.open_database import open_database

MARKER = "web-verdicts"
_MOST_STEPS = 1000


@dataclass(frozen=True, slots=True)
class Question:
    """A page that a person opens. path: below that of the batch's verdicts. goes_on: until something is found."""

    name: str
    path: str
    goes_on: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """Milliseconds that requests took, one after the other; steps: how many a search needed.

    cpu_milliseconds: of the page's process for a request, which other programs on the machine change far less.
    """

    question: Question
    milliseconds: tuple[float, ...]
    steps: int
    cpu_milliseconds: float


def add_options(parser: argparse.ArgumentParser) -> None:
    add_counts(parser, rows=(1_000_000, "of the batch"))
    add_counts(parser, repeats=(15, "how often each page is opened"))


def run(options: argparse.Namespace) -> Iterator[Table]:
    found = measure(rows=options.rows, repeats=options.repeats)
    yield Table(MARKER, report(found, rows=options.rows, repeats=options.repeats))


def measure(*, rows: int, repeats: int) -> dict[str, list[Answer]]:
    """The answers of each database."""
    found = {}
    with scratch_folder() as folder:
        found["SQLite"] = _measure_on(Home(folder), rows=rows, repeats=repeats)
    with scratch_folder() as folder, safe_postgres() as postgres:
        variables = {"NEWSGATE_DATABASE_URL": postgres.new_database(migrated=True)}
        found["PostgreSQL"] = _measure_on(Home(folder, variables), rows=rows, repeats=repeats)
    return found


def report(found: dict[str, list[Answer]], *, rows: int, repeats: int) -> str:
    """The figures as Markdown."""
    lines = [
        (
            f"{name}: {answer.question.name}",
            figure(statistics.median(answer.milliseconds)),
            figure(max(answer.milliseconds)),
            figure(answer.cpu_milliseconds),
            str(answer.steps),
            figure(sum(answer.milliseconds) if answer.question.goes_on else statistics.median(answer.milliseconds)),
        )
        for name, answers in found.items()
        for answer in answers
    ]
    table = markdown_table(("page", "ms, median", "ms, slowest", "CPU ms of the page", "requests", "ms in all"), lines)
    told = f"{figure(rows)} rows, each page opened {repeats} times over HTTP, of a search every step once."
    return f"{table}\n\n{told}\n\n{circumstances()}"


def questions(rows: int) -> tuple[Question, ...]:
    """What is asked."""
    return (
        Question("the first page", ""),
        Question("a page in the middle", f"?after={rows // 2}"),
        Question("the page before the last row", f"?before={rows}"),
        Question("rows with a word that one row in a hundred holds", "?text=hundredth"),
        Question("rows called fake that are very sure", "?verdict=fake&min_score=0.999", goes_on=True),
        Question("the row with a word that no other holds", f"?text={RARE_WORD}", goes_on=True),
    )


def _measure_on(home: Home, *, rows: int, repeats: int) -> list[Answer]:
    with contextlib.closing(open_database(home.settings)) as database:
        say(f"making {rows} rows with verdicts on {database.engine.dialect.name}")
        batch = make_verdict_batch(database, rows=rows)
        with web_site(home) as site:
            return [_ask(site, batch, question, repeats=repeats) for question in questions(rows)]


def _ask(site: WebSite, batch: int, question: Question, *, repeats: int) -> Answer:
    say(f"asking for {question.name}")
    path = f"/batches/{batch}/verdicts{question.path}"
    with contextlib.closing(site.connect()) as connection:
        site.ask(connection, path)
        cpu_before = site.cpu_seconds()
        if not question.goes_on:
            milliseconds = tuple(site.ask(connection, path)[0] for _ in range(repeats))
            return Answer(question, milliseconds, 1, 1000 * (site.cpu_seconds() - cpu_before) / repeats)
        taken: list[float] = []
        for _ in range(_MOST_STEPS):
            took, page = site.ask(connection, path)
            taken.append(took)
            further = re.search(r'rel="next" href="([^"]+)" data-go-on', page)
            if further is None:
                break
            path = html.unescape(further[1])
        return Answer(question, tuple(taken), len(taken), 1000 * (site.cpu_seconds() - cpu_before) / len(taken))
