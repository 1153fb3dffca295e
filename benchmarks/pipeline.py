"""The whole pipeline against the peer: `newsgate classify FILE` beside one Celery task and one `predict` a row.

Both serve the same LSTM and are warm before the clock starts. newsgate's clock runs from the start of the command's
process to its exit; the peer's from its first `delay` to its last row stored. The two take turns, so that whatever
else the machine does meets both.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from benchmarks.newsgate_server import NewsgateServer, newsgate_server
from benchmarks.peer_server import POOL_PROCESSES, PeerServer, peer_server
from benchmarks.processes import BenchmarkError, Cost, scratch_folder
from benchmarks.report import circumstances, figure, markdown_table, say, spread, write_between_markers
from benchmarks.texts import make_lexicon, make_posts, write_posts
from model.bundle import read_bundle
from model.starter import starter_bundle

MARKER = "pipeline"
_WARM_UP_ROWS = 2000


@dataclass(frozen=True, slots=True)
class Options:
    """What to measure. rows, peer_rows: in each of the `repeats`."""

    rows: int
    peer_rows: int
    repeats: int
    write: Path | None


@dataclass(frozen=True, slots=True)
class Turn:
    """One repeat: first the peer, then newsgate."""

    peer: Cost
    newsgate: Cost
    newsgate_tokens: int

    @property
    def ratio(self) -> float:
        """How many times as many items a second newsgate did."""
        return self.newsgate.items_per_second / self.peer.items_per_second


def measure(options: Options) -> list[Turn]:
    """Start both systems, warm them, and let them take turns."""
    posts = make_posts(make_lexicon(read_bundle(starter_bundle()).tokenizer.pieces), seed=1)
    with scratch_folder() as folder, newsgate_server(folder) as newsgate, peer_server(folder) as peer:
        _warm_up(newsgate, peer, posts=posts, folder=folder, rows=options.rows)
        return [
            _take_turns(newsgate, peer, posts=posts, file=folder / f"posts-{number}.csv", options=options)
            for number in range(options.repeats)
        ]


def report(turns: list[Turn]) -> str:
    """The figures as Markdown."""
    newsgate = [turn.newsgate for turn in turns]
    peer = [turn.peer for turn in turns]
    ratios = [turn.ratio for turn in turns]
    tokens = sum(turn.newsgate_tokens for turn in turns) / sum(cost.rows for cost in newsgate)
    table = markdown_table(
        ("whole pipeline", "rows", "items/s, median", "min", "max", "CPU ms an item, median"),
        [
            ("`newsgate classify FILE`", *_cells(newsgate)),
            (f"Celery task a row + `predict`, {POOL_PROCESSES} processes", *_cells(peer)),
        ],
    )
    ratio = _median_rate(newsgate) / _median_rate(peer)
    cpu_ratio = _median_cpu(peer) / _median_cpu(newsgate)
    return (
        f"{table}\n\n**Ratio of the medians: {figure(ratio)} times the items a second** (single repeats: "
        f"{figure(min(ratios))} to {figure(max(ratios))}), with {figure(cpu_ratio)} times less processor time an item. "
        f"{len(turns)} repeats, {tokens:.1f} tokens a text.\n\n{circumstances()}"
    )


def main() -> None:
    """Measure, print, and write where asked to."""
    options = _options()
    try:
        text = report(measure(options))
        print(text)
        if options.write:
            write_between_markers(options.write, name=MARKER, content=text)
    except BenchmarkError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def _warm_up(newsgate: NewsgateServer, peer: PeerServer, *, posts: Iterator[str], folder: Path, rows: int) -> None:
    say("warming up")
    rows = min(rows, _WARM_UP_ROWS)
    newsgate.classify(write_posts(folder / "warm-up.csv", posts, rows=rows), rows=rows)
    peer.warm_up(posts)


def _take_turns(
    newsgate: NewsgateServer, peer: PeerServer, *, posts: Iterator[str], file: Path, options: Options
) -> Turn:
    peer_cost = peer.classify(list(islice(posts, options.peer_rows)))
    classified = newsgate.classify(write_posts(file, posts, rows=options.rows), rows=options.rows)
    turn = Turn(peer=peer_cost, newsgate=classified.cost, newsgate_tokens=classified.tokens)
    say(
        f"{file.stem}: peer {figure(turn.peer.items_per_second)} items/s, "
        f"newsgate {figure(turn.newsgate.items_per_second)}, ratio {figure(turn.ratio)}"
    )
    return turn


def _cells(costs: Sequence[Cost]) -> tuple[str, ...]:
    rates = [cost.items_per_second for cost in costs]
    return (str(costs[0].rows), *spread(rates), f"{_median_cpu(costs):.3g}")


def _median_rate(costs: Sequence[Cost]) -> float:
    return statistics.median(cost.items_per_second for cost in costs)


def _median_cpu(costs: Sequence[Cost]) -> float:
    return statistics.median(cost.cpu_milliseconds_per_item for cost in costs)


def _options() -> Options:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pipeline", description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000, help="rows newsgate classifies in each repeat")
    parser.add_argument("--peer-rows", type=int, default=400, help="rows the peer classifies in each repeat")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--write", type=Path, metavar="FILE", help="a document whose table to replace")
    return Options(**vars(parser.parse_args()))


if __name__ == "__main__":
    main()
