"""How many rows of a batch were refused for what."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import Connection

from newsgate.db.results import count_rejects_by_reason
from newsgate.tasks.reading import kind_of_reason


def count_reject_kinds(connection: Connection, batch: int) -> Counter[str]:
    """The refused rows of a batch by the kind of their reason."""
    kinds: Counter[str] = Counter()
    for reason, rows in count_rejects_by_reason(connection, batch):
        kinds[kind_of_reason(reason)] += rows
    return kinds
