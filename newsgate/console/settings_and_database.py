"""What nearly every command works with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsgate.db.session import Database
    from newsgate.worker.settings import Settings


@contextmanager
def settings_and_database() -> Iterator[tuple[Settings, Database]]:
    """Yield the settings of this process and its database, which is closed when the block ends."""
    from newsgate.tasks.running.open_database import open_database
    from newsgate.worker.settings import load_settings

    settings = load_settings()
    database = open_database(settings)
    try:
        yield settings, database
    finally:
        database.close()
