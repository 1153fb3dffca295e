"""What do metrics cost? The same file with Prometheus' address set and read every second, and without, in turns.

Both are `newsgate up` as a process, on SQLite and the private broker. One process here reads all of its metrics once a
second, fifteen times as often as Prometheus usually does. The order changes from pair to pair, because what else the
machine does comes and goes. Processor time is the figure to look at: other programs change it far less than the rate.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import threading
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.pipeline.newsgate_side import Newsgate
from benchmarks.shared.newsgate_server import newsgate_server
from benchmarks.shared.options import add_counts
from benchmarks.shared.page import Table
from benchmarks.shared.processes import Cost, scratch_folder
from benchmarks.shared.progress import say
from benchmarks.shared.report import circumstances, figure, markdown_table
from benchmarks.shared.synthetic_texts import make_posts, write_posts
from newsgate.tasks.running.open_database import open_database
from tests.services import free_port

MARKER: Final = "metrics_cost"
_SCRAPE_SECONDS: Final = 1.0
_PROCESSES: Final = 12
_WARM_UP_ROWS: Final = 4000


@dataclass(frozen=True, slots=True)
class Pair:
    """The same file without metrics and with them."""

    without: Cost
    beside: Cost


def add_options(parser: argparse.ArgumentParser) -> None:
    add_counts(parser, rows=(100_000, "of each file"), repeats=(5, "pairs"))


def run(options: argparse.Namespace) -> Iterator[Table]:
    yield Table(MARKER, report(measure(rows=options.rows, repeats=options.repeats)))


def measure(*, rows: int, repeats: int) -> list[Pair]:
    """Classify one file in each way, again and again."""
    pairs = []
    for number in range(repeats):
        found = {}
        for with_metrics in (False, True) if number % 2 else (True, False):
            say(f"pair {number + 1} of {repeats}: {'with' if with_metrics else 'without'} metrics")
            found[with_metrics] = _classify(rows, port=free_port() if with_metrics else None)
        pairs.append(Pair(found[False], found[True]))
    return pairs


def report(pairs: Sequence[Pair]) -> str:
    """The figures as Markdown."""
    rows = []
    for name, costs in (("without", [pair.without for pair in pairs]), ("with", [pair.beside for pair in pairs])):
        rates = [cost.items_per_second for cost in costs]
        milliseconds = [cost.cpu_milliseconds_per_item for cost in costs]
        rows.append((name, figure(statistics.median(rates)), f"{statistics.median(milliseconds):.4f}"))
    rate = statistics.median(pair.beside.items_per_second / pair.without.items_per_second for pair in pairs)
    processor = [pair.beside.cpu_milliseconds_per_item / pair.without.cpu_milliseconds_per_item for pair in pairs]
    table = markdown_table(("metrics", "items/s, median", "CPU ms an item, median"), rows)
    told = (
        f"With metrics beside without, in the median of {len(pairs)} pairs: {rate:.3f} times the rate, and "
        f"{statistics.median(processor):.3f} times the processor time ({min(processor):.3f} to {max(processor):.3f})."
    )
    return f"{table}\n\n{told}\n\n{circumstances()}"


def _classify(rows: int, *, port: int | None) -> Cost:
    variables = {"NEWSGATE_UP_TRAINS": "no"}
    if port is not None:
        variables["NEWSGATE_METRICS_ADDRESS"] = f"127.0.0.1:{port}"
    posts = make_posts(seed=9)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(scratch_folder())
        server = stack.enter_context(newsgate_server(folder, **variables))
        database = stack.enter_context(contextlib.closing(open_database(server.home.settings)))
        newsgate = Newsgate(server, database)
        newsgate.classify_file(write_posts(folder / "warm.csv", posts, rows=_WARM_UP_ROWS), rows=_WARM_UP_ROWS)
        if port is not None:
            stack.enter_context(_scraping(port))
        return newsgate.classify_file(write_posts(folder / "posts.csv", posts, rows=rows), rows=rows)


@contextlib.contextmanager
def _scraping(first: int) -> Iterator[None]:
    stop = threading.Event()

    def scrape() -> None:
        while not stop.wait(_SCRAPE_SECONDS):
            for port in range(first, first + _PROCESSES):
                with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
                    answer.read()

    thread = threading.Thread(target=scrape, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
