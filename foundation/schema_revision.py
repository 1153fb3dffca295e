"""Which schema this newsgate needs: the newest file in db/migrations/versions. A test keeps both equal."""

from typing import Final

# Apart from db/, so that to look at a database costs one query, and neither Alembic nor SQLAlchemy.
HEAD_REVISION: Final = "0012"
