"""What `newsgate status --watch` shows: lines that fit, a pace that is true, and nothing that a file could colour."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from newsgate.console.durations import duration
from newsgate.console.live_view import LiveView, cells_of, cut, has_colours, padded
from newsgate.console.state_lines import plain_lines, view_lines
from newsgate.db.work_under_way import RunUnderWay, WaitingChunks
from newsgate.db.workers import SeenWorker
from newsgate.foundation.printable_text import printable
from newsgate.tasks.inspecting.system_state import Pace, SystemState, state_figures

_AT = datetime(2026, 11, 29, 20, 0, 0, tzinfo=UTC)
_RUN = RunUnderWay(
    run=3,
    batch=2,
    name="posts.csv",
    model=1,
    state="running",
    total=10_000,
    done=4_000,
    failed=100,
    loaded=True,
    started_at=_AT - timedelta(seconds=10),
)
_WORKER = SeenWorker("a:1", "worker", "a", 1, "1.0", _AT, _AT, 3.0, (), None)
_STATE = SystemState(
    at=_AT,
    runs=(_RUN,),
    waiting=WaitingChunks(3, _AT - timedelta(seconds=75)),
    workers=(_WORKER, replace(_WORKER, name="a:2", silent_seconds=90.0)),
    champion=1,
    next_retraining=_AT + timedelta(hours=7, minutes=15),
)


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def _at(run: RunUnderWay, done: int) -> SystemState:
    return replace(_STATE, runs=(replace(run, done=done, failed=0),))


def test_the_pace_is_that_of_the_last_twenty_seconds_and_at_first_that_since_the_beginning() -> None:
    clock = _Clock()
    pace = Pace(clock)
    pace.observe(_at(_RUN, 4_000))
    assert pace.rows_a_second(replace(_RUN, failed=0), at=_AT) == 400.0
    assert pace.seconds_left(replace(_RUN, failed=0), at=_AT) == 15.0
    for seconds in range(1, 61):
        clock.now = float(seconds)
        pace.observe(_at(_RUN, 4_000 + 50 * seconds if seconds > 30 else 4_000))
    # Half a minute of nothing is past its window.
    assert pace.rows_a_second(_RUN, at=_AT) == 50.0
    for seconds in range(61, 90):
        clock.now = float(seconds)
        pace.observe(_at(_RUN, 7_000))
    assert pace.rows_a_second(_RUN, at=_AT) == 0.0
    assert pace.seconds_left(_RUN, at=_AT) is None


def test_a_run_that_has_just_begun_has_no_pace() -> None:
    pace = Pace()
    assert pace.rows_a_second(replace(_RUN, started_at=None), at=_AT) is None
    assert pace.rows_a_second(replace(_RUN, started_at=_AT), at=_AT) is None


def test_the_view_says_what_is_under_way_who_works_and_what_comes_next() -> None:
    assert view_lines(_STATE, Pace(), colours=False) == [
        "newsgate at 20:00:00 UTC   Ctrl-C ends this view and nothing else",
        "",
        "batch  name       model  progress                                  rows  rows/s  left",
        "    2  posts.csv      1  [##########--------------]  41%  4100 of 10000     410  14 s left",
        "",
        "workers     1 live, 0 at work, 1 silent",
        "trainers    0 live",
        "waiting     3 chunks, the oldest for 75 s",
        "champion    model 1",
        "retraining  due 2026-11-30 03:15 UTC, in 7 h 15 min; no trainer lives",
    ]


def test_the_table_fits_into_a_terminal_of_eighty_columns() -> None:
    run = replace(_RUN, batch=12_345, name="a name that is longer than most.csv", total=999_999, done=499_999)
    state = replace(_STATE, runs=(run,))
    for columns, bar in ((80, 6), (100, 16), (116, 24)):
        lines = view_lines(state, Pace(), colours=False, columns=columns)
        assert max(map(len, lines)) < columns
        assert lines[3].count("#") + lines[3].count("-") == bar


def test_plain_lines_say_the_same() -> None:
    batch, system = plain_lines(_STATE, Pace())
    assert batch == (
        "2026-11-29 20:00:00 batch 2 posts.csv, model 1: 4100 of 10000 (41%), 100 failed, 410 rows/s, 14 s left"
    )
    assert system == (
        "2026-11-29 20:00:00 workers: 1 live, 0 at work, 1 silent; trainers: 0 live; "
        "waiting: 3 chunks, the oldest for 75 s; champion model 1; "
        "retraining: due 2026-11-30 03:15 UTC, in 7 h 15 min; no trainer lives"
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"state": "queued", "started_at": None, "done": 0, "failed": 0}, "waits"),
        ({"started_at": _AT}, "begins"),
        ({"done": 0, "failed": 0}, "begins"),
        ({"done": 0, "failed": 0, "started_at": _AT - timedelta(seconds=30)}, "nothing moves"),
        ({"total": 4_100, "loaded": False}, "reading the file"),
        ({"state": "done", "done": 9_900}, "done"),
        ({"state": "cancelled"}, "cancelled"),
    ],
)
def test_a_run_without_an_end_in_sight_says_why(changes: dict[str, object], told: str) -> None:
    state = replace(_STATE, runs=(replace(_RUN, **changes),))  # type: ignore[arg-type]
    assert plain_lines(state, Pace())[0].endswith(f", {told}")
    assert view_lines(state, Pace(), colours=False)[3].endswith(f"  {told}")


def test_a_bar_is_full_when_all_is_done_and_not_before() -> None:
    nearly = replace(_STATE, runs=(replace(_RUN, done=9_999, failed=0),))
    assert "[#######################-]" in view_lines(nearly, Pace(), colours=False)[3]
    done = replace(_STATE, runs=(replace(_RUN, done=10_000, failed=0, state="done"),))
    assert f"[{'#' * 24}]" in view_lines(done, Pace(), colours=False)[3]


def test_nothing_under_way_is_told() -> None:
    idle = replace(_STATE, runs=(), waiting=WaitingChunks(0, None), workers=(), champion=None)
    lines = view_lines(idle, Pace(), colours=False)
    assert "no batch is under way: `enqueue FILE` makes one" in lines
    assert "waiting     no chunk" in lines
    assert "champion    none" in lines
    assert plain_lines(idle, Pace())[-1].count("no champion") == 1


def test_colours_change_nothing_but_the_colour_and_a_file_brings_none() -> None:
    hostile = replace(_STATE, runs=(replace(_RUN, name="\x1b[2Jпосты\r.csv", total=0, done=0, failed=0),))
    for state in (_STATE, hostile):
        coloured = view_lines(state, Pace(), colours=True)
        plain = view_lines(state, Pace(), colours=False)
        assert [cut(line, cells=1000) for line in coloured] == coloured
        bare = ["".join(part.split("m", 1)[-1] for part in f"m{line}".split("\x1b[")) for line in coloured]
        assert bare == plain
        assert all(line == printable(line) for line in plain)
    assert any("\x1b[32m" in line for line in view_lines(_STATE, Pace(), colours=True))


def test_json_has_the_same_figures() -> None:
    figures = state_figures(_STATE, Pace())
    assert figures["batches"][0] | {"rows_a_second": None} == {
        "batch": 2,
        "name": "posts.csv",
        "run": 3,
        "model": 1,
        "state": "running",
        "total": 10_000,
        "done": 4_000,
        "failed": 100,
        "loaded": True,
        "rows_a_second": None,
        "seconds_left": pytest.approx(14.39, abs=0.01),
    }
    assert {key: value for key, value in figures.items() if key != "batches"} == {
        "at": "2026-11-29T20:00:00+00:00",
        "workers": 1,
        "working": 0,
        "silent": 1,
        "trainers": 0,
        "waiting_chunks": 3,
        "oldest_waiting_seconds": 75.0,
        "champion": 1,
        "next_retraining": "2026-11-30T03:15:00+00:00",
    }


def test_a_line_is_cut_by_the_cells_it_takes_and_its_colour_ends_with_it() -> None:
    assert cut("abc", cells=3) == "abc"
    assert cut("abcd", cells=3) == "abc"
    assert cut("漢字漢字", cells=5) == "漢字"
    assert cut("e\u0301e\u0301e", cells=2) == "e\u0301e\u0301"
    assert cut("\x1b[32mabcd\x1b[0m", cells=2) == "\x1b[32mab\x1b[0m"
    assert cut("\x1b[32mab\x1b[0m", cells=2) == "\x1b[32mab\x1b[0m"
    assert (cells_of("漢a"), padded("漢", cells=4), padded("1", cells=3, right=True)) == (3, "漢  ", "  1")


def test_a_view_takes_the_place_of_the_one_before_and_no_more_than_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "10")
    monkeypatch.setenv("LINES", "4")
    view = LiveView()
    view.show(["one", "two of the lines"])
    view.show(["1", "2", "3", "4", "5"])
    view.end()
    shown = capsys.readouterr().out
    assert shown == "\rone\x1b[K\ntwo of th\x1b[K\n\x1b[J\r\x1b[2A1\x1b[K\n2\x1b[K\n3\x1b[K\n\x1b[J\r\x1b[K"


@pytest.mark.parametrize(("value", "wanted"), [(None, True), ("", True), ("1", False)])
def test_colours_are_left_out_where_nobody_wants_them(
    value: str | None, monkeypatch: pytest.MonkeyPatch, *, wanted: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    if value is not None:
        monkeypatch.setenv("NO_COLOR", value)
    assert has_colours() is wanted


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-1, "0 s"),
        (0.4, "0 s"),
        (119, "119 s"),
        (120, "2 min 0 s"),
        (599, "9 min 59 s"),
        (600, "10 min"),
        (3_600, "1 h 0 min"),
        (172_799, "47 h 59 min"),
        (172_800, "2 d 0 h"),
    ],
)
def test_a_duration_is_told_in_units_that_a_person_would_use(seconds: float, told: str) -> None:
    assert duration(seconds) == told
