"""Whether the champion was made by a newer newsgate: this one cannot compare anything with it."""

from __future__ import annotations

import logging

from newsgate.db.errors import DamagedMetadataError
from newsgate.db.model_registry import champion_number, model_record
from newsgate.db.session import Database
from newsgate.model.metadata import FORMAT_VERSION

log = logging.getLogger("newsgate.trainer")


class NewerChampions:
    """Looks at the champion, and tells of each that is newer once."""

    def __init__(self) -> None:
        self._told: set[int] = set()

    def look(self, database: Database) -> bool:
        """Whether it is so now. Raises DatabaseError."""
        with database.read() as connection:
            number = champion_number(connection)
            if number is None:
                return False
            try:
                version = model_record(connection, number).metadata.get("format_version")
            except DamagedMetadataError:
                # The training says so.
                return False
        if not isinstance(version, int) or version <= FORMAT_VERSION:
            return False
        if number not in self._told:
            self._told.add(number)
            log.error(
                "retraining is left to newer trainers: the champion is model %d, whose bundle has format %d, and this"
                " program reads up to %d",
                number,
                version,
                FORMAT_VERSION,
            )
        return True
