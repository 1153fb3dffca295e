"""A clock that was ahead when everything in a database was written, and is right now."""

from __future__ import annotations

from sqlalchemy import text

from newsgate.db.all_tables import metadata
from newsgate.db.session import Database
from newsgate.db.types import UtcDateTime

_LATER = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f000', {name}, '{seconds:+d} seconds')",
    "postgresql": "{name} + interval '{seconds} seconds'",
}


def set_clock_back(database: Database, *, hours: float) -> None:
    """Move every time that is stored so far into the future, as if the clock had been ahead until now."""
    with database.write() as connection:
        later = _LATER[connection.dialect.name]
        for table in metadata.sorted_tables:
            times = [column.name for column in table.columns if isinstance(column.type, UtcDateTime)]
            moved = ", ".join(f"{name} = " + later.format(name=name, seconds=int(hours * 3600)) for name in times)
            if moved:
                connection.execute(text(f"update {table.name} set {moved}"))
