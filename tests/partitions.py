"""The third kind of database: a PostgreSQL whose tables are partitioned, each batch in a partition of its own."""

from __future__ import annotations

import pytest

# For what must hold there too. It costs a test as long again as on PostgreSQL, so it is not for all of them.
partitioned_too = pytest.mark.parametrize("database", ["sqlite", "postgresql", "partitioned"], indirect=True)
