"""What integration tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from newsgate.db.session import Database
from tests.desk import Desk


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Iterator[Desk]:
    """A place to enqueue and classify without programs, on each database; the audit holds when the test ends."""
    made = Desk(database, tmp_path)
    yield made
    made.assert_sound()
