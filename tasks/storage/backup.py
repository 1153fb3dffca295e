"""A copy of a SQLite database: whole, checked, and made while work goes on.

SQLite's own backup reads one state of the database, what is still in its journal included; a copy of the file alone
misses that. The copy appears under its name when it is checked, or not at all.
"""

from __future__ import annotations

import os
import secrets
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from newsgate.db.address import libpq_address, sqlite_path
from newsgate.db.audit import Finding, audit
from newsgate.db.judgement_tables import labels
from newsgate.db.session import Database, sqlite_driver
from newsgate.db.tables import batches, items, models
from newsgate.foundation.errors import NewsgateError

# Beside a database in use.
_JOURNALS = ("-wal", "-shm", "-journal")


class BackupError(NewsgateError):
    """There is no copy, or it is not to be trusted."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy and what is in it. broken: what its audit finds; that is so in the database it was made of too."""

    file: Path
    size_bytes: int
    batches: int
    items: int
    labels: int
    models: int
    broken: tuple[Finding, ...]


def back_up(database: Database, target: Path) -> Backup:
    """Copy the database to `target`, in place of what was there, and check the copy. Raises BackupError."""
    if not database.is_sqlite:
        command = shlex.join(["pg_dump", "--format=custom", f"--file={target}", libpq_address(database.url)])
        raise BackupError("PostgreSQL has a program of its own for that", remedy=f"Run: {command}")
    target = Path(os.path.realpath(target))
    source = sqlite_path(database.url)
    if source is not None and target.exists() and target.samefile(source):
        raise BackupError("that is the database itself", where=str(target), remedy="Name another file")
    with _beside(target) as temporary:
        _copy(database, temporary)
        made = _check(temporary, target)
        try:
            _replace(temporary, target)
        except OSError as error:
            raise BackupError(f"it cannot be written: {error.strerror}", where=str(target)) from error
    return made


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A new file in the folder of `target` that only its owner may read; gone when the block ends."""
    temporary = target.with_name(f".newsgate-{secrets.token_hex(8)}")
    try:
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise BackupError(f"it cannot be written: {error.strerror}", where=str(target)) from error
    try:
        yield temporary
    finally:
        for suffix in ("", *_JOURNALS):
            with suppress(FileNotFoundError):
                temporary.with_name(temporary.name + suffix).unlink()


def _copy(database: Database, temporary: Path) -> None:
    driver = sqlite_driver()
    try:
        copy = driver.connect(temporary)
    except driver.Error as error:
        raise BackupError(f"it cannot be written: {error}", where=str(temporary.parent)) from error
    try:
        with database.outside_transactions() as source:
            # All pages in one go: of one state, whatever is written meanwhile, and never begun anew because of it.
            source.backup(copy)
    finally:
        copy.close()


def _check(temporary: Path, target: Path) -> Backup:
    copy = Database(f"sqlite:///{temporary}")
    try:
        with copy.outside_transactions() as driver:
            (found,) = driver.execute("PRAGMA integrity_check(1)").fetchone()
        if found != "ok":
            raise BackupError(
                f"the copy is damaged, and not kept: {found}", where=str(target), remedy="See `newsgate doctor`"
            )
        with copy.read() as connection:
            broken = tuple(finding for finding in audit(connection) if not finding.holds)
            counts = {
                table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in (batches, items, labels, models)
            }
    finally:
        copy.close()
    _make_one_file(temporary)
    return Backup(file=target, size_bytes=temporary.stat().st_size, broken=broken, **counts)


def _make_one_file(file: Path) -> None:
    """Leave nothing beside it that belongs to it."""
    connection = sqlite_driver().connect(file)
    try:
        connection.execute("PRAGMA journal_mode=DELETE")
    finally:
        connection.close()


def _replace(temporary: Path, target: Path) -> None:
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(target)
    # What lies beside an older database of that name would be taken for this one's.
    for suffix in _JOURNALS:
        with suppress(FileNotFoundError):
            target.with_name(target.name + suffix).unlink()
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
