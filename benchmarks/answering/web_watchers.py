"""What do browsers cost that watch a batch? The rate of the workers without and with ten of them, in turns.

`newsgate up` and `newsgate web` run all the time. A browser is a connection that reads the live figures, as the page
does; what it would draw is not measured, because it draws on another machine.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import statistics
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.answering.web_site import WebSite, web_site
from benchmarks.shared.newsgate_server import NewsgateServer, newsgate_server
from benchmarks.shared.options import add_counts
from benchmarks.shared.page import Table
from benchmarks.shared.processes import BenchmarkError, scratch_folder
from benchmarks.shared.progress import say
from benchmarks.shared.report import circumstances, markdown_table, spread
from benchmarks.shared.synthetic_texts import make_posts, write_posts
from newsgate.db.batch_status import batch_status
from newsgate.db.session import Database
from newsgate.tasks.running.open_database import open_database

MARKER = "web-watchers"
_SETTLE_SECONDS = 6.0


@dataclass(frozen=True, slots=True)
class Turn:
    """Some seconds with so many browsers: rows a second, the page's share of a core, and events that one was told."""

    browsers: int
    rate: float
    page_share: float
    events: float


def add_options(parser: argparse.ArgumentParser) -> None:
    add_counts(parser, rows=(2_000_000, "rows to classify, more than the measurement takes"))
    add_counts(parser, browsers=(10, "that watch"))
    add_counts(parser, turns=(6, "of each kind"))
    parser.add_argument("--turn-seconds", type=float, default=10.0, help="how long a turn takes")


def run(options: argparse.Namespace) -> Iterator[Table]:
    found = measure(
        rows=options.rows, browsers=options.browsers, turns=options.turns, turn_seconds=options.turn_seconds
    )
    yield Table(MARKER, report(found, browsers=options.browsers, seconds=options.turn_seconds))


def measure(*, rows: int, browsers: int, turns: int, turn_seconds: float) -> list[Turn]:
    """Turns without and with browsers; which comes first in a pair is drawn."""
    draw, found = random.Random(1), []
    with scratch_folder() as folder, newsgate_server(folder) as server:
        say(f"enqueueing {rows} rows")
        server.home.run("enqueue", write_posts(folder / "posts.csv", make_posts(seed=5), rows=rows))
        with web_site(server.home) as site, contextlib.closing(open_database(server.home.settings)) as database:
            time.sleep(_SETTLE_SECONDS)
            for number in range(turns):
                say(f"turn {number + 1} of {turns}")
                kinds = draw.sample((0, browsers), 2)
                found += [_turn(site, database, browsers=kind, seconds=turn_seconds) for kind in kinds]
        _cancel(server)
    return found


def report(found: list[Turn], *, browsers: int, seconds: float) -> str:
    """The figures as Markdown."""
    kinds = {count: [turn for turn in found if turn.browsers == count] for count in (0, browsers)}
    table = markdown_table(
        ("browsers", "rows/s, median", "slowest", "fastest", "the page's share of a core", "events a second to each"),
        [
            (
                str(count),
                *spread([turn.rate for turn in turns]),
                f"{statistics.median(turn.page_share for turn in turns):.2%}",
                f"{statistics.median(turn.events for turn in turns):.2f}",
            )
            for count, turns in kinds.items()
        ],
    )
    ratios = [watched.rate / alone.rate for alone, watched in zip(kinds[0], kinds[browsers], strict=True)]
    cost = 1 - statistics.median(ratios)
    pairs = ", ".join(f"{ratio:.3f}" for ratio in sorted(ratios))
    told = (
        f"Turns of {seconds:g} s, in pairs. With {browsers} browsers the rate is {1 - cost:.3f} of that without "
        f"(median of the pairs: {pairs})."
    )
    return f"{table}\n\n{told}\n\n{circumstances()}"


def _turn(site: WebSite, database: Database, *, browsers: int, seconds: float) -> Turn:
    with _watching(site, browsers) as events:
        time.sleep(1.0)
        began, rows, cpu, told = time.monotonic(), _done(database), site.cpu_seconds(), sum(events)
        time.sleep(seconds)
        took = time.monotonic() - began
        rate = (_done(database) - rows) / took
        share = (site.cpu_seconds() - cpu) / took
        heard = (sum(events) - told) / took / max(browsers, 1)
    return Turn(browsers, rate, share, heard)


@contextlib.contextmanager
def _watching(site: WebSite, browsers: int) -> Iterator[list[int]]:
    """So many connections that read the live figures; gives how many events each has read so far."""
    events = [0] * browsers
    connections = [site.connect() for _ in range(browsers)]

    def read(place: int) -> None:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            connection = connections[place]
            connection.request("GET", "/progress", headers={"Cookie": site.cookie, "Accept": "text/event-stream"})
            answer = connection.getresponse()
            while line := answer.readline():
                events[place] += line.startswith(b"data:")

    threads = [threading.Thread(target=read, args=(place,), daemon=True) for place in range(browsers)]
    for thread in threads:
        thread.start()
    try:
        yield events
    finally:
        for connection in connections:
            if connection.sock is not None:
                with contextlib.suppress(OSError):
                    connection.sock.shutdown(2)
            connection.close()
        for thread in threads:
            thread.join(5)


def _done(database: Database) -> int:
    with database.read() as connection:
        status = batch_status(connection, 1)
    if status.finished:
        raise BenchmarkError("every row was classified before the measurement was over: ask for more with --rows")
    return status.done


def _cancel(server: NewsgateServer) -> None:
    # What is left need not be classified for the system to stop.
    server.home.run("newsgate", "cancel", "1")
