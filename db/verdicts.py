"""What a model says about items, as it is stored: by columns, for nothing is made of each row on the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, NamedTuple

from sqlalchemy import Connection, Text, select, type_coerce

from newsgate.db.bulk_insert import insert_columns
from newsgate.db.tables import verdicts
from newsgate.db.types import database_time

# As SQLite stores it. It would format the time for every row anew, a third of what it takes to store one.
_NOW = select(type_coerce(database_time(), Text))


class Verdict(NamedTuple):
    """What a model says about one item: a label and a probability, or an error.

    familiarity: how much the text is like those the model learned from, 0 to 1; None where the model cannot tell, and
    beside an error.
    """

    item: int
    label: str | None
    p_fake: float | None
    token_count: int
    truncated: bool
    error: str | None
    familiarity: float | None = None


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What a model says about some items, a value for each in every column; as `Verdict` has them.

    errors: None where no item has one. familiarity: None where no item has one.
    """

    items: Sequence[int]
    labels: Sequence[str | None]
    p_fake: Sequence[float | None]
    token_counts: Sequence[int]
    truncated: Sequence[bool]
    errors: Sequence[str | None] | None = None
    familiarity: Sequence[float | None] | None = None

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Verdict]:
        nothing = repeat(None, len(self))
        columns = (
            self.items,
            self.labels,
            self.p_fake,
            self.token_counts,
            self.truncated,
            self.errors,
            self.familiarity,
        )
        return map(Verdict._make, zip(*(nothing if each is None else each for each in columns), strict=True))

    @property
    def failed(self) -> int:
        """How many items have an error in place of a label."""
        return 0 if self.errors is None else len(self.errors) - self.errors.count(None)

    @classmethod
    def of(cls, verdicts: Sequence[Verdict]) -> Verdicts:
        """Return verdicts that were made one by one."""
        items, labels, p_fake, token_counts, truncated, errors, familiarity = map(
            list, zip(*verdicts, strict=True) if verdicts else [()] * len(Verdict._fields)
        )
        return cls(items, labels, p_fake, token_counts, truncated, errors, familiarity)


def store_verdicts(connection: Connection, said: Verdicts, *, model: int, run: int) -> None:
    """Insert the verdicts of a run by its model."""
    same: dict[str, int | str | None] = {"model": model, "run_id": run}
    if connection.dialect.name == "sqlite":
        same["classified_at"] = connection.execute(_NOW).scalar_one()
    each: dict[str, Sequence[Any]] = {
        "item_id": said.items,
        "label": said.labels,
        "p_fake": said.p_fake,
        "token_count": said.token_counts,
        # SQLite's driver looks long for how to store a bool.
        "truncated": [+each for each in said.truncated],
    }
    # Columns of nothing but NULL are left to the database.
    if said.errors is not None and said.failed:
        each["error"] = said.errors
    if said.familiarity is not None:
        each["familiarity"] = said.familiarity
    insert_columns(connection, verdicts, each=each, same=same)
