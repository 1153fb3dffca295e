"""How many rows should a chunk have? `newsgate classify FILE` under one NEWSGATE_CHUNK_ROWS after another."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from benchmarks.shared.newsgate_server import newsgate_server
from benchmarks.shared.options import add_rows_and_repeats
from benchmarks.shared.page import Table
from benchmarks.shared.processes import scratch_folder
from benchmarks.shared.progress import say
from benchmarks.shared.report import circumstances, markdown_table, spread
from benchmarks.shared.synthetic_texts import make_posts, write_posts

MARKER = "chunk-rows"
SIZES_ROWS = (250, 500, 1000, 2000, 4000)


def add_options(parser: argparse.ArgumentParser) -> None:
    add_rows_and_repeats(parser)


def run(options: argparse.Namespace) -> Iterator[Table]:
    yield Table(MARKER, report(measure(rows=options.rows, repeats=options.repeats)))


def measure(*, rows: int, repeats: int) -> dict[int, list[float]]:
    """Items a second of the whole pipeline for each size; the sizes take turns on one warm server."""
    posts = make_posts(seed=3)
    rates: dict[int, list[float]] = {size: [] for size in SIZES_ROWS}
    with scratch_folder() as folder, newsgate_server(folder) as newsgate:
        file = folder / "posts.csv"
        newsgate.enqueue(write_posts(file, posts, rows=2 * max(SIZES_ROWS)), rows=2 * max(SIZES_ROWS))
        for _ in range(repeats):
            for size in SIZES_ROWS:
                # Another file each time: the same one would not be classified again.
                write_posts(file, posts, rows=rows)
                done = newsgate.enqueue(file, rows=rows, NEWSGATE_CHUNK_ROWS=str(size))
                rates[size].append(done.items_per_second)
                say(f"{size} rows a chunk: {done.items_per_second:.0f} items/s")
    return rates


def report(rates: dict[int, list[float]]) -> str:
    """The figures as Markdown."""
    table = markdown_table(
        ("rows a chunk", "whole pipeline, items/s", "min", "max"),
        [(str(size), *spread(measured)) for size, measured in rates.items()],
    )
    return f"{table}\n\n{circumstances()}"
