"""When a label was given, as a file says it."""

from __future__ import annotations

from datetime import UTC, datetime


def time_said(cell: str) -> datetime | None:
    """The time in a cell, as `newsgate labels export` writes it; None for what is none, or is yet to come.

    Without a zone it is UTC, as every time is that newsgate writes.
    """
    try:
        said = datetime.fromisoformat(cell.strip())
        at = said.replace(tzinfo=UTC) if said.tzinfo is None else said.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at if at <= datetime.now(UTC) else None
