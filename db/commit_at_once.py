"""A chunk's commit as one statement, and so one way to PostgreSQL and back.

The statement is a transaction by itself. Each of its parts reads what the one before it has changed: without the fence
nothing is stored. The run is locked last, for as short as can be, because all workers of a file meet there.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    and_,
    bindparam,
    case,
    column,
    func,
    insert,
    null,
    select,
    true,
    update,
)

from newsgate.db.binary_arrays import BinaryArray, big_integers, booleans, doubles, integers, texts
from newsgate.db.chunks import Claim
from newsgate.db.errors import ChunkFencedError
from newsgate.db.tables import chunks, runs, verdicts
from newsgate.db.types import database_time
from newsgate.db.verdicts import Verdicts

# The columns of a verdict that differ from item to item.
_EACH = ("item_id", "label", "p_fake", "token_count", "truncated", "error", "familiarity")


def commit_at_once(connection: Connection, claim: Claim, said: Verdicts, *, summary: str) -> None:
    """Store the chunk's verdicts, its end and its run's counters, as `db.chunks.commit_chunk` does.

    Raises ChunkFencedError where it was taken over. connection: of `Database.at_once`.
    """
    failed = said.failed
    told: dict[str, object] = {
        "of_chunk": claim.chunk,
        "at_attempt": claim.attempt,
        "until": claim.lease_until,
        "by_model": claim.model,
        "summed_up": summary,
        "more_done": len(said) - failed,
        "more_failed": failed,
        **_arrays(said),
    }
    if connection.execute(_committing(), told).scalar_one() != 1:
        raise ChunkFencedError(claim.chunk, claim.attempt)


def _arrays(said: Verdicts) -> dict[str, BinaryArray]:
    return {
        "item_id": big_integers(said.items),
        "label": texts(said.labels),
        "p_fake": doubles(said.p_fake),
        "token_count": integers(said.token_counts),
        "truncated": booleans(said.truncated),
        # What is shorter than the others is NULL from there on.
        "error": texts(said.errors or ()),
        "familiarity": doubles(said.familiarity if said.familiarity is not None else ()),
    }


@cache
def _committing() -> Select[Any]:
    ended = (
        update(chunks)
        .where(
            chunks.c.id == bindparam("of_chunk"),
            chunks.c.state == "running",
            chunks.c.attempt == bindparam("at_attempt"),
            chunks.c.lease_until == bindparam("until"),
        )
        .values(
            state="done",
            lease_until=None,
            last_error=None,
            summary=bindparam("summed_up"),
            finished_at=database_time(),
        )
        .returning(chunks.c.id, chunks.c.run_id)
        .cte("ended")
    )
    given = func.unnest(*map(bindparam, _EACH)).table_valued(*map(column, _EACH)).render_derived(name="given")
    rows = select(ended.c.run_id, bindparam("by_model"), *(given.c[name] for name in _EACH))
    stored = (
        insert(verdicts)
        .from_select(["run_id", "model", *_EACH], rows.select_from(ended.join(given, true())))
        .returning(verdicts.c.item_id)
        .cte("stored")
    )
    done, failed = runs.c.done + bindparam("more_done"), runs.c.failed + bindparam("more_failed")
    # As `db.batches.finish_run_if_complete` says it.
    is_over = and_(runs.c.loaded, runs.c.state.in_(("queued", "running")), runs.c.total == done + failed)
    counted = (
        update(runs)
        .where(runs.c.id == ended.c.run_id)
        .values(
            done=done,
            failed=failed,
            state=case((is_over, "done"), else_=runs.c.state),
            finished_at=case((is_over, database_time()), else_=runs.c.finished_at),
            paused_at=case((is_over, null()), else_=runs.c.paused_at),
        )
        .returning(runs.c.id)
        .cte("counted")
    )
    # Read here, so that the verdicts are stored before the run is locked: what nobody reads comes at the end.
    all_stored = select(func.count()).select_from(stored).scalar_subquery()
    fenced = select(func.count()).select_from(ended).scalar_subquery()
    return select(fenced.label("ended"), all_stored.label("stored")).add_cte(counted)
