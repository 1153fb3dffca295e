"""Whether the database in the home folder is as this newsgate needs it, found out without loading SQLAlchemy."""

from __future__ import annotations

from contextlib import closing

from newsgate.foundation.schema_revision import HEAD_REVISION
from newsgate.worker.settings import Settings

_LOOK = "select version_num, exists (select 1 from models where state = 'champion') from alembic_version"


def is_ready(settings: Settings) -> bool:
    """Whether it is a file with today's schema and a champion. False says only that whoever asks has to look closer."""
    file = settings.home / "newsgate.db"
    if settings.database_url or not file.exists():
        return False
    try:
        # The one that newsgate uses, for two in one process could damage the file (decision 16).
        import pysqlite3.dbapi2 as sqlite
    except ImportError:
        return False
    try:
        with closing(sqlite.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
            found: list[tuple[str, int]] = connection.execute(_LOOK).fetchall()
    except sqlite.Error:
        return False
    return found == [(HEAD_REVISION, 1)]
