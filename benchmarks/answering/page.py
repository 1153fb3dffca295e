"""What was measured, as the tables of docs/performance.md."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from benchmarks.answering.latency import Latency
from benchmarks.answering.memory import Weight
from benchmarks.answering.start_up import MOMENTS, NOT_INSTALLED, StartUps
from benchmarks.shared.report import circumstances, figure, markdown_table

NOT_MEASURED: Final = "not measured: run `make dev`"
_PERCENTILES: Final = (50, 90, 99, 100)


def latency_block(measured: Sequence[Latency]) -> str:
    """How soon a text has its verdict."""
    headers = (
        "one row at a time",
        "set-up",
        "rows",
        "median ms",
        "90th percentile",
        "99th percentile",
        "max",
    )
    return _block(markdown_table(headers, [_latency_row(each) for each in measured]))


def start_up_block(measured: StartUps) -> str:
    """How long the programs take to start."""
    headers = ("seconds until", "warm, median", "min", "max", "cold, median", "min", "max")
    rows = [(moment, *_seconds(measured.warm, moment), *_cold_seconds(measured, moment)) for moment in MOMENTS]
    repeats = max((len(seconds) for seconds in measured.warm.values()), default=0)
    return _block(f"{markdown_table(headers, rows)}\n\n{repeats} repeats.")


def memory_block(measured: Sequence[Weight]) -> str:
    """What the programs weigh."""
    return _block(
        markdown_table(
            ("process", "resident MB", "peak MB"),
            [
                (
                    each.name,
                    "" if each.resident_mebibytes is None else figure(each.resident_mebibytes),
                    figure(each.peak_mebibytes),
                )
                for each in measured
            ],
        )
    )


def percentiles(values: Sequence[float], wanted: Sequence[float]) -> list[float]:
    """Return percentiles by the nearest rank: of the values, the smallest that so many per cent do not exceed."""
    found: list[float] = np.percentile(values, wanted, method="inverted_cdf").tolist()
    return found


def _latency_row(measured: Latency) -> Sequence[str]:
    if not measured.seconds:
        return (measured.asked, measured.setup, NOT_MEASURED, *[""] * len(_PERCENTILES))
    milliseconds = [1000 * each for each in measured.seconds]
    found = percentiles(milliseconds, _PERCENTILES)
    return (measured.asked, measured.setup, str(len(milliseconds)), *map(figure, found))


def _cold_seconds(measured: StartUps, moment: str) -> Sequence[str]:
    if measured.why_not_cold is not None:
        return (measured.why_not_cold, "", "")
    return _seconds(measured.cold, moment)


def _seconds(by_moment: Mapping[str, Sequence[float]], moment: str) -> Sequence[str]:
    seconds = by_moment.get(moment)
    if not seconds:
        return (NOT_INSTALLED, "", "")
    return tuple(f"{each:.2f}" for each in (statistics.median(seconds), min(seconds), max(seconds)))


def _block(table: str) -> str:
    return f"{table}\n\n{circumstances()}"
