"""Which model is champion, and every decision about that.

Each change of champion is one transaction with its row in `promotions`: who replaced whom, why, and the figures it
rests on. A challenger that lost has its row too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, or_, select, text, update

from newsgate.db.errors import DatabaseError
from newsgate.db.model_registry import champion_number, choose_model
from newsgate.db.tables import models
from newsgate.db.types import database_time
from newsgate.db.upkeep_tables import promotions

# Any fixed number: on PostgreSQL one decision is made at a time.
_CHAMPION_LOCK = 0x6368616D
# In the figures of a promotion that went back instead of forward.
_ROLLED_BACK = "rolled_back"


class ChampionChangedError(DatabaseError):
    """The champion a challenger was compared with is champion no more."""

    def __init__(self, *, expected: int, found: int | None) -> None:
        super().__init__(f"model {found} became champion while model {expected} was being compared with")
        self.expected = expected
        self.found = found


class NoEarlierChampionError(DatabaseError):
    """There is nothing to go back to."""

    def __init__(self) -> None:
        super().__init__(
            "no model was champion before this one", remedy="`newsgate promote N --reason TEXT` makes another champion"
        )


@dataclass(frozen=True, slots=True)
class Promotion:
    """One decision. champion: the model that was champion when it was made, None for the first."""

    id: int
    challenger: int
    champion: int | None
    promoted: bool
    reason: str
    figures: Mapping[str, Any]
    decided_at: datetime


def promote(connection: Connection, number: int, *, reason: str, figures: Mapping[str, Any]) -> int | None:
    """Make a model champion and record why; gives the champion it replaced. Raises NoSuchModelError."""
    _lock(connection)
    challenger = choose_model(connection, number)
    champion = champion_number(connection)
    if champion == challenger:
        raise DatabaseError(f"model {challenger} is champion already")
    # Retire first: the database allows one champion at any moment.
    connection.execute(update(models).where(models.c.state == "champion").values(state="retired"))
    # What is decided about is not tried out any more.
    connection.execute(update(models).where(models.c.number == challenger).values(state="champion", shadow_share=None))
    _record(connection, challenger, champion=champion, promoted=True, reason=reason, figures=figures)
    return champion


def decide(
    connection: Connection, challenger: int, *, champion: int, promoted: bool, reason: str, figures: Mapping[str, Any]
) -> None:
    """Promote or reject a challenger that was compared with `champion`.

    Raises ChampionChangedError where another is champion by now, and then nothing may be committed.
    """
    _lock(connection)
    found = champion_number(connection)
    if found != champion:
        raise ChampionChangedError(expected=champion, found=found)
    if promoted:
        promote(connection, challenger, reason=reason, figures=figures)
        return
    connection.execute(update(models).where(models.c.number == challenger).values(state="rejected", shadow_share=None))
    _record(connection, challenger, champion=champion, promoted=False, reason=reason, figures=figures)


def roll_back(connection: Connection, *, reason: str) -> tuple[int, int]:
    """Go back to the champion before this one; gives the model that is champion now and the one it replaced.

    Said twice, it goes back twice. Raises NoEarlierChampionError.
    """
    _lock(connection)
    line = _line_of_champions(connection)
    if len(line) < 2:
        raise NoEarlierChampionError
    before, current = line[-2], line[-1]
    promote(connection, before, reason=reason, figures={_ROLLED_BACK: current})
    return before, current


def count_comparisons(connection: Connection, champion: int) -> int:
    """How many challengers were compared with this champion: each look at the same rows makes luck likelier."""
    query = select(promotions.c.figures).where(promotions.c.champion == champion)
    return sum(_is_comparison(json.loads(figures)) for figures in connection.execute(query).scalars())


def decisions_about(connection: Connection, model: int) -> list[Promotion]:
    """Every decision in which the model was challenger or champion, oldest first."""
    query = (
        select(promotions)
        .where(or_(promotions.c.challenger == model, promotions.c.champion == model))
        .order_by(promotions.c.id)
    )
    return [Promotion(**{**row._mapping, "figures": json.loads(row.figures)}) for row in connection.execute(query)]


def _line_of_champions(connection: Connection) -> list[int]:
    """The champions that led to this one, oldest first; those that were rolled back are not among them."""
    line: list[int] = []
    history = (
        select(promotions.c.challenger, promotions.c.figures).where(promotions.c.promoted).order_by(promotions.c.id)
    )
    for challenger, figures in connection.execute(history):
        if _ROLLED_BACK in json.loads(figures):
            line.pop()
        else:
            line.append(challenger)
    return line


def _is_comparison(figures: Mapping[str, Any]) -> bool:
    """Whether a decision rests on a test, and not on a person's word."""
    return bool(figures) and _ROLLED_BACK not in figures


def _record(
    connection: Connection,
    challenger: int,
    *,
    champion: int | None,
    promoted: bool,
    reason: str,
    figures: Mapping[str, Any],
) -> None:
    connection.execute(
        insert(promotions).values(
            challenger=challenger,
            champion=champion,
            promoted=promoted,
            reason=reason,
            figures=json.dumps(figures, sort_keys=True),
            decided_at=database_time(),
        )
    )


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _CHAMPION_LOCK})
