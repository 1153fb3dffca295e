"""What a running newsgate holds at one moment: of each program, of the database, of the home folder, of the broker."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil
from sqlalchemy import func, select, text

from benchmarks.shared.processes import held_by, tree_of
from newsgate.db.all_tables import metadata
from newsgate.db.session import Database
from newsgate.db.tables import models

_MEGABYTE: Final = 1e6
_PARTS: Final = {"up": "up", "worker": "worker", "trainer": "trainer", "beat": "schedule", "redis.sock": "broker"}


@dataclass(frozen=True)
class Figure:
    """One number. may_grow: by how many times, and by how much more, it may be larger later; None: as it likes."""

    value: float
    may_grow: tuple[float, float] | None = None

    def has_grown_to(self, later: Figure) -> bool:
        """Whether a later value is larger than it may be."""
        if self.may_grow is None:
            return False
        times, more = self.may_grow
        return later.value > self.value * times + more


# Memory: what Python and the allocator do by themselves. Files: those of a moment's work.
_MEMORY: Final = (1.2, 15.0)
_FILES: Final = (1.0, 6.0)
# A worker opens up to ten for a thread, each when it first needs it, and keeps them.
_CONNECTIONS: Final = (1.0, 12.0)
_SIZE: Final = (1.25, 4.0)

Figures = Mapping[str, Figure]


def figures_of(up: int, *, database: Database, home: Path, broker: Any) -> Figures:
    """Everything now. up: the process of `newsgate up`. broker: a client of the broker."""
    return {
        **_of_programs(up),
        **(_of_file(home, database) if database.is_sqlite else _of_server(database)),
        **_of_rows(database),
        **_of_folder(home),
        **_of_broker(broker),
    }


def grown(earlier: Figures, later: Figures) -> Sequence[str]:
    """Which figures have grown beyond what they may."""
    return [
        f"{name} from {figure.value:g} to {later[name].value:g}"
        for name, figure in earlier.items()
        if name in later and figure.has_grown_to(later[name])
    ]


def _of_programs(up: int) -> dict[str, Figure]:
    found: dict[str, Figure] = {}
    for process in tree_of(up):
        with contextlib.suppress(psutil.NoSuchProcess):
            part = _part(process)
            held = held_by(process.pid)
            if part is None or held is None:
                continue
            connections = len(process.net_connections(kind="all"))
            figures = {
                f"{part}: memory, MB": Figure(held.resident_mebibytes * 1.048576, _MEMORY),
                f"{part}: open files but connections": Figure(process.num_fds() - connections, _FILES),
                f"{part}: connections": Figure(connections, _CONNECTIONS),
            }
            # Of several workers the one that holds most.
            for name, figure in figures.items():
                found[name] = max(figure, found.get(name, figure), key=lambda each: each.value)
    return found


def _part(process: psutil.Process) -> str | None:
    words = process.cmdline()
    return next((part for word, part in _PARTS.items() if any(word in each.split("/")[-1] for each in words)), None)


def _of_file(home: Path, database: Database) -> dict[str, Figure]:
    pages = text(
        "select (page_count - freelist_count) * page_size"
        " from pragma_page_count, pragma_freelist_count, pragma_page_size"
    )

    def megabytes(name: str) -> float:
        path = home / name
        return path.stat().st_size / _MEGABYTE if path.exists() else 0.0

    with database.read() as connection:
        used = float(connection.execute(pages).scalar_one()) / _MEGABYTE
    return {
        "database: file, MB": Figure(megabytes("newsgate.db")),
        "database: of it in use, MB": Figure(used),
        "database: write-ahead log, MB": Figure(megabytes("newsgate.db-wal"), _SIZE),
    }


def _of_server(database: Database) -> dict[str, Figure]:
    # The bundles of all models are told by themselves: they stay.
    tables = text(
        "select coalesce(sum(pg_total_relation_size(relid)), 0) from pg_stat_user_tables where relname != 'models'"
    )
    sessions = text("select count(*) from pg_stat_activity where datname = current_database()")
    with database.read() as connection:
        return {
            "database: tables but models, MB": Figure(
                float(connection.execute(tables).scalar_one()) / _MEGABYTE, _SIZE
            ),
            "database: sessions": Figure(connection.execute(sessions).scalar_one(), _FILES),
        }


def _of_rows(database: Database) -> dict[str, Figure]:
    with database.read() as connection:
        counts = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }
        bundles = connection.execute(select(func.coalesce(func.sum(models.c.size_bytes), 0))).scalar_one()
    rows = {f"rows: {name}": Figure(count) for name, count in counts.items()}
    return {**rows, "bundles of all models, MB": Figure(float(bundles) / _MEGABYTE)}


def _of_folder(home: Path) -> dict[str, Figure]:
    sizes = []
    for path in home.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            if path.is_file() and not path.name.startswith("newsgate.db"):
                sizes.append(path.stat().st_size)
    return {
        "home folder beside the database, MB": Figure(sum(sizes) / _MEGABYTE, _SIZE),
        "home folder: files": Figure(len(sizes), _FILES),
    }


def _of_broker(client: Any) -> dict[str, Figure]:
    # Not all that it uses: what it keeps for its replica fills up to a limit, and says nothing about messages.
    data = client.info("memory")["used_memory_dataset"] / _MEGABYTE
    return {
        "broker: memory of its data, MB": Figure(data, _SIZE),
        "broker: keys": Figure(client.dbsize(), _FILES),
        "broker: clients": Figure(client.info("clients")["connected_clients"], _FILES),
    }
