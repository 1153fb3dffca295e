"""How many rows a chunk should have: `newsgate classify FILE` under one NEWSGATE_CHUNK_ROWS after another."""

from __future__ import annotations

import sys

from benchmarks.shared import table_program
from benchmarks.shared.newsgate_server import newsgate_server
from benchmarks.shared.processes import scratch_folder
from benchmarks.shared.report import circumstances, markdown_table, spread
from benchmarks.shared.texts import make_lexicon, make_posts, write_posts
from newsgate.model.bundle import read_bundle
from newsgate.model.starter import starter_bundle

MARKER = "chunk-rows"
SIZES_ROWS = (250, 500, 1000, 2000, 4000)


def measure(*, rows: int, repeats: int) -> dict[int, list[float]]:
    """Items a second of the whole pipeline for each size; the sizes take turns on one warm server."""
    posts = make_posts(make_lexicon(read_bundle(starter_bundle()).tokenizer.pieces), seed=3)
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
                sys.stderr.write(f"{size} rows a chunk: {done.items_per_second:.0f} items/s\n")
    return rates


def report(rates: dict[int, list[float]]) -> str:
    """The figures as Markdown."""
    table = markdown_table(
        ("rows a chunk", "whole pipeline, items/s", "min", "max"),
        [(str(size), *spread(measured)) for size, measured in rates.items()],
    )
    return f"{table}\n\n{circumstances()}"


def main() -> None:
    """Measure, print, and write where asked to."""
    table_program.run(
        "chunk_rows", __doc__, marker=MARKER, table=lambda rows, repeats: report(measure(rows=rows, repeats=repeats))
    )


if __name__ == "__main__":
    main()
