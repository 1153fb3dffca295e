"""The state of the system as lines: a view for a terminal, and plain lines for a log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from newsgate.console.console_table import one_line
from newsgate.console.durations import duration
from newsgate.console.live_view import cells_of, padded

if TYPE_CHECKING:
    from newsgate.db.work_under_way import RunUnderWay
    from newsgate.tasks.inspecting.system_state import Pace, SystemState

_NAME_CHARS = 28
# How wide a terminal must be for so many cells of the bar and so many characters of a name.
_WIDTHS = ((116, 24, 28), (100, 16, 20), (0, 6, 12))
_GREEN, _DIM, _BOLD, _RED, _PLAIN = "\x1b[32m", "\x1b[2m", "\x1b[1m", "\x1b[31m", "\x1b[0m"
_HEADERS: Final = ("batch", "name", "model", "progress", "rows", "rows/s", "left")
_RIGHT: Final = frozenset({"batch", "model", "rows", "rows/s"})


def view_lines(state: SystemState, pace: Pace, *, colours: bool, columns: int = 120) -> list[str]:
    """A table of the batches under way, and below it who works and what comes next.

    columns: how wide the terminal is; the table fits into 80.
    """

    def paint(code: str, text: str) -> str:
        return f"{code}{text}{_PLAIN}" if colours else text

    head = f"{paint(_BOLD, f'newsgate at {state.at:%H:%M:%S} UTC')}   Ctrl-C ends this view and nothing else"
    lines = [head, ""]
    if state.runs:
        lines += _table(state, pace, colours=colours, columns=columns)
    else:
        lines.append("no batch is under way: `enqueue FILE` makes one")
    silent = state.count("worker", silent=True)
    workers = f"{state.count('worker')} live, {state.working} at work"
    if silent:
        workers += paint(_RED, f", {silent} silent")
    if not state.count("worker"):
        workers = paint(_RED, workers)
    told = (
        ("workers", workers),
        ("trainers", f"{state.count('trainer')} live"),
        ("waiting", waiting_words(state)),
        ("champion", "none" if state.champion is None else f"model {state.champion}"),
        ("retraining", retraining_words(state)),
    )
    return [*lines, "", *(f"{name:10}  {words}" for name, words in told)]


def plain_lines(state: SystemState, pace: Pace) -> list[str]:
    """A line for each batch under way, and one for the system; each begins with the time."""
    at = f"{state.at:%Y-%m-%d %H:%M:%S}"
    lines = [f"{at} {_plain_run(run, state, pace)}" for run in state.runs]
    champion = "no champion" if state.champion is None else f"champion model {state.champion}"
    system = (
        f"workers: {state.count('worker')} live, {state.working} at work, {state.count('worker', silent=True)} silent",
        f"trainers: {state.count('trainer')} live",
        f"waiting: {waiting_words(state)}",
        champion,
        f"retraining: {retraining_words(state)}",
    )
    return [*lines, f"{at} {'; '.join(system)}"]


def waiting_words(state: SystemState) -> str:
    """How many chunks wait, and for how long."""
    if not state.waiting.count:
        return "no chunk"
    chunks = "1 chunk" if state.waiting.count == 1 else f"{state.waiting.count} chunks"
    seconds = state.oldest_waiting_seconds
    return chunks if seconds is None else f"{chunks}, the oldest for {duration(seconds)}"


def retraining_words(state: SystemState) -> str:
    """When retraining is due, and what it lacks."""
    due = state.next_retraining
    words = f"due {due:%Y-%m-%d %H:%M} UTC, in {duration((due - state.at).total_seconds())}"
    return words if state.count("trainer") else f"{words}; no trainer lives"


def _table(state: SystemState, pace: Pace, *, colours: bool, columns: int) -> list[str]:
    rows = [_cells(run, state, pace, colours=colours, columns=columns) for run in state.runs]
    seen = [[click.unstyle(cell) for cell in row] for row in rows]
    widths = [max(cells_of(cell) for cell in column) for column in zip(_HEADERS, *seen, strict=True)]

    def line(row: tuple[str, ...], bare: list[str]) -> str:
        parts = []
        for header, cell, shown, width in zip(_HEADERS, row, bare, widths, strict=True):
            blanks = padded(shown, cells=width, right=header in _RIGHT)
            parts.append(blanks.replace(shown, cell, 1) if shown else blanks)
        return "  ".join(parts).rstrip()

    return [line(_HEADERS, list(_HEADERS)), *(line(row, bare) for row, bare in zip(rows, seen, strict=True))]


def _cells(run: RunUnderWay, state: SystemState, pace: Pace, *, colours: bool, columns: int) -> tuple[str, ...]:
    bar_cells, name_chars = next((bar, name) for least, bar, name in _WIDTHS if columns >= least)
    rate = None if run.is_over else pace.rows_a_second(run, at=state.at)
    return (
        str(run.batch),
        one_line(run.name, most_chars=name_chars),
        str(run.model),
        f"{_bar(_share(run), cells=bar_cells, colours=colours)} {_share(run):4.0%}",
        _rows_words(run),
        "" if rate is None else f"{rate:,.0f}",
        _left_words(run, state, pace),
    )


def _plain_run(run: RunUnderWay, state: SystemState, pace: Pace) -> str:
    rate = None if run.is_over else pace.rows_a_second(run, at=state.at)
    pace_words = "" if rate is None else f", {rate:.0f} rows/s"
    name = one_line(run.name, most_chars=_NAME_CHARS)
    left = _left_words(run, state, pace)
    return (
        f"batch {run.batch} {name}, model {run.model}: {_rows_words(run)} ({_share(run):.0%}), {run.failed} failed"
        f"{pace_words}, {left}"
    )


def _rows_words(run: RunUnderWay) -> str:
    # A file that is still being read becomes longer.
    return f"{run.finished_rows} of {run.total}{'' if run.loaded else '+'}"


def _left_words(run: RunUnderWay, state: SystemState, pace: Pace) -> str:
    if run.is_over or run.state == "paused":
        return run.state
    seconds = pace.seconds_left(run, at=state.at)
    if seconds is not None:
        return f"{duration(seconds)} left"
    if run.state == "queued":
        return "waits"
    if run.finished_rows == run.total:
        return "ends" if run.loaded else "reading the file"
    return "begins" if pace.rows_a_second(run, at=state.at) is None else "nothing moves"


def _share(run: RunUnderWay) -> float:
    return run.finished_rows / run.total if run.total else 0.0


def _bar(share: float, *, cells: int, colours: bool) -> str:
    # A full bar says that all is done.
    filled = min(round(share * cells), cells if share >= 1 else cells - 1)
    done, left = "#" * filled, "-" * (cells - filled)
    return f"[{_GREEN}{done}{_PLAIN}{_DIM}{left}{_PLAIN}]" if colours else f"[{done}{left}]"
