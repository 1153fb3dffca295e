"""When a lease is over, whatever the clock said when it was taken.

A clock can be ahead and be set back: SQLite's is that of its machine, and a server that takes another's place has one
of its own. Nothing may wait for the time that it told. So a lease tells when it was taken, and one that was taken in
the future has lapsed.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, and_, or_

from newsgate.db.types import database_time

# As far as two clocks may be apart before it means anything: what is worked on must not be taken away for a second.
CLOCK_SLACK_SECONDS: Final = 60.0
# What no setting may exceed. Only leases that an older newsgate took do not tell when.
LONGEST_LEASE_SECONDS: Final = 604_800.0


def lease_of(lease_seconds: float) -> dict[str, ColumnElement[Any]]:
    """What is written where a lease is taken or renewed."""
    return {"leased_at": database_time(), "lease_until": database_time(lease_seconds)}


def is_ahead(time: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a stored time lies in the future, so that the clock was ahead when it was stored."""
    return time > database_time(CLOCK_SLACK_SECONDS)


def is_lease_ahead(leases: FromClause) -> ColumnElement[bool]:
    """Whether a lease was taken in the future: whoever took it, the clock was not right then."""
    longest = database_time(LONGEST_LEASE_SECONDS + CLOCK_SLACK_SECONDS)
    return or_(is_ahead(leases.c.leased_at), leases.c.lease_until > longest)


def has_lapsed(leases: FromClause) -> ColumnElement[bool]:
    """Whether a lease has run out, or was taken in the future."""
    return or_(leases.c.lease_until <= database_time(), is_lease_ahead(leases))


def holds(leases: FromClause) -> ColumnElement[bool]:
    """Whether a lease still keeps others away: the contrary of `has_lapsed`."""
    longest = database_time(LONGEST_LEASE_SECONDS + CLOCK_SLACK_SECONDS)
    taken = or_(leases.c.leased_at.is_(None), leases.c.leased_at <= database_time(CLOCK_SLACK_SECONDS))
    return and_(leases.c.lease_until > database_time(), leases.c.lease_until <= longest, taken)
