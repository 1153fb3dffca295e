"""Shadow verdicts: what a challenger says about rows of the champion's runs, kept beside the results and never among
them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, func, select, update

from newsgate.db.errors import DatabaseError
from newsgate.db.item_numbers import hold_items
from newsgate.db.model_registry import champion_number, choose_model
from newsgate.db.partitions import is_partitioned
from newsgate.db.tables import models, verdicts
from newsgate.db.upkeep_tables import shadow_verdicts

# Asked after every chunk, so it is put together once.
_CHAMPION = select(models.c.number).where(models.c.number == bindparam("of_model"), models.c.state == "champion")
_FIND = select(models.c.number, models.c.shadow_share, models.c.sha256).where(
    models.c.shadow_share > 0, models.c.number != bindparam("of_model"), _CHAMPION.exists()
)


@dataclass(frozen=True, slots=True)
class Shadow:
    """A challenger, the share of the champion's chunks that it scores too, and the checksum of its bundle."""

    model: int
    share: float
    sha256: str


@dataclass(frozen=True, slots=True)
class ShadowVerdict:
    """What a challenger says about one item."""

    item: int
    label: str
    p_fake: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """A challenger beside the model whose rows it shadowed.

    share: of the chunks that it shadows now, None where it does not any more. mean_change: of p_fake, whichever
    way; None before the first row.
    """

    model: int
    share: float | None
    beside: int
    rows: int
    disagreements: int
    mean_change: float | None

    @property
    def disagreement(self) -> float | None:
        """The share of rows whose labels differ; None before the first row."""
        return self.disagreements / self.rows if self.rows else None


def set_shadow(connection: Connection, number: int, *, share: float) -> None:
    """Let a model, and no other, shadow a share of the champion's chunks. Raises NoSuchModelError, DatabaseError."""
    challenger = choose_model(connection, number)
    state = connection.execute(select(models.c.state).where(models.c.number == challenger)).scalar_one()
    if state == "champion":
        raise DatabaseError(
            f"model {challenger} is the champion, whom others shadow", remedy="`newsgate models` lists the others"
        )
    clear_shadows(connection)
    connection.execute(update(models).where(models.c.number == challenger).values(shadow_share=share))


def clear_shadows(connection: Connection) -> list[int]:
    """End all shadowing; gives the models that did. Their verdicts stay."""
    ended = connection.execute(
        update(models).where(models.c.shadow_share.is_not(None)).values(shadow_share=None).returning(models.c.number)
    )
    return list(ended.scalars())


def find_shadows(connection: Connection, model: int) -> list[Shadow]:
    """The challengers that shadow runs of `model`: none where it is not the champion."""
    return [Shadow(row.number, row.shadow_share, row.sha256) for row in connection.execute(_FIND, {"of_model": model})]


def add_shadow_verdicts(connection: Connection, run: int, *, model: int, said: Sequence[ShadowVerdict]) -> None:
    """Store what a challenger said about items of a run; what it said about one of them before stays."""
    if is_partitioned(connection):
        # No key refuses the verdict on an item that was purged meanwhile.
        there = set(hold_items(connection, [each.item for each in said]))
        said = [each for each in said if each.item in there]
    if not said:
        return
    insert = _insert_of(connection)
    connection.execute(
        insert(shadow_verdicts).on_conflict_do_nothing(),
        [
            {"item_id": each.item, "model": model, "run_id": run, "label": each.label, "p_fake": each.p_fake}
            for each in said
        ],
    )


def compare_shadows(connection: Connection) -> list[Comparison]:
    """Every challenger that shadows or did, beside each model whose rows it scored, newest first.

    One that has not scored a row yet stands beside the champion.
    """
    differs = case((shadow_verdicts.c.label != verdicts.c.label, 1), else_=0)
    query = (
        select(
            shadow_verdicts.c.model,
            verdicts.c.model.label("beside"),
            func.count().label("rows"),
            func.sum(differs).label("disagreements"),
            func.avg(func.abs(shadow_verdicts.c.p_fake - verdicts.c.p_fake)).label("mean_change"),
        )
        .join_from(
            shadow_verdicts,
            verdicts,
            and_(verdicts.c.item_id == shadow_verdicts.c.item_id, verdicts.c.run_id == shadow_verdicts.c.run_id),
        )
        .where(verdicts.c.label.is_not(None))
        .group_by(shadow_verdicts.c.model, verdicts.c.model)
    )
    champion = champion_number(connection)
    shares = {} if champion is None else {each.model: each.share for each in find_shadows(connection, champion)}
    found = [Comparison(share=shares.get(row.model), **row._mapping) for row in connection.execute(query)]
    silent = shares.keys() - {each.model for each in found}
    found += [Comparison(number, shares[number], champion or 0, 0, 0, None) for number in silent]
    return sorted(found, key=lambda each: (each.model, each.beside), reverse=True)


def _insert_of(connection: Connection) -> Callable[..., Any]:
    """The INSERT of the database in use, which can leave out what is there; the other's dialect is not loaded."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert
    from sqlalchemy.dialects import sqlite

    return sqlite.insert
