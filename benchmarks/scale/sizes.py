"""Does a row of a long file cost more than a row of a short one? Files from ten thousand rows to ten million.

Each file goes through the whole pipeline of a database of its own, by the call and beside the servers that
`benchmarks.pipeline` uses. The size that the others are compared with is measured first and last, so that a machine
which changed its mind in between gives itself away. `--largest 10000000` takes half an hour.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import text

from benchmarks.pipeline.newsgate_side import Newsgate, open_newsgate, open_newsgate_on_servers
from benchmarks.pipeline.side import Work
from benchmarks.shared.options import add_counts
from benchmarks.shared.page import Table
from benchmarks.shared.processes import Cost, scratch_folder
from benchmarks.shared.progress import say
from benchmarks.shared.report import circumstances, figure, markdown_table
from benchmarks.shared.synthetic_texts import make_posts, write_posts
from newsgate.db.session import Database

MARKER: Final = "sizes"
SIZES_ROWS: Final = (10_000, 100_000, 1_000_000, 10_000_000)
COMPARED_ROWS: Final = 100_000
_WARM_UP_ROWS: Final = 2_000
# So many are made of words; a longer file has them again, each time with another number at its end.
_POSTS: Final = 100_000

Opener = Callable[[Path, Work], AbstractContextManager[Newsgate]]
WORLDS: Final[dict[str, Opener]] = {
    "SQLite, private broker": open_newsgate,
    "PostgreSQL, Redis over TCP": open_newsgate_on_servers,
}


@dataclass(frozen=True, slots=True)
class Sized:
    """One file's way. database_bytes: what its rows take there, with their indexes."""

    world: str
    cost: Cost
    database_bytes: int

    @property
    def seconds_per_million(self) -> float:
        """What a million rows take at this rate."""
        return 1e6 / self.cost.items_per_second


def add_options(parser: argparse.ArgumentParser) -> None:
    add_counts(parser, largest=(1_000_000, "no file has more rows"))


def run(options: argparse.Namespace) -> Iterator[Table]:
    yield Table(MARKER, report(measure([size for size in SIZES_ROWS if size <= options.largest])))


def measure(sizes: Sequence[int]) -> list[Sized]:
    """Measure each size in each world, and the size to compare with once more at the end of each world."""
    posts = list(itertools.islice(make_posts(seed=4), _POSTS))
    measured = []
    for world in WORLDS:
        for rows in [COMPARED_ROWS, *(size for size in sizes if size != COMPARED_ROWS), COMPARED_ROWS]:
            measured.append(_measure(world, rows, posts))
            say(f"{world}, {rows} rows: {measured[-1].seconds_per_million:.0f} s a million rows")
    return measured


def report(measured: Sequence[Sized]) -> str:
    """The figures as Markdown."""
    headers = ("rows", "seconds", "seconds a million rows", "CPU ms a row", "bytes a row", "cost ÷ that at 100 000")
    tables = [
        f"{world}:\n\n{markdown_table(headers, _table_rows([each for each in measured if each.world == world]))}"
        for world in dict.fromkeys(each.world for each in measured)
    ]
    return "\n\n".join([*tables, circumstances()])


def _measure(world: str, rows: int, posts: Sequence[str]) -> Sized:
    with scratch_folder() as folder:
        first = _numbered(posts, "warm-up")
        warm_up = list(itertools.islice(first, _WARM_UP_ROWS))
        work = Work(write_posts(folder / "warm-up.csv", iter(warm_up), rows=len(warm_up)), warm_up)
        file = write_posts(folder / "posts.csv", _numbered(posts, "sized"), rows=rows)
        place = folder / "newsgate"
        place.mkdir()
        with WORLDS[world](place, work) as newsgate:
            before = _bytes_of(newsgate.database)
            cost = newsgate.classify_file(file, rows=rows)
            return Sized(world, cost, _bytes_of(newsgate.database) - before)


def _numbered(posts: Sequence[str], name: str) -> Iterator[str]:
    """Yield texts without end, no two alike."""
    for number, post in enumerate(itertools.cycle(posts)):
        yield f"{post} {name}{number}"


def _bytes_of(database: Database) -> int:
    if database.is_sqlite:
        # What a migration freed is used first.
        pages = "page_count - freelist_count"
        query = f"select ({pages}) * page_size from pragma_page_count(), pragma_freelist_count(), pragma_page_size()"
    else:
        query = "select pg_database_size(current_database())"
    with database.read() as connection:
        return int(connection.execute(text(query)).scalar_one())


def _table_rows(measured: Sequence[Sized]) -> list[tuple[str, ...]]:
    compared = statistics.mean(each.seconds_per_million for each in measured if each.cost.rows == COMPARED_ROWS)
    return [
        (
            figure(each.cost.rows),
            figure(each.cost.seconds),
            figure(each.seconds_per_million),
            f"{each.cost.cpu_milliseconds_per_item:.3f}",
            figure(each.database_bytes / each.cost.rows),
            f"{each.seconds_per_million / compared:.2f}",
        )
        for each in measured
    ]
