"""Every table there is, for whoever goes through all of them."""

from __future__ import annotations

from newsgate.db import judgement_tables, upkeep_tables
from newsgate.db.tables import metadata

__all__ = ["judgement_tables", "metadata", "upkeep_tables"]
