"""Whether something stands between newsgate and PostgreSQL that shares the server's sessions out.

Nothing depends on it but what `newsgate doctor` says: newsgate uses every PostgreSQL as if each transaction had another
session. It prepares no statements, its settings and its locks last until the transaction ends, and it makes no
temporary tables, no cursors that outlive a transaction, and no LISTEN.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text


def session_is_shared(connection: Connection) -> bool:
    """Whether the process that answers is another one than the connection was told of when it was opened."""
    # A pooler opens the connection itself, before it knows which of the server's processes will answer.
    driver_connection: Any = connection.connection.driver_connection
    told: int = driver_connection.info.backend_pid
    answers: int = connection.execute(text("select pg_backend_pid()")).scalar_one()
    return told != answers
