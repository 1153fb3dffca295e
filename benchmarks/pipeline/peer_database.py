"""Where the Celery peers keep their verdicts: a SQLite file, its log written ahead, its commits synced."""

from __future__ import annotations

from sqlalchemy import Engine, create_engine, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_BUSY_TIMEOUT_SECONDS = 30


class Base(DeclarativeBase):
    pass


class PeerVerdict(Base):
    """One text and its verdict."""

    __tablename__ = "verdicts"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    label: Mapped[str]
    p_fake: Mapped[float]


def open_peer_database(url: str) -> Engine:
    """The peers' database, its table in place."""
    engine = create_engine(url, connect_args={"timeout": _BUSY_TIMEOUT_SECONDS})
    with engine.connect() as connection:
        # The file remembers it.
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    Base.metadata.create_all(engine)
    return engine


def stored_verdicts(engine: Engine) -> int:
    """How many rows there are: none is ever deleted, so the last id says it without counting."""
    with engine.connect() as connection:
        return connection.execute(select(func.max(PeerVerdict.id))).scalar_one() or 0
