from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.reading.helpers import Reading


@pytest.fixture
def reading(tmp_path: Path) -> Reading:
    return Reading(tmp_path)
