"""What becomes of the space that deleted rows leave, and of what can still be read in it."""

from __future__ import annotations

from dataclasses import dataclass

from newsgate.db.session import Database


@dataclass(frozen=True, slots=True)
class FreeSpace:
    """A SQLite file, and the part of it that new rows will use.

    is_settled: the journal is empty, so that nothing deleted can be read there.
    """

    size_bytes: int
    free_bytes: int
    is_settled: bool


def settle(database: Database, *, vacuum: bool) -> FreeSpace | None:
    """Let SQLite empty its journal into its file; None for a server.

    vacuum: write the file anew first, without its free space. What was deleted can be read nowhere in it then. That
    needs room for a second copy, and nobody else can write meanwhile.
    """
    if not database.is_sqlite:
        return None
    with database.outside_transactions() as driver:
        if vacuum:
            driver.execute("VACUUM")
        (is_busy, _, _) = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        (page_bytes,) = driver.execute("PRAGMA page_size").fetchone()
        (pages,) = driver.execute("PRAGMA page_count").fetchone()
        (free_pages,) = driver.execute("PRAGMA freelist_count").fetchone()
    return FreeSpace(pages * page_bytes, free_pages * page_bytes, not is_busy)
