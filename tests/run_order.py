"""In which order the tests are run when several processes share them.

Each process begins with one run of neighbouring tests, and who is done takes from the end of another's. Ordered by
folder, one process would have all the tests of milliseconds and others, at the end, one of a minute each while the rest
are idle. So each process begins with its share of the long ones and ends with its share of the shortest.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import groupby

import pytest


def process_count() -> int:
    """How many processes share the tests of this run."""
    return int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))


def longest_first(items: Sequence[pytest.Item], *, processes: int) -> list[pytest.Item]:
    """Return `items` so that each of `processes` equal runs of them goes from the longest tests to the shortest.

    Long ones are those marked `long`; those of one file stay in one process, for two trainings at once would wait for
    each other. The others keep the order of their folders and stay with the neighbours with whom
    they share what a module sets up.
    """
    long = [item for item in items if item.get_closest_marker("long")]
    others = [item for item in items if not item.get_closest_marker("long")]
    folders = [list(group) for _, group in groupby(others, key=lambda item: item.path.parent)]
    runs: list[list[pytest.Item]] = [[] for _ in range(processes)]
    for place, (_, group) in enumerate(groupby(long, key=lambda item: item.path)):
        runs[place % processes] += group
    for folder in folders:
        for process, run in enumerate(runs):
            run += folder[len(folder) * process // processes : len(folder) * (process + 1) // processes]
    return [item for run in runs for item in run]
