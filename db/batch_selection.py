"""Batches that are meant together: by how old they are, by what they are called, by how far they are."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from fnmatch import fnmatchcase

from sqlalchemy import Connection

from newsgate.db.batch_status import BatchStatus, latest_runs
from newsgate.db.tables import batches
from newsgate.db.types import database_time

_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class BatchFilter:
    """Which batches are meant: those that everything said here is true of.

    older_than_days: since they were enqueued. states: of the latest run. name: with `*` and `?` as in a shell.
    """

    older_than_days: int | None = None
    states: tuple[str, ...] = ()
    name: str | None = None

    @property
    def says_nothing(self) -> bool:
        """Whether every batch would be meant."""
        return self.older_than_days is None and not self.states and self.name is None


def select_batches(connection: Connection, wanted: BatchFilter, *, among: Collection[str]) -> list[BatchStatus]:
    """Where the latest run of each of these stands, oldest first. among: the states that can be meant at all."""
    conditions = []
    if wanted.older_than_days is not None:
        conditions.append(batches.c.created_at < database_time(-_DAY_SECONDS * wanted.older_than_days))
    found = latest_runs(connection, *conditions)
    return [
        each
        for each in found
        if each.state in among
        and (not wanted.states or each.state in wanted.states)
        and (wanted.name is None or fnmatchcase(each.name, wanted.name))
    ]
