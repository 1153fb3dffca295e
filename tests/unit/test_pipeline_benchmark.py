"""The side-by-side benchmark without its servers: its texts, its limits, its tables and its picture."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from itertools import islice
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks.pipeline import arithmetic_limit
from benchmarks.pipeline.bare_loop import open_bare_loop
from benchmarks.pipeline.every_side import BARE_LOOP, CELERY_ROWS, CLASSIFIER, LIMIT, NEWSGATE, SIDES
from benchmarks.pipeline.loaded_classifier import CHUNK_ROWS, chunks_of, open_classifier
from benchmarks.pipeline.page import KINDS_MARKER, MARKER, NOT_MEASURED, PICTURE, Results
from benchmarks.pipeline.side import Entry, Side, Work
from benchmarks.pipeline.turns import Measured, Plan, measure
from benchmarks.shared.bar_chart import Bar, BarChart, powers_of_ten_around
from benchmarks.shared.line_chart import side_by_side
from benchmarks.shared.page import Table
from benchmarks.shared.processes import BenchmarkError, Cost
from benchmarks.shared.synthetic_texts import (
    ARTICLES,
    HEADLINES,
    KINDS,
    POSTS,
    Kind,
    make_lexicon,
    make_texts,
    write_posts,
)
from newsgate.model.bundle import read_bundle
from newsgate.model.starter import starter_bundle


def texts_of(kind: Kind, count: int) -> list[str]:
    lexicon = make_lexicon(read_bundle(starter_bundle()).tokenizer.pieces)
    return list(islice(make_texts(lexicon, kind, seed=1), count))


def some_work(folder: Path, rows: int) -> Work:
    texts = texts_of(POSTS, rows)
    return Work(write_posts(folder / "posts.csv", iter(texts), rows=rows), texts)


class Counting:
    """A side that only notes what it was given."""

    def __init__(self) -> None:
        self.given: list[Work] = []

    def classify(self, work: Work) -> Cost:
        self.given.append(work)
        return Cost(len(work.texts), seconds=2.0, cpu_seconds=3.0)


def counted(entry: Entry, side: Side) -> Entry:
    return replace(entry, open=lambda _folder, _warm_up: nullcontext(side), needs=())


def measured_with(entries: Sequence[Entry], *, rates: Sequence[float] = (10.0, 20.0)) -> Measured:
    turns = [{entry.key: Cost(100, 100 / rate, 1.0) for entry in entries} for rate in rates]
    return Measured(POSTS, turns, tokens_a_text=38.0)


@pytest.mark.parametrize(("kind", "words"), [(POSTS, 25), (HEADLINES, 9), (ARTICLES, 600)])
def test_texts_of_a_kind_have_its_length_and_do_not_repeat(kind: Kind, words: int) -> None:
    texts = texts_of(kind, 200)
    assert len(set(texts)) == 200
    assert statistics.median(len(text.split()) for text in texts) == pytest.approx(words, rel=0.15)
    assert texts == texts_of(kind, 200)


def test_the_flops_of_a_token_are_those_of_eight_gates() -> None:
    # By hand: 2 x 4 gates, each 3 units with 5 inputs and 3 states, a multiplication and an addition for each weight.
    shape = arithmetic_limit.Shape(units=3, width=5)
    assert shape.flops_a_token == 8 * 3 * (5 + 3) * 2
    assert shape.flops_a_text == 12 * 2


def test_the_limit_is_the_flops_of_all_tokens_at_the_machines_rate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arithmetic_limit, "matrix_flops_per_second", lambda: 1e9)
    work = some_work(tmp_path, 50)
    bundle = read_bundle(starter_bundle())
    tokens = sum(len(bundle.tokenizer.encode(text, max_tokens=256).ids) for text in work.texts)
    with arithmetic_limit.open_arithmetic_limit(tmp_path, work) as limit:
        flops = tokens * 2 * 2 * 4 * 64 * (64 + 64) + 50 * 2 * 4 * 64
        assert limit.classify(work).seconds == pytest.approx(flops / 1e9)


def test_the_machine_multiplies_matrices_at_some_rate() -> None:
    assert arithmetic_limit.matrix_flops_per_second() > 1e8


def test_the_classifier_alone_scores_every_text(tmp_path: Path) -> None:
    work = some_work(tmp_path, CHUNK_ROWS + 1)
    with open_classifier(tmp_path, work) as classifier:
        assert classifier.classify(work).rows == CHUNK_ROWS + 1


def test_the_bare_loop_stores_a_verdict_for_every_row(tmp_path: Path) -> None:
    work = some_work(tmp_path, CHUNK_ROWS + 1)
    with open_bare_loop(tmp_path, work) as loop:
        assert loop.classify(work).rows == len(work.texts)
        with pytest.raises(BenchmarkError, match="stored"):
            loop.classify(Work(work.file, work.texts[1:]))


def test_chunks_hold_every_row_once() -> None:
    chunks = list(chunks_of(range(2 * CHUNK_ROWS + 1)))
    assert [len(chunk) for chunk in chunks] == [CHUNK_ROWS, CHUNK_ROWS, 1]
    assert [row for chunk in chunks for row in chunk] == list(range(2 * CHUNK_ROWS + 1))


def test_sides_take_turns_on_the_same_new_texts() -> None:
    fast, slow = Counting(), Counting()
    sides = [counted(NEWSGATE, fast), counted(CELERY_ROWS, slow)]
    (measured,) = measure(Plan(sides, [POSTS], {"file": 20, "batch": 10, "row": 5}, repeats=2))
    assert [len(work.texts) for work in fast.given] == [20, 20]
    assert [list(work.texts[:5]) for work in fast.given] == [list(work.texts) for work in slow.given]
    assert set(fast.given[0].texts).isdisjoint(fast.given[1].texts)
    assert measured.rates(sides[0]) == [10.0, 10.0]
    assert measured.ratios(*sides) == [4.0, 4.0]


def test_only_newsgate_and_the_limits_meet_other_texts_than_posts() -> None:
    plan = Plan(SIDES, KINDS, {"file": 100, "batch": 10, "row": 5}, repeats=1)
    assert [entry.key for entry in plan.sides_for(HEADLINES)] == ["newsgate", "bare-loop", "classifier", "limit"]
    assert plan.rows_for(NEWSGATE, ARTICLES) == 20


def test_a_side_that_is_not_installed_is_reported_and_not_started() -> None:
    missing = replace(CELERY_ROWS, needs=("no_such_module",))
    side = counted(NEWSGATE, Counting())
    entries = [side, missing]
    results = Results(entries, measure(Plan(entries, [POSTS], {"file": 20, "batch": 10, "row": 5}, repeats=1)))
    (table,) = [found.markdown for found in results.found() if isinstance(found, Table) and found.marker == MARKER]
    (line,) = [line for line in table.splitlines() if missing.name in line]
    assert NOT_MEASURED in line


def test_nothing_to_measure_is_told() -> None:
    with pytest.raises(BenchmarkError, match="none of these sides"):
        measure(Plan([CELERY_ROWS], [HEADLINES], {"file": 20, "batch": 10, "row": 5}, repeats=1))


def test_the_page_gets_tables_and_picture(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    markers = [f"<!-- {name}: begin -->\n<!-- {name}: end -->\n" for name in (MARKER, KINDS_MARKER)]
    page.write_text("".join(markers))
    for found in Results(SIDES, [measured_with([NEWSGATE, CELERY_ROWS, BARE_LOOP, CLASSIFIER, LIMIT])]).found():
        found.write(page)
    written = page.read_text()
    assert all(entry.name in written for entry in SIDES)
    assert f"]({PICTURE})" in written
    document = ET.fromstring((tmp_path / PICTURE).read_text())
    assert "newsgate" in {element.text for element in document.iter()}


def test_bars_end_where_a_logarithm_says() -> None:
    low, high = powers_of_ten_around([17.0, 4000.0])
    assert (low, high) == (10.0, 10_000.0)
    bars = BarChart("a < b", "&", low, high, [Bar("<n>", 100.0, 90.0, 2e6, "1 < 2", "#000")])
    thirds = [bars.place(value) - bars.place(low) for value in (100.0, 1000.0, 10_000.0, 1e9)]
    assert thirds == pytest.approx([thirds[2] / 3, 2 * thirds[2] / 3, thirds[2], thirds[2]], abs=0.1)
    assert {"<n>", "1 < 2", "a < b"} <= {element.text for element in ET.fromstring(side_by_side([bars])).iter()}
