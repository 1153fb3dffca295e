"""What do browsers cost that watch a batch? The workers without and with ten of them, in turns of so many rows each.

All rows are stored before the first turn, so that nothing else is done meanwhile. `newsgate up` and `newsgate web` run
all the time. A browser is a connection that reads the live figures, as the page does; what it would draw is not
measured, because it draws on another machine. What the page takes more of a core is the figure to look at:
other programs on the machine change it far less than they change the rate, or what a row takes.
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
from itertools import cycle, islice

from benchmarks.answering.web_site import WebSite, web_site
from benchmarks.shared.home import Home
from benchmarks.shared.newsgate_server import NewsgateServer, newsgate_server
from benchmarks.shared.options import add_counts
from benchmarks.shared.page import Table
from benchmarks.shared.processes import BenchmarkError, Cost, cores, cpu_seconds_of, scratch_folder
from benchmarks.shared.progress import say
from benchmarks.shared.report import circumstances, markdown_table, spread
from benchmarks.shared.synthetic_texts import make_posts, write_posts
from newsgate.db.batch_status import batch_status
from newsgate.db.session import Database
from newsgate.tasks.running.open_database import open_database

MARKER = "web-watchers"
# Rows that are classified before the first turn, and between two while browsers come and go, in parts of a turn's rows.
_SLACK = 0.5
# Making a post takes longer than storing it; the number of its row makes each text another one.
_DIFFERENT_POSTS = 20_000
_SETTLE_SECONDS = 1.0
_LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Turn:
    """So many rows with so many browsers.

    cost: of the workers and the page together. page_share: of a core, by the page. events: a second, that each browser
    was told.
    """

    browsers: int
    cost: Cost
    page_share: float
    events: float


def add_options(parser: argparse.ArgumentParser) -> None:
    add_counts(parser, turn_rows=(150_000, "rows of a turn"))
    add_counts(parser, browsers=(10, "that watch"))
    add_counts(parser, turns=(7, "of each kind"))


def run(options: argparse.Namespace) -> Iterator[Table]:
    found = measure(turn_rows=options.turn_rows, browsers=options.browsers, turns=options.turns)
    yield Table(MARKER, report(found, browsers=options.browsers, turn_rows=options.turn_rows))


def measure(*, turn_rows: int, browsers: int, turns: int) -> list[Turn]:
    """Turns without and with browsers; which comes first in a pair is drawn."""
    draw, found = random.Random(1), []
    rows = int(turn_rows * (2 * turns * (1 + _SLACK) + 1))
    with scratch_folder() as folder:
        say(f"enqueueing {rows} rows")
        Home(folder).run("enqueue", write_posts(folder / "posts.csv", _many_posts(), rows=rows))
        with (
            newsgate_server(folder, NEWSGATE_UP_TRAINS="no") as server,
            web_site(server.home) as site,
            contextlib.closing(open_database(server.home.settings)) as database,
        ):
            _wait_for(database, done=turn_rows // 2)
            for number in range(turns):
                say(f"turn {number + 1} of {turns}")
                kinds = draw.sample((0, browsers), 2)
                found += [_turn(server, site, database, browsers=kind, rows=turn_rows) for kind in kinds]
            # What is left need not be classified for the system to stop.
            server.home.run("newsgate", "cancel", "1")
    return found


def report(found: list[Turn], *, browsers: int, turn_rows: int) -> str:
    """The figures as Markdown."""
    kinds = {count: [turn for turn in found if turn.browsers == count] for count in (0, browsers)}
    table = markdown_table(
        (
            "browsers",
            "CPU ms a row, median",
            "rows/s, median",
            "slowest",
            "fastest",
            "the page's share of a core",
            "events a second to each",
        ),
        [
            (
                str(count),
                f"{statistics.median(turn.cost.cpu_milliseconds_per_item for turn in turns):.4f}",
                *spread([turn.cost.items_per_second for turn in turns]),
                f"{statistics.median(turn.page_share for turn in turns):.2%}",
                f"{statistics.median(turn.events for turn in turns):.2f}",
            )
            for count, turns in kinds.items()
        ],
    )
    pairs = [(alone.cost, watched.cost) for alone, watched in zip(kinds[0], kinds[browsers], strict=True)]
    cpu = [watched.cpu_milliseconds_per_item / alone.cpu_milliseconds_per_item for alone, watched in pairs]
    rate = [watched.items_per_second / alone.items_per_second for alone, watched in pairs]
    alone, beside = (statistics.median(turn.page_share for turn in turns) for turns in kinds.values())
    more = beside - alone
    told = (
        f"{len(pairs)} pairs of turns of {turn_rows:,} rows. With {browsers} browsers the page takes {more:.2%} of a "
        f"core more: {more / cores():.2%} of the {cores()} cores that the workers have. A row takes "
        f"{statistics.median(cpu):.3f} times the processor time of workers and page, in the median of the pairs "
        f"({min(cpu):.3f} to {max(cpu):.3f}), and the rate is {statistics.median(rate):.3f} times that without "
        f"({min(rate):.3f} to {max(rate):.3f})."
    )
    return f"{table}\n\n{told}\n\n{circumstances()}"


def _many_posts() -> Iterator[str]:
    posts = cycle(islice(make_posts(seed=5), _DIFFERENT_POSTS))
    return (f"{post} {number}" for number, post in enumerate(posts))


def _turn(server: NewsgateServer, site: WebSite, database: Database, *, browsers: int, rows: int) -> Turn:
    with _watching(site, browsers) as events:
        time.sleep(_SETTLE_SECONDS)
        began, before, page, told = time.monotonic(), _done(database), site.cpu_seconds(), sum(events)
        system = cpu_seconds_of(server.up.process)
        after = _wait_for(database, done=before + rows)
        took = time.monotonic() - began
        page = site.cpu_seconds() - page
        cost = Cost(after - before, took, cpu_seconds_of(server.up.process) - system + page)
        heard = (sum(events) - told) / took / max(browsers, 1)
    return Turn(browsers, cost, page / took, heard)


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


def _wait_for(database: Database, *, done: int) -> int:
    """Wait until so many rows have a verdict; gives how many do. Raises BenchmarkError where no more will."""
    while (found := _done(database)) < done:
        time.sleep(_LOOK_SECONDS)
    return found


def _done(database: Database) -> int:
    with database.read() as connection:
        status = batch_status(connection, 1)
    if status.finished:
        raise BenchmarkError("every row was classified before the measurement was over: ask for larger --turn-rows")
    return status.done
