"""Drift: what chunks leave of their scores, summed by day and tested against the training, on both databases."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from newsgate.db.session import Database
from newsgate.db.tables import chunks
from newsgate.model.bundle import read_bundle
from newsgate.model.chi_square import compare_counts, survival
from newsgate.model.score_summary import Summary, summarise
from newsgate.model.starter import starter_bundle
from newsgate.tasks.enqueueing.enqueue import enqueue
from newsgate.tasks.enqueueing.request import Request
from newsgate.tasks.inspecting.drift import DriftDay, Reference, beside, find_drift
from tests.bundles import contrary_bundle, remade, scores_of, store_bundle
from tests.desk import Desk
from tests.texts import posts

ROWS = 400


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(database, tmp_path, chunk_rows=100)
    yield made
    made.assert_sound()


def _reference(data: bytes, texts: Sequence[str]) -> dict[str, object]:
    """What a training would have recorded in the model's metadata, had it held back these texts."""
    document = summarise(scores_of(data, texts)).as_json()
    return {"reference": {key: document[key] for key in ("histogram", "tokens", "unknown")}}


def _move(desk: Desk, batch: int, *, days: int) -> None:
    """Let a batch have been classified some days ago."""
    run = desk.chunks(batch)[0].run_id
    with desk.database.write() as connection:
        moved = datetime.now(UTC) - timedelta(days=days)
        connection.execute(update(chunks).where(chunks.c.run_id == run).values(finished_at=moved))


def _classified(desk: Desk, model: int, *, seed: int, days_ago: int = 0) -> int:
    batch = desk.enqueue(ROWS, seed=seed, model=model)
    desk.work_off(batch)
    _move(desk, batch, days=days_ago)
    return batch


def _today() -> date:
    return datetime.now(UTC).date()


def test_the_summaries_of_a_day_add_up_to_its_verdicts(desk: Desk) -> None:
    batch = _classified(desk, 1, seed=1)
    results = desk.results(batch)
    assert all(chunk.summary for chunk in desk.chunks(batch))
    (day,) = find_drift(desk.database, days=1)
    assert (day.day, day.model, day.rows) == (_today(), 1, ROWS)
    assert day.share_fake == pytest.approx(sum(each.label == "fake" for each in results) / ROWS)
    expected = summarise(scores_of(starter_bundle(), posts(ROWS, seed=1)))
    assert expected.tokens == sum(each.token_count for each in results)
    assert day.unknown_rate == pytest.approx(expected.unknown / expected.tokens)


def test_days_like_the_reference_are_not_marked_and_others_are(desk: Desk) -> None:
    desk.enqueue(1, seed=99)
    changed = _reference(contrary_bundle(), posts(2000, seed=50))
    model = store_bundle(desk.database, contrary_bundle(), name="with a reference", changed=changed)
    for days_ago in range(1, 6):
        _classified(desk, model, seed=days_ago, days_ago=days_ago)
    assert [each.drifted for each in find_drift(desk.database, days=14)] == [False] * 5

    file = desk.folder / "greek.csv"
    words = ("αυτό", "είναι", "κάτι", "άλλο", "που", "κανείς")
    pick = random.Random(1)
    file.write_text("text\n" + "".join(f"{' '.join(pick.choices(words, k=8))} {n}\n" for n in range(ROWS)))
    batch = enqueue(Request(str(file), model=model), settings=desk.settings, database=desk.database).batch
    desk.work_off(batch)
    found = find_drift(desk.database, days=14)
    assert [each.drifted for each in found] == [True] + [False] * 5
    shifted = found[0]
    assert shifted.unknown_rate > 10 * (shifted.reference_unknown_rate or 0)
    assert (shifted.distance or 0) > 0.5 > max(each.distance or 0 for each in found[1:])


def test_a_model_without_a_reference_shows_its_figures_alone(desk: Desk) -> None:
    desk.enqueue(1, seed=99)
    model = store_bundle(desk.database, contrary_bundle(), name="without", changed={"reference": None})
    _classified(desk, model, seed=1)
    (day,) = [each for each in find_drift(desk.database, days=1) if each.model == model]
    assert (day.rows, day.distance, day.p_value, day.drifted) == (ROWS, None, None, None)
    # What a model that always says what most of the training texts were would have said.
    trained = {"fake": 1, "real": 3}
    other = store_bundle(
        desk.database, _again(), name="mostly real", changed={"reference": None, "training_data": {"rows": trained}}
    )
    _classified(desk, other, seed=2)
    (day,) = [each for each in find_drift(desk.database, days=1) if each.model == other]
    assert (day.majority, day.share_trained) == ("real", 0.75)
    assert day.share_majority == pytest.approx(1 - day.share_fake)


def _again() -> bytes:
    return remade(contrary_bundle(), metadata=replace(read_bundle(contrary_bundle()).metadata, temperature=3.0))


def test_only_the_days_asked_for_are_shown_newest_first_and_corrected_for_their_number(desk: Desk) -> None:
    desk.enqueue(1, seed=99)
    changed = _reference(contrary_bundle(), posts(2000, seed=50))
    model = store_bundle(desk.database, contrary_bundle(), name="with a reference", changed=changed)
    for days_ago in (0, 1, 3):
        _classified(desk, model, seed=days_ago, days_ago=days_ago)
    days = find_drift(desk.database, days=14)
    assert [_today() - each.day for each in days] == [timedelta(days=days_ago) for days_ago in (0, 1, 3)]
    alone = find_drift(desk.database, days=1)[0]
    of_each = [[p for p in (day.p_scores, day.p_unknown) if p is not None] for day in days]
    assert alone.p_value == pytest.approx(min(1.0, min(of_each[0]) * len(of_each[0])))
    tests = sum(len(each) for each in of_each)
    assert [day.p_value for day in days] == pytest.approx([min(1.0, min(each) * tests) for each in of_each])
    assert len(find_drift(desk.database, days=3)) == 2


def test_rows_without_a_score_are_not_drift(desk: Desk) -> None:
    batch = desk.enqueue(ROWS)
    desk.finish(batch)
    assert find_drift(desk.database, days=14) == []


# The test itself


@pytest.mark.parametrize(
    ("freedom", "critical"), [(1, 3.841459), (2, 5.991465), (3, 7.814728), (10, 18.307038), (19, 30.143527)]
)
def test_the_tail_is_that_of_the_tables(freedom: int, critical: float) -> None:
    assert survival(critical, freedom=freedom) == pytest.approx(0.05, abs=1e-7)
    assert survival(0.0, freedom=freedom) == 1.0
    assert survival(1e9, freedom=freedom) == 0.0


def test_it_is_what_scipy_computes() -> None:
    stats = pytest.importorskip("scipy.stats")
    pick = random.Random(3)
    for freedom in range(1, 25):
        for statistic in (0.01, 1.0, freedom, 5.0 * freedom, 300.0):
            assert survival(statistic, freedom=freedom) == pytest.approx(stats.chi2.sf(statistic, freedom), rel=1e-9)
    for _ in range(20):
        rows = [[pick.randrange(30, 400) for _ in range(20)] for _ in range(2)]
        mine, theirs = compare_counts(*rows), stats.chi2_contingency(rows, correction=False)
        assert mine is not None
        assert mine.statistic == pytest.approx(theirs.statistic)
        assert mine.freedom == theirs.dof
        assert mine.p_value == pytest.approx(theirs.pvalue)


def test_sparse_bins_are_joined_and_too_few_rows_are_not_tested() -> None:
    assert compare_counts((0, 0), (0, 0)) is None
    assert compare_counts((100, 0), (50, 0)) is None
    assert compare_counts((3, 2), (2, 3)) is None
    tested = compare_counts((500, 1, 1, 498), (480, 2, 2, 516))
    assert tested is not None
    assert tested.freedom == 1


def test_chance_alone_seldom_looks_like_drift() -> None:
    pick = random.Random(7)
    weights = [pick.random() for _ in range(20)]

    def sample(rows: int) -> list[int]:
        drawn = pick.choices(range(20), weights, k=rows)
        return [drawn.count(each) for each in range(20)]

    tests = [compare_counts(sample(1000), sample(300)) for _ in range(400)]
    below = sum(each is not None and each.p_value < 0.05 for each in tests)
    # A binomial with 400 trials at 0.05 is in this range 99.8 times of 100.
    assert 8 <= below <= 35


def test_texts_full_of_unknown_tokens_count_as_texts() -> None:
    # One text in twenty is unknown throughout, so 40 more or fewer tokens are one text more or fewer.
    pick = random.Random(11)

    def sample(texts: int) -> Summary:
        unknown = 40 * sum(pick.random() < 0.05 for _ in range(texts))
        return Summary((texts, *[0] * 19), tokens=40 * texts, unknown=unknown, items=texts)

    seen = DriftDay(date(2026, 1, 1), 1, 500, 0.0, None, None, None, 0.05)
    known = sample(1000)
    reference = Reference(known.histogram, known.tokens, known.unknown)
    below = [(beside(seen, sample(500), reference).p_unknown or 1.0) < 0.01 for _ in range(300)]
    assert sum(below) <= 12
    strange = replace(sample(500), unknown=40 * 100)
    assert (beside(seen, strange, reference).p_unknown or 1.0) < 1e-6


def test_what_a_day_is_drifted_by_is_its_corrected_p_value() -> None:
    day = DriftDay(date(2026, 1, 1), 1, 10, 0.5, None, None, None, 0.1, p_value=0.0099)
    assert day.drifted
