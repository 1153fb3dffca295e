"""The figures of docs/scale.md, where they can be checked by hand: files, rates, arithmetic, and the page itself."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.__main__ import main
from benchmarks.pipeline.workers import EndedChunk, Setup, classifying_rate
from benchmarks.scale import partitions, table_settings
from benchmarks.scale.capacity import Site, bytes_table, limits_table, needs_table
from benchmarks.scale.rates import (
    DatabaseCosts,
    Duration,
    ProgramCosts,
    Rates,
    WorkerRate,
    overwrite_rates,
    read_rates,
    worker_rate,
)
from benchmarks.scale.simulate import Experiment, contents, delay_table
from benchmarks.scale.workload import FileSizes, draw_work
from benchmarks.shared.processes import BenchmarkError

PAGE = Path(__file__).parents[2] / "docs" / "scale.md"

COSTS = DatabaseCosts(
    store=Duration(0.001, 0.000_004),
    claim=Duration(0.001, 0.0),
    load=Duration(0.0, 0.0),
    commit=Duration(0.001, 0.000_003),
    table_bytes={"items": 300.0, "verdicts": 60.0, "other": 0.0},
    index_bytes={"all": 40.0},
    log_bytes=500.0,
    text_bytes=200.0,
    made="today",
)
RATES = Rates(
    worker=WorkerRate(8_000.0, threads=2, made="yesterday"),
    sqlite=COSTS,
    postgresql=COSTS,
    programs=ProgramCosts(0.000_02, 2_000.0, 1_000.0, 150_000_000.0, worker_threads=2, made="now"),
)


def site(*, database_speed: float = 1.0, chunk_rows: int = 1_000) -> Site:
    return Site(RATES, COSTS.times_as_fast(database_speed), chunk_rows)


def site_of_single_threads() -> Site:
    """The same rate a core, from workers that have one thread."""
    worker = WorkerRate(4_000.0, threads=1, made="yesterday")
    return replace(site(), rates=replace(RATES, worker=worker))


# The files


@given(st.integers(1, 2_000), st.integers(1, 100), st.floats(0.5, 3.0))
def test_files_are_no_larger_and_no_smaller_than_told(smallest: int, times: int, tail: float) -> None:
    rows = FileSizes(smallest, smallest * times, tail).draw(np.random.default_rng(0), 200)
    assert smallest <= rows.min()
    assert rows.max() <= smallest * times


def test_large_files_are_as_frequent_as_paretos_law_says() -> None:
    rows = FileSizes(1_000, 100_000, 1.5).draw(np.random.default_rng(0), 200_000)
    for size in (2_000, 10_000, 50_000):
        expected = ((1_000 / size) ** 1.5 - 0.01**1.5) / (1 - 0.01**1.5)
        assert (rows >= size).mean() == pytest.approx(expected, rel=0.1)


def test_files_are_cut_into_chunks_and_come_at_the_rate_that_is_asked_for() -> None:
    work = draw_work(site(), FileSizes(), files=500, spread=0.1, seed=0)
    assert [len(chunks) for chunks in work.files] == [math.ceil(rows / 1_000) for rows in work.rows]
    batches = work.arriving(5_000.0)
    assert work.rows.sum() / batches[-1].arrives_seconds == pytest.approx(5_000.0)


def test_the_time_of_a_chunk_follows_its_rows_and_spreads_around_them() -> None:
    work = draw_work(site(), FileSizes(), files=2_000, spread=0.2, seed=0)
    full = [file[0].work_seconds for file in work.files if len(file) > 1]
    assert np.mean(full) == pytest.approx(1_000 / 4_000, rel=0.02)
    assert np.std(np.log(full)) == pytest.approx(0.2, rel=0.1)
    assert work.files[0][-1].store_seconds == pytest.approx(0.001 + int(work.rows[0] - 1) % 1_000 * 4e-6 + 4e-6)


# The figures of the page


def test_a_plant_with_a_fast_database_does_what_its_threads_do() -> None:
    small = Experiment(site(database_speed=1e6), FileSizes(), files=300, spread=0.0, seed=0)
    measured = small.measure(2)
    assert measured.capacity == pytest.approx(16_000, rel=0.01)
    assert measured.database_busy < 0.001


def test_a_plant_with_a_slow_database_does_what_the_database_does() -> None:
    slow = site(database_speed=0.1)
    measured = Experiment(slow, FileSizes(1_000, 1_000), files=300, spread=0.0, seed=0).measure(8)
    assert measured.capacity == pytest.approx(slow.rows_per_second(COSTS.times_as_fast(0.1).writing), rel=0.02)
    assert measured.database_busy == pytest.approx(1.0, abs=0.02)


def test_delays_grow_with_the_load_and_the_same_seed_gives_the_same_ones() -> None:
    one, again = (Experiment(site(), FileSizes(), files=500, spread=0.1, seed=7).measure(2) for _ in range(2))
    medians = [outcome.percentiles()[0] for outcome in one.outcomes]
    assert medians == sorted(medians)
    assert [outcome.percentiles() for outcome in again.outcomes] == [outcome.percentiles() for outcome in one.outcomes]


def test_deaths_delay_by_the_lease() -> None:
    experiment = Experiment(site(), FileSizes(), files=2_000, spread=0.1, seed=0)
    calm = experiment.outcome(4, rows_per_second=8_000.0)
    slow, fast = (experiment.outcome(4, rows_per_second=8_000.0, lease_seconds=each) for each in (60.0, 20.0))
    assert calm.lost_attempts == 0
    assert slow.lost_attempts > 0
    assert slow.delays.max() > 55.0 > fast.delays.max() > 15.0


def cells(table: str, title: str) -> list[str]:
    (line,) = (line for line in table.splitlines() if line.startswith(f"| {title}"))
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def test_what_a_billion_rows_need_can_be_checked_by_hand() -> None:
    table = needs_table(site(), peak=2.0)
    assert cells(table, "rows a second") == ["11 574", "23 148"]
    assert cells(table, "chunks of 1000 rows") == ["11.6", "23.1"]
    # A thread has a chunk for 1000 / 4000 + 0.001 + 0.004 s, is busy for seven tenths, and a worker has two.
    assert cells(table, "workers of 2 threads") == [str(math.ceil(0.255 * each / 1.4)) for each in (11.574, 23.148)]
    # Storing takes 5 ms a chunk, claiming one, committing four.
    assert cells(table, "share of what the database does") == ["12%", "23%"]
    assert cells(table, "write-ahead log") == ["5.8", "11.6"]
    assert cells(table, "an hour's rows") == ["16.7", "33.3"]
    assert cells(table, "an hour's messages") == ["41.7", "83.3"]


def test_workers_with_one_thread_are_counted_once() -> None:
    table = needs_table(site_of_single_threads(), peak=2.0)
    assert cells(table, "workers, 70% busy, a core each") == [
        str(math.ceil(0.255 * each / 0.7)) for each in (11.574, 23.148)
    ]
    assert "thread" not in table
    assert limits_table(site_of_single_threads()) == limits_table(site())


@pytest.mark.parametrize(
    ("place", "title", "first"), [(site(), "workers (threads)", "2 (4)"), (site_of_single_threads(), "workers", "2")]
)
def test_threads_stand_beside_workers_only_where_they_differ(place: Site, title: str, first: str) -> None:
    experiment = Experiment(place, FileSizes(1_000, 5_000), files=50, spread=0.1, seed=0)
    header, _, row = delay_table(experiment, [experiment.measure(2)], peak=3.0).splitlines()
    assert header.startswith(f"| {title} |")
    assert row.startswith(f"| {first} |")


def test_the_slowest_part_is_named_first() -> None:
    limits = limits_table(site()).splitlines()[2:]
    assert [float(line.split("|")[2].replace(" ", "")) for line in limits] == sorted(
        float(line.split("|")[2].replace(" ", "")) for line in limits
    )
    assert cells(limits_table(site()), "one SQLite file")[0] == "100 000"


def test_bytes_add_up() -> None:
    table = bytes_table(RATES)
    assert cells(table, "**with all other tables**") == ["**400**", "**400**"]
    assert cells(table, "a billion rows, GB") == ["400", "400"]
    assert cells(table, "days until")[1] == f"{32 * 2**40 / 300e9:.0f}"


def test_the_page_has_a_place_for_every_table_and_for_nothing_else() -> None:
    experiment = Experiment(site(), FileSizes(1_000, 5_000), files=50, spread=0.1, seed=0)
    texts = contents(experiment, [experiment.measure(workers) for workers in (1, 2, 4)], peak=3.0)
    page = PAGE.read_text(encoding="utf-8")
    for name in texts:
        assert page.count(f"<!-- {name}: begin -->") == page.count(f"<!-- {name}: end -->") == 1
    others = (partitions.MARKER_COST, partitions.MARKER_GAIN, table_settings.MARKER)
    assert all(page.count(f"<!-- {name}: begin -->") == 1 for name in others)
    assert page.count("begin -->") == len(texts) + len(others)


def test_the_command_fills_the_page_and_draws_the_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, rates = tmp_path / "scale.md", tmp_path / "rates.json"
    page.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "images").mkdir()
    rates.write_bytes((PAGE.parents[1] / "benchmarks" / "results" / "rates.json").read_bytes())
    main(["simulate", "--files", "60", "--rates", str(rates), "--core-rows-per-second", "4321", "--write", str(page)])
    assert "told by an option" in page.read_text(encoding="utf-8")
    assert "falls behind" in capsys.readouterr().out
    drawn = ET.fromstring((tmp_path / "images" / "scale.svg").read_text(encoding="utf-8"))
    assert sum(element.tag.endswith("polyline") for element in drawn.iter()) == 4


# Where the rates come from


def test_a_new_section_leaves_the_others_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "rates.json"
    file.write_bytes((PAGE.parents[1] / "benchmarks" / "results" / "rates.json").read_bytes())
    before = read_rates(file)
    overwrite_rates(file, sqlite=COSTS)
    assert read_rates(file) == Rates(before.worker, COSTS, before.postgresql, before.programs)


def test_a_file_without_rates_is_told_by_name(tmp_path: Path) -> None:
    for content in (None, "{}", "no JSON"):
        if content is not None:
            (tmp_path / "rates.json").write_text(content)
        with pytest.raises(BenchmarkError, match=r"rates\.json holds no rates"):
            read_rates(tmp_path / "rates.json")


def test_the_rate_of_a_worker_is_read_from_the_table_of_the_workers() -> None:
    row = "| 1 | 1 | 8 352 | 8 275 |\n"
    table = f"| 1 | 2 | 3 | 3 |\n{row}| 2 | 1 | 4 | 4 |\n"
    page = f"| 1 | 1 | 5 | 5 |\n<!-- workers: begin -->\n{table}\nthen, there.\n<!-- workers: end -->\n"
    assert worker_rate(page) == WorkerRate(8_352.0, 1, made="then, there.")
    assert replace(worker_rate(page), threads=2).rows_per_second_a_core == 4_176.0
    with pytest.raises(BenchmarkError, match="no figures of one worker"):
        worker_rate(row)


def ended(*pairs: tuple[str, float]) -> list[EndedChunk]:
    return [EndedChunk(worker, rows=100, at_seconds=at) for worker, at in pairs]


def test_classifying_is_timed_from_the_first_chunk_of_the_last_worker_until_one_finds_none() -> None:
    both = ended(("a", 1.0), ("a", 2.0), ("b", 2.5), ("a", 3.0), ("b", 3.5), ("a", 4.5), ("b", 6.5))
    # From 2.5 to 4.5 s three chunks end; then `a` has nothing left.
    assert classifying_rate(both, Setup(2, 1)) == 150.0
    assert classifying_rate(ended(("a", 1.0), ("a", 2.0), ("a", 3.0)), Setup(1, 1)) == 100.0


def test_a_rate_needs_chunks_of_every_worker_and_one_that_ends_while_all_have_some() -> None:
    with pytest.raises(BenchmarkError, match="1 of 2 workers"):
        classifying_rate(ended(("a", 1.0), ("a", 2.0)), Setup(2, 1))
    with pytest.raises(BenchmarkError, match="no chunk ended"):
        classifying_rate(ended(("a", 1.0), ("b", 2.0), ("a", 3.0)), Setup(2, 1))


def test_a_duration_is_a_line() -> None:
    both = Duration(1.0, 0.5) + Duration(2.0, 0.25)
    assert both.of(4) == 6.0
    assert (both / 2).of(4) == 3.0
