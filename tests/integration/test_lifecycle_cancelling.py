"""The lives of chunks, runs and batches, on both databases: every edge that docs/lifecycle.md draws is walked here."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import Row, func, select, update

from newsgate.db.audit import audit
from newsgate.db.batches import (
    AcceptedRow,
    Loading,
    NewBatch,
    RefusedRow,
    add_rows,
    batch_status,
    cancel_run,
    create_batch,
    finish_loading,
    resume_loading,
)
from newsgate.db.chunks import (
    Claim,
    Verdict,
    claim_chunk,
    commit_chunk,
    give_up_on_lapsed_chunks,
    hand_back,
    load_texts,
    release_chunk,
    stalled_chunks,
)
from newsgate.db.errors import ChunkFencedError, LoaderSupersededError
from newsgate.db.labels import text_hash
from newsgate.db.models import add_model
from newsgate.db.promotions import promote
from newsgate.db.runs import requeue
from newsgate.db.session import Database
from newsgate.db.tables import batches, chunks, items, rejects, runs, verdicts

MAX_ATTEMPTS = 2
# A lease that has run out already: no test has to wait for one.
LAPSED = -1.0
PAGE = Path(__file__).parents[2] / "docs" / "lifecycle.md"

Test = TypeVar("Test", bound=Callable[..., None])
walked: set[tuple[str, str, str]] = set()


def walks(life: str, *edges: tuple[str, str]) -> Callable[[Test], Test]:
    """Mark a test as the one that walks these edges of one of the page's diagrams."""
    walked.update((life, source, target) for source, target in edges)
    return lambda test: test


@dataclass(frozen=True)
class Stored:
    """A batch in the database: its loader's claim and its chunks."""

    loading: Loading
    chunks: list[int]


class System:
    """What the tests do to one database, each call a transaction of its own as in real life."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.write() as connection:
            self.model = add_model(connection, name="test", bundle=b"not read here", metadata={})
            promote(connection, self.model, reason="the only one", figures={})

    def create(self) -> Loading:
        new = NewBatch(name="posts.csv", sha256="0" * 64, size_bytes=1, layout="{}")
        with self.database.write() as connection:
            return create_batch(connection, new, model=self.model)

    def add(self, loading: Loading, first_row: int, count: int) -> int | None:
        rows = range(first_row, first_row + count)
        texts = [(row, f"text of row {row}") for row in rows]
        accepted = [AcceptedRow(row, None, text, text_hash(text)) for row, text in texts]
        refused = [RefusedRow(first_row + count, "the text is empty", "")]
        with self.database.write() as connection:
            return add_rows(connection, loading, accepted=accepted, refused=refused, last_row=first_row + count)

    def finish(self, loading: Loading) -> None:
        with self.database.write() as connection:
            finish_loading(connection, loading)

    def load(self, *sizes: int) -> Stored:
        """Store a whole file whose chunks have these sizes."""
        loading = self.create()
        made = [self.add(loading, 2 + 100 * place, size) for place, size in enumerate(sizes)]
        self.finish(loading)
        return Stored(loading, [chunk for chunk in made if chunk is not None])

    def claim(self, chunk: int, *, worker: str = "one", lease: float = 60) -> Claim | None:
        with self.database.write() as connection:
            return claim_chunk(connection, chunk, worker=worker, lease_seconds=lease, max_attempts=MAX_ATTEMPTS)

    def take(self, chunk: int, *, worker: str = "one", lease: float = 60) -> Claim:
        claim = self.claim(chunk, worker=worker, lease=lease)
        assert claim is not None
        return claim

    def commit(self, claim: Claim) -> None:
        with self.database.write() as connection:
            ids, _ = load_texts(connection, claim)
            commit_chunk(connection, claim, [Verdict(item, "real", 0.1, 4, False, None) for item in ids])

    def release(self, claim: Claim, error: str = "ValueError: no") -> list[int]:
        with self.database.write() as connection:
            return release_chunk(connection, claim, error=error, max_attempts=MAX_ATTEMPTS)

    def hand_back(self, claim: Claim) -> list[int]:
        with self.database.write() as connection:
            return hand_back(connection, claim)

    def give_up(self) -> list[int]:
        with self.database.write() as connection:
            return give_up_on_lapsed_chunks(connection, max_attempts=MAX_ATTEMPTS)

    def stalled(self, *, queued_for_seconds: float | None, limit: int = 10) -> list[int]:
        with self.database.read() as connection:
            return stalled_chunks(
                connection, queued_for_seconds=queued_for_seconds, max_attempts=MAX_ATTEMPTS, limit=limit
            )

    def cancel(self, stored: Stored | Loading) -> bool:
        run = stored.run if isinstance(stored, Loading) else stored.loading.run
        with self.database.write() as connection:
            return cancel_run(connection, run)

    def requeue(self, stored: Stored) -> list[int]:
        with self.database.write() as connection:
            return list(requeue(connection, stored.loading.run, chunk_rows=100, chunk_chars=1000).chunks)

    def chunk(self, number: int) -> Row[Any]:
        with self.database.read() as connection:
            return connection.execute(select(chunks).where(chunks.c.id == number)).one()

    def states(self, stored: Stored) -> list[str]:
        query = select(chunks.c.state).where(chunks.c.run_id == stored.loading.run).order_by(chunks.c.first_row)
        with self.database.read() as connection:
            return list(connection.execute(query).scalars())

    def run(self, stored: Stored | Loading) -> Row[Any]:
        number = stored.run if isinstance(stored, Loading) else stored.loading.run
        with self.database.read() as connection:
            return connection.execute(select(runs).where(runs.c.id == number)).one()

    def verdicts(self) -> list[Row[Any]]:
        """(row, label, error) of every verdict, in the order of the file."""
        query = select(items.c.row, verdicts.c.label, verdicts.c.error).join_from(verdicts, items)
        with self.database.read() as connection:
            return list(connection.execute(query.order_by(items.c.row)))

    def fail_until_over(self, waiting: Sequence[int], *, guilty_row: int) -> None:
        """Work on chunks as workers do while one row cannot be classified."""
        to_do = list(waiting)
        while to_do:
            claim = self.take(to_do.pop())
            if claim.first_row <= guilty_row <= claim.last_row:
                to_do += self.release(claim, error="ValueError: this row")
            else:
                self.commit(claim)


@pytest.fixture
def system(database: Database) -> Iterator[System]:
    yield System(database)
    with database.read() as connection:
        broken = [finding for finding in audit(connection) if not finding.holds]
    assert broken == []


# Chunks


@walks("chunk", ("[*]", "queued"), ("queued", "running"))
def test_a_claim_takes_the_lease_and_counts_the_attempt(system: System) -> None:
    stored = system.load(3)
    assert system.states(stored) == ["queued"]
    claim = system.take(stored.chunks[0], worker="host:1")
    row = system.chunk(claim.chunk)
    assert (row.state, row.attempt, row.worker) == ("running", 1, "host:1")
    assert row.lease_until > row.queued_at
    assert (claim.attempt, claim.batch, claim.model) == (1, stored.loading.batch, system.model)


def test_a_chunk_under_lease_is_not_claimed_again(system: System) -> None:
    stored = system.load(3)
    system.take(stored.chunks[0])
    assert system.claim(stored.chunks[0], worker="two") is None
    assert system.chunk(stored.chunks[0]).worker == "one"


@walks("chunk", ("running", "done"))
def test_a_commit_stores_verdicts_counters_and_state(system: System) -> None:
    stored = system.load(3)
    system.commit(system.take(stored.chunks[0]))
    row = system.chunk(stored.chunks[0])
    assert (row.state, row.lease_until, row.last_error) == ("done", None, None)
    assert row.finished_at is not None
    assert [verdict.label for verdict in system.verdicts()] == ["real"] * 3
    assert (system.run(stored).done, system.run(stored).failed) == (3, 0)


def test_a_done_chunk_is_not_claimed_again(system: System) -> None:
    stored = system.load(3)
    system.commit(system.take(stored.chunks[0]))
    assert system.claim(stored.chunks[0]) is None


@walks("chunk", ("running", "queued"))
def test_a_failed_attempt_queues_the_chunk_again(system: System) -> None:
    stored = system.load(3)
    claim = system.take(stored.chunks[0])
    before = system.chunk(claim.chunk).queued_at
    assert system.release(claim, error="ValueError: no") == [claim.chunk]
    row = system.chunk(claim.chunk)
    assert (row.state, row.attempt, row.lease_until, row.last_error) == ("queued", 1, None, "ValueError: no")
    assert row.queued_at >= before
    system.commit(system.take(claim.chunk))


@walks("chunk", ("running", "running"))
def test_a_lapsed_lease_is_taken_over(system: System) -> None:
    stored = system.load(3)
    system.take(stored.chunks[0], worker="one", lease=LAPSED)
    claim = system.take(stored.chunks[0], worker="two")
    row = system.chunk(claim.chunk)
    assert (row.state, row.attempt, row.worker) == ("running", 2, "two")
    system.commit(claim)


def test_a_late_worker_may_commit_while_nobody_took_over(system: System) -> None:
    stored = system.load(3)
    system.commit(system.take(stored.chunks[0], lease=LAPSED))
    assert system.run(stored).state == "done"


def test_a_worker_that_was_overtaken_writes_nothing(system: System) -> None:
    stored = system.load(3)
    late = system.take(stored.chunks[0], worker="late", lease=LAPSED)
    winner = system.take(stored.chunks[0], worker="winner")
    with pytest.raises(ChunkFencedError):
        system.commit(late)
    with pytest.raises(ChunkFencedError):
        system.release(late)
    assert system.verdicts() == []
    assert system.chunk(winner.chunk).state == "running"
    system.commit(winner)
    with pytest.raises(ChunkFencedError):
        system.commit(late)
    assert (len(system.verdicts()), system.run(stored).done) == (3, 3)


@walks("chunk", ("running", "halves"))
def test_after_the_last_attempt_two_halves_take_the_place_of_the_chunk(system: System) -> None:
    stored = system.load(5)
    system.release(system.take(stored.chunks[0]))
    last = system.take(stored.chunks[0])
    halves = system.release(last, error="ValueError: still no")
    rows = [system.chunk(half) for half in halves]
    assert [(row.first_row, row.last_row, row.item_count) for row in rows] == [(2, 3, 2), (4, 6, 3)]
    assert {(row.state, row.attempt, row.last_error) for row in rows} == {("queued", 0, "ValueError: still no")}
    assert last.chunk not in halves
    assert system.states(stored) == ["queued", "queued"]
    with pytest.raises(ChunkFencedError):
        system.commit(last)
    assert system.verdicts() == []


@walks("chunk", ("running", "failed"))
@pytest.mark.parametrize("size", [1, 2, 7, 16])
def test_halving_ends_at_the_guilty_row_alone(system: System, size: int) -> None:
    stored = system.load(size, 3)
    guilty = 2 + size // 2
    system.fail_until_over(stored.chunks, guilty_row=guilty)
    run = system.run(stored)
    assert (run.state, run.done, run.failed) == ("done", size + 2, 1)
    assert [(row.row, row.error) for row in system.verdicts() if row.error] == [(guilty, "ValueError: this row")]
    assert sorted(set(system.states(stored))) == ["done", "failed"]


def test_chunks_whose_workers_died_silently_are_given_up_on(system: System) -> None:
    stored = system.load(2)
    for _ in range(MAX_ATTEMPTS):
        system.take(stored.chunks[0], lease=LAPSED)
    assert system.claim(stored.chunks[0]) is None
    halves = system.give_up()
    assert len(halves) == 2
    system.commit(system.take(halves[0]))
    for _ in range(MAX_ATTEMPTS):
        dying = system.take(halves[1], lease=LAPSED)
    assert system.give_up() == []
    assert [row.error for row in system.verdicts()] == [None, "the worker died or hung on this text, 2 times"]
    assert system.run(stored).state == "done"
    with pytest.raises(ChunkFencedError):
        system.commit(dying)


def test_only_lapsed_last_attempts_are_given_up_on(system: System) -> None:
    stored = system.load(2, 2, 2, 2)
    leased, retried, lapsed, _ = stored.chunks
    system.take(leased)
    system.release(system.take(retried))
    system.take(retried)
    system.take(lapsed, lease=LAPSED)
    assert system.give_up() == []
    assert system.states(stored) == ["running", "running", "running", "queued"]


def test_a_queued_chunk_is_claimed_although_fewer_attempts_are_allowed_now(system: System) -> None:
    stored = system.load(2)
    with system.database.write() as connection:
        claim = claim_chunk(connection, stored.chunks[0], worker="one", lease_seconds=60, max_attempts=MAX_ATTEMPTS)
        assert claim is not None
        release_chunk(connection, claim, error="ValueError: no", max_attempts=MAX_ATTEMPTS)
    with system.database.write() as connection:
        assert stalled_chunks(connection, queued_for_seconds=-1, max_attempts=1, limit=1) == stored.chunks
        claim = claim_chunk(connection, stored.chunks[0], worker="one", lease_seconds=60, max_attempts=1)
        assert claim is not None
        assert len(release_chunk(connection, claim, error="ValueError: no", max_attempts=1)) == 2


def test_of_two_claims_at_once_exactly_one_wins(system: System) -> None:
    stored = system.load(*[1] * 12)
    barrier = threading.Barrier(2)

    def claim_all(worker: str) -> list[int]:
        won = []
        for chunk in stored.chunks:
            barrier.wait(30)
            if system.claim(chunk, worker=worker) is not None:
                won.append(chunk)
        return won

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(claim_all, ["one", "two"])
    assert sorted(one + two) == stored.chunks
    assert {system.chunk(chunk).attempt for chunk in stored.chunks} == {1}


def test_stalled_chunks_are_those_left_behind_and_no_others(system: System) -> None:
    stored = system.load(1, 1, 1, 1, 1, 1)
    queued, leased, lapsed, spent, done, other = stored.chunks
    system.take(leased)
    system.take(lapsed, lease=LAPSED)
    for _ in range(MAX_ATTEMPTS):
        system.take(spent, lease=LAPSED)
    system.commit(system.take(done))
    cancelled = system.load(1)
    system.cancel(cancelled)
    assert system.stalled(queued_for_seconds=None) == [lapsed]
    assert system.stalled(queued_for_seconds=3600) == [lapsed]
    assert system.stalled(queued_for_seconds=-1) == [queued, lapsed, other]
    assert system.stalled(queued_for_seconds=-1, limit=2) == [queued, lapsed]


# Cancelling


@walks("chunk", ("queued", "cancelled"))
@walks("run", ("running", "cancelled"))
def test_cancelling_stops_what_waits_and_keeps_what_is_done(system: System) -> None:
    stored = system.load(2, 2, 2)
    system.commit(system.take(stored.chunks[0]))
    in_hand = system.take(stored.chunks[1])
    assert system.cancel(stored)
    assert system.states(stored) == ["done", "running", "cancelled"]
    assert system.claim(stored.chunks[2]) is None
    system.commit(in_hand)
    run = system.run(stored)
    assert (run.state, run.done, run.total) == ("cancelled", 4, 6)
    assert run.finished_at is not None
    assert not system.cancel(stored)


@walks("run", ("queued", "cancelled"))
def test_a_run_may_be_cancelled_before_it_began(system: System) -> None:
    stored = system.load(2)
    assert system.cancel(stored)
    assert (system.run(stored).state, system.states(stored)) == ("cancelled", ["cancelled"])
    assert system.stalled(queued_for_seconds=-1) == []


def test_a_finished_run_cannot_be_cancelled(system: System) -> None:
    stored = system.load(2)
    system.commit(system.take(stored.chunks[0]))
    assert not system.cancel(stored)
    assert (system.run(stored).state, system.states(stored)) == ("done", ["done"])


@walks("chunk", ("[*]", "cancelled"))
def test_rows_stored_after_a_cancellation_are_not_classified(system: System) -> None:
    loading = system.create()
    first = system.add(loading, 2, 3)
    system.cancel(loading)
    assert system.add(loading, 10, 3) is None
    system.finish(loading)
    assert first is not None
    assert system.states(Stored(loading, [first])) == ["cancelled", "cancelled"]
    assert system.stalled(queued_for_seconds=-1) == []
    assert system.run(loading).state == "cancelled"


@walks("chunk", ("running", "cancelled"))
@pytest.mark.parametrize("attempts", range(1, MAX_ATTEMPTS + 1))
def test_an_attempt_that_fails_after_a_cancellation_is_the_last(system: System, attempts: int) -> None:
    stored = system.load(4)
    for _ in range(attempts):
        claim = system.take(stored.chunks[0], lease=LAPSED)
    system.cancel(stored)
    assert system.release(claim) == []
    assert system.states(stored) == ["cancelled"]


@pytest.mark.parametrize("attempts", range(1, MAX_ATTEMPTS + 1))
def test_a_lease_that_runs_out_after_a_cancellation_is_not_taken_over(system: System, attempts: int) -> None:
    stored = system.load(4)
    for _ in range(attempts):
        system.take(stored.chunks[0], lease=LAPSED)
    system.cancel(stored)
    assert system.give_up() == []
    assert system.claim(stored.chunks[0]) is None
    assert system.states(stored) == ["cancelled"]
    assert system.stalled(queued_for_seconds=-1) == []


def test_cancelling_and_claiming_at_once_never_wait_for_each_other(system: System) -> None:
    stored = [system.load(1) for _ in range(20)]
    barrier = threading.Barrier(2)

    def claim_all() -> None:
        for each in stored:
            barrier.wait(30)
            system.claim(each.chunks[0])

    def cancel_all() -> None:
        for each in stored:
            barrier.wait(30)
            system.cancel(each)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(claim_all), pool.submit(cancel_all)]:
            done.result()
    assert {system.run(each).state for each in stored} == {"cancelled"}


# Trying again


@walks("chunk", ("cancelled", "queued"))
@walks("run", ("cancelled", "running"))
def test_a_cancellation_may_be_taken_back(system: System) -> None:
    stored = system.load(2, 2)
    system.commit(system.take(stored.chunks[0]))
    system.cancel(stored)
    assert system.requeue(stored) == stored.chunks[1:]
    assert system.states(stored) == ["done", "queued"]
    assert (system.run(stored).state, system.run(stored).finished_at) == ("running", None)
    system.commit(system.take(stored.chunks[1]))
    assert (system.run(stored).state, system.run(stored).done) == ("done", 4)


def test_a_run_whose_last_chunk_was_committed_after_its_cancellation_is_done(system: System) -> None:
    stored = system.load(2)
    claim = system.take(stored.chunks[0])
    system.cancel(stored)
    system.commit(claim)
    assert system.requeue(stored) == []
    assert system.run(stored).state == "done"


@walks("chunk", ("done", "parts"))
@walks("run", ("done", "running"))
def test_a_row_that_failed_in_a_done_chunk_is_cut_out_of_it(system: System) -> None:
    stored = system.load(4)
    claim = system.take(stored.chunks[0])
    with system.database.write() as connection:
        first, second, *rest = load_texts(connection, claim)[0]
        said = [Verdict(item, "real", 0.1, 4, False, None) for item in (first, *rest)]
        commit_chunk(connection, claim, [*said, Verdict(second, None, None, 4, False, "no number")], summary="{}")
    assert (system.run(stored).state, system.run(stored).failed) == ("done", 1)
    (waiting,) = system.requeue(stored)
    assert system.states(stored) == ["done", "queued", "done"]
    assert (system.chunk(waiting).first_row, system.chunk(waiting).last_row) == (3, 3)
    with system.database.read() as connection:
        summaries = connection.execute(select(chunks.c.summary).order_by(chunks.c.first_row)).scalars().all()
    assert summaries == ["{}", None, None]
    assert (system.run(stored).state, system.run(stored).done, system.run(stored).failed) == ("running", 3, 0)
    system.commit(system.take(waiting))
    assert (system.run(stored).state, system.run(stored).done) == ("done", 4)


@walks("chunk", ("failed", "parts"))
def test_a_row_that_failed_alone_is_tried_again_in_a_new_chunk(system: System) -> None:
    stored = system.load(4)
    system.fail_until_over(stored.chunks, guilty_row=3)
    assert sorted(system.states(stored)) == ["done", "done", "failed"]
    (waiting,) = system.requeue(stored)
    assert sorted(system.states(stored)) == ["done", "done", "queued"]
    assert system.chunk(waiting).attempt == 0
    system.fail_until_over([waiting], guilty_row=3)
    assert (system.run(stored).state, system.run(stored).failed) == ("done", 1)


def test_an_attempt_that_the_database_cut_short_does_not_count(system: System) -> None:
    stored = system.load(3)
    for _ in range(MAX_ATTEMPTS + 1):
        claim = system.take(stored.chunks[0])
        assert claim.attempt == 1
        assert system.hand_back(claim) == stored.chunks
        assert (system.chunk(claim.chunk).state, system.chunk(claim.chunk).lease_until) == ("queued", None)
    # Its commit came through, and only the answer was lost.
    claim = system.take(stored.chunks[0])
    system.commit(claim)
    assert system.hand_back(claim) == []
    assert (system.chunk(claim.chunk).state, system.chunk(claim.chunk).attempt) == ("done", 1)


def test_an_attempt_is_not_handed_back_by_one_that_lost_it(system: System) -> None:
    stored = system.load(3, 3)
    overtaken = system.take(stored.chunks[0], lease=LAPSED)
    system.take(stored.chunks[0], worker="two")
    assert system.hand_back(overtaken) == []
    # Its claim was undone, and another worker has that number now.
    undone = system.take(stored.chunks[1])
    assert system.hand_back(undone) == [stored.chunks[1]]
    other = system.take(stored.chunks[1], worker="two", lease=90)
    assert other.attempt == undone.attempt
    assert system.hand_back(undone) == []
    system.commit(other)


def test_an_attempt_handed_back_after_a_cancellation_is_cancelled(system: System) -> None:
    stored = system.load(3)
    claim = system.take(stored.chunks[0])
    system.cancel(stored)
    assert system.hand_back(claim) == []
    assert system.states(stored) == ["cancelled"]


def test_a_worker_that_slept_while_its_row_failed_and_was_requeued_is_fenced(system: System) -> None:
    stored = system.load(1, 1, 1)
    system.commit(system.take(stored.chunks[0]))
    sleeper = system.take(stored.chunks[1], lease=LAPSED)
    system.release(system.take(stored.chunks[1], worker="two"))
    for _ in range(MAX_ATTEMPTS):
        system.release(system.take(stored.chunks[2]))
    (waiting,) = system.requeue(stored)
    awake = system.take(waiting, worker="three")
    with pytest.raises(ChunkFencedError):
        system.commit(sleeper)
    system.commit(awake)
    assert (system.run(stored).state, system.run(stored).done) == ("done", 3)


# Runs


@walks("run", ("[*]", "queued"), ("queued", "running"), ("running", "done"))
def test_a_run_begins_with_its_first_claim_and_ends_with_its_last_commit(system: System) -> None:
    stored = system.load(2, 2)
    assert (system.run(stored).state, system.run(stored).started_at) == ("queued", None)
    first = system.take(stored.chunks[0])
    assert system.run(stored).state == "running"
    started_at = system.run(stored).started_at
    assert started_at is not None
    system.commit(first)
    assert (system.run(stored).state, system.run(stored).finished_at) == ("running", None)
    system.commit(system.take(stored.chunks[1]))
    run = system.run(stored)
    assert (run.state, run.started_at, run.total, run.done) == ("done", started_at, 4, 4)
    assert run.finished_at >= run.started_at


def test_a_run_is_not_done_while_its_file_is_still_being_read(system: System) -> None:
    loading = system.create()
    chunk = system.add(loading, 2, 3)
    assert chunk is not None
    system.commit(system.take(chunk))
    assert system.run(loading).state == "running"
    system.finish(loading)
    assert system.run(loading).state == "done"


@walks("run", ("queued", "done"))
def test_a_file_without_usable_rows_is_done_once_it_is_read(system: System) -> None:
    loading = system.create()
    assert system.add(loading, 2, 0) is None
    system.finish(loading)
    with system.database.read() as connection:
        status = batch_status(connection, loading.batch)
    assert (status.state, status.total, status.rejected, status.finished) == ("done", 0, 1, True)


def test_the_audit_finds_a_run_that_nobody_would_ever_end(system: System) -> None:
    stored = system.load(1, 1)
    with system.database.write() as connection:
        connection.execute(update(chunks).values(state="failed"))
        broken = [finding for finding in audit(connection) if not finding.holds]
        connection.execute(update(chunks).values(state="queued"))
    assert [finding.offenders for finding in broken] == [
        (f"run {stored.loading.run} is queued, and none of its chunks waits or is worked on",)
    ]


# Batches


@walks("batch", ("[*]", "loading"), ("loading", "loading"), ("loading", "loaded"))
def test_a_loader_that_was_overtaken_adds_nothing(system: System) -> None:
    overtaken = system.create()
    system.add(overtaken, 2, 3)
    loading = _resume(system, overtaken.batch)
    assert (loading.loader, loading.last_row, loading.accepted, loading.rejected) == (2, 5, 3, 1)
    assert (loading.run, loading.model) == (overtaken.run, overtaken.model)
    with pytest.raises(LoaderSupersededError):
        system.add(overtaken, 6, 3)
    with pytest.raises(LoaderSupersededError):
        system.finish(overtaken)
    assert _stored_rows(system) == (3, 1)
    system.add(loading, 6, 3)
    assert not _is_loaded(system, loading)
    system.finish(loading)
    assert _is_loaded(system, loading)
    assert _stored_rows(system) == (6, 2)
    assert system.run(loading).total == 6


def test_of_two_loaders_at_once_only_the_newer_adds_rows(system: System) -> None:
    older = system.create()
    newer = _resume(system, older.batch)
    barrier = threading.Barrier(2)

    def add(loading: Loading) -> bool:
        barrier.wait(30)
        try:
            system.add(loading, 2, 3)
        except LoaderSupersededError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(add, [older, newer])) == [False, True]
    assert _stored_rows(system) == (3, 1)


def _resume(system: System, batch: int) -> Loading:
    with system.database.write() as connection:
        return resume_loading(connection, batch)


def _stored_rows(system: System) -> tuple[int, int]:
    with system.database.read() as connection:
        accepted, refused = (
            connection.execute(select(func.count()).select_from(table)).scalar_one() for table in (items, rejects)
        )
    return accepted, refused


def _is_loaded(system: System, loading: Loading) -> bool:
    with system.database.read() as connection:
        return bool(connection.execute(select(batches.c.loaded).where(batches.c.id == loading.batch)).scalar_one())


# The page


def test_the_page_draws_the_edges_that_are_walked_here_and_no_others() -> None:
    drawn = set()
    for life, diagram in re.findall(r"## A (\w+)\n.*?```mermaid\n(.*?)```", PAGE.read_text(), re.DOTALL):
        drawn |= {(life, *edge) for edge in re.findall(r"^ +(\S+) --> (\w+)", diagram, re.MULTILINE)}
    assert drawn == walked


def test_every_edge_of_the_page_is_explained_in_its_table() -> None:
    for diagram, table in re.findall(r"```mermaid\n(.*?)```(.*?)(?=\n## |\Z)", PAGE.read_text(), re.DOTALL):
        drawn = re.findall(r"^ +(\S+) --> (\w+)", diagram, re.MULTILINE)
        told = re.findall(r"^\| (\S+) → (\w+) \|", table, re.MULTILINE)
        assert sorted(set(told)) == sorted(drawn)
