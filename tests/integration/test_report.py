"""`newsgate report` on both databases: every row is counted once, the lists are the right ones, and nothing runs."""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from newsgate.db.batch_status import batch_status
from newsgate.db.batches import queued_chunks
from newsgate.db.chunks import claim_chunk, commit_chunk, load_texts
from newsgate.db.errors import NoSuchBatchError, NoSuchRunError
from newsgate.db.report_queries import SCORE_BINS
from newsgate.db.results import Result
from newsgate.db.schema import ensure_schema
from newsgate.db.session import Database
from newsgate.db.verdicts import Verdict, Verdicts
from newsgate.main import newsgate
from newsgate.model.starter import starter_bundle
from newsgate.pages.report_page import report_page
from newsgate.tasks.enqueueing.enqueue import enqueue
from newsgate.tasks.enqueueing.request import Request
from newsgate.tasks.inspecting.batch_report import MOST_PROBLEMS, report_on
from tests.bundles import contrary_bundle, measured_on, store_bundle
from tests.desk import Desk
from tests.texts import posts

HOSTILE = "<script>alert(1)</script> \u202etxt.exe & \x1b[2J"


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(database, tmp_path)
    yield made
    made.assert_sound()


def _enqueued(desk: Desk, texts: list[str]) -> int:
    file = desk.folder / "<b>posts.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["id", "text"], *([str(number), text] for number, text in enumerate(texts))])
    return enqueue(Request(str(file)), settings=desk.settings, database=desk.database).batch


def _score(desk: Desk, batch: int, scores: dict[int, float | None]) -> None:
    """Give the rows the scores told, by row; None is an error. Rows that are not told wait."""
    with desk.database.read() as connection:
        waiting = queued_chunks(connection, batch_status(connection, batch).run)
    for chunk in waiting:
        with desk.database.write() as connection:
            claim = claim_chunk(connection, chunk, worker="test", lease_seconds=60, max_attempts=2)
            assert claim is not None
            ids, _ = load_texts(connection, claim)
            rows = range(claim.first_row, claim.last_row + 1)
            found = [_verdict(item, scores[row]) for item, row in zip(ids, rows, strict=True)]
            commit_chunk(connection, claim, Verdicts.of(found))


def _verdict(item: int, p_fake: float | None) -> Verdict:
    if p_fake is None:
        return Verdict(item, None, None, 4, False, "no")
    return Verdict(item, "fake" if p_fake >= 0.5 else "real", p_fake, 4, p_fake > 0.9, None)


def _rows(results: tuple[Result, ...]) -> list[int]:
    return [each.row for each in results]


def test_every_row_is_counted_once_and_edges_belong_to_the_bin_above(desk: Desk) -> None:
    scores = [0.0, 0.05, 0.049999, 0.5, 0.499999, 0.95, 0.949999, 1.0, None]
    batch = _enqueued(desk, [*(f"text {number}" for number in range(len(scores))), ""])
    _score(desk, batch, dict(enumerate(scores, start=2)))
    seen = report_on(desk.database, batch).overview
    expected = [0] * SCORE_BINS
    for place in (0, 0, 1, 9, 10, 18, 19, 19):
        expected[place] += 1
    assert seen.histogram == tuple(expected)
    assert (seen.scored, seen.fake, seen.errors, seen.truncated) == (8, 4, 1, 3)


def test_the_lists_are_the_ends_and_the_middle(desk: Desk) -> None:
    drawn = random.Random(3)
    scores = {row: round(drawn.random(), 3) for row in range(2, 32)}
    batch = _enqueued(desk, [f"text {row}" for row in scores])
    _score(desk, batch, dict(scores))
    made = report_on(desk.database, batch, limit=4)
    by_score = sorted(scores, key=lambda row: (scores[row], row))
    assert _rows(made.real) == by_score[:4]
    assert _rows(made.fake) == sorted(scores, key=lambda row: (-scores[row], row))[:4]
    assert _rows(made.torn) == sorted(scores, key=lambda row: (abs(scores[row] - 0.5), row))[:4]


def test_a_wanted_error_leaves_the_less_sure_without_a_label(desk: Desk) -> None:
    bundle = measured_on(starter_bundle(), posts(400, seed=5))
    batch = desk.enqueue(60, model=store_bundle(desk.database, bundle, name="measured on posts"))
    desk.work_off(batch)
    made = report_on(desk.database, batch, max_error=0.1)
    wanted = made.abstention
    assert wanted is not None
    scores = [each.p_fake for each in desk.results(batch) if each.p_fake is not None]
    assert wanted.fake == sum(score >= wanted.threshold for score in scores)
    assert wanted.real == sum(1 - score >= wanted.threshold for score in scores)
    assert 0 < wanted.fake + wanted.real < len(scores)
    page = report_page(made)
    assert f"unsure</th><td>{len(scores) - wanted.fake - wanted.real}</td>" in page


def test_the_page_has_the_problems_and_what_it_leaves_out(desk: Desk) -> None:
    texts = [HOSTILE, *(f"text {number}" for number in range(30)), *([""] * 25)]
    batch = _enqueued(desk, texts)
    _score(desk, batch, dict.fromkeys(range(2, 33)))
    made = report_on(desk.database, batch)
    assert (len(made.failed), len(made.rejects), made.drift) == (MOST_PROBLEMS, MOST_PROBLEMS, None)
    page = report_page(made)
    assert f"And {31 + 25 - 2 * MOST_PROBLEMS} more." in page
    assert "empty text" in page
    assert "How the scores spread" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "&lt;b&gt;posts.csv" in page
    for refused in ("<script", "<b>posts", "\u202e", "\x1b", "url(", "@import"):
        assert refused not in page
    assert not re.search(r"(src|href)\s*=", page)


def test_a_run_that_goes_on_says_so_and_each_model_has_its_page(desk: Desk) -> None:
    batch = desk.enqueue(25)
    fresh = report_page(report_on(desk.database, batch))
    assert "The run is queued: 0 of 25 rows have a verdict so far." in fresh
    assert "no verdict yet</th><td>25</td>" in fresh
    desk.work_off(batch)
    other = store_bundle(desk.database, contrary_bundle(), name="contrary")
    with pytest.raises(NoSuchRunError):
        report_on(desk.database, batch, model=other)
    with pytest.raises(NoSuchBatchError):
        report_on(desk.database, batch + 1)
    made = report_on(desk.database, batch)
    assert made.drift is not None
    assert made.drift.rows == made.overview.scored == 25
    assert "so far." not in report_page(made)


def test_the_command_writes_the_page_or_prints_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'newsgate.db'}"
    monkeypatch.setenv("NEWSGATE_DATABASE_URL", url)
    database = Database(url)
    ensure_schema(database)
    desk = Desk(database, tmp_path)
    batch = desk.enqueue(12)
    desk.work_off(batch)
    database.close()
    written = CliRunner().invoke(newsgate, ["report", str(batch), "-o", str(tmp_path / "page.html"), "--limit", "2"])
    assert (written.exit_code, written.stdout) == (0, "")
    printed = CliRunner().invoke(newsgate, ["report", str(batch), "--limit", "2"])
    assert printed.exit_code == 0
    assert printed.stdout == (tmp_path / "page.html").read_text(encoding="utf-8")
    assert printed.stdout.startswith("<!doctype html>")
    assert printed.stdout.count('<td dir="auto">') == 3 * 2
    unknown = CliRunner().invoke(newsgate, ["report", "99"])
    assert (unknown.exit_code, unknown.stdout) == (1, "")
    assert "99" in unknown.stderr
