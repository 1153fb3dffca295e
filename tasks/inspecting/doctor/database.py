"""Looks at the database: whether it answers, is whole, has the schema, and holds the models it should."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select, text

from newsgate.db.address import parse_address, sqlite_path
from newsgate.db.batches import unfinished_files
from newsgate.db.errors import DamagedModelError, DatabaseError, SchemaAheadError
from newsgate.db.model_registry import champion_number, list_models, read_bundle_bytes
from newsgate.db.partitions import partitions
from newsgate.db.pooler import session_is_shared
from newsgate.db.schema import HEAD_REVISION, current_revision, is_unknown, refuse_newer
from newsgate.db.session import Database
from newsgate.db.times_ahead import find_times_ahead
from newsgate.db.types import database_time
from newsgate.tasks.inspecting.doctor.check import Check
from newsgate.worker.settings import Settings

_LARGE_SKEW_SECONDS = 5.0
# A query without a batch locks every one of them, in three tables with their indexes: PostgreSQL's table of locks has
# room for 64 a connection, for all connections together.
_MANY_PARTITIONS = 400


def look_at_database(settings: Settings) -> Iterator[Check]:
    """Yield whether it answers, and what it holds; one that is not there yet stays so."""
    file = sqlite_file(settings)
    if file and not file.exists():
        yield Check("database", "ok", f"{file} is not there yet; the first command makes it")
        return
    database = Database(settings.effective_database_url)
    try:
        yield _reachable(database)
        if database.is_sqlite:
            yield _quick_check(database)
        else:
            yield from _pooler(database)
            yield _clock(database)
        schema = _schema(database)
        yield schema
        if schema.state == "ok":
            yield from _partitions(database)
            yield from _bundles(database, settings)
            yield from _times_ahead(database)
            yield from _unfinished_files(database)
    finally:
        database.close()


def _reachable(database: Database) -> Check:
    with database.read() as connection:
        version = connection.execute(text("select 1")).scalar() and connection.dialect.server_version_info
    numbers = ".".join(str(part) for part in version or ())
    return Check("database", "ok", f"{database.display_url} answers ({database.engine.dialect.name} {numbers})")


def _pooler(database: Database) -> Iterator[Check]:
    with database.read() as connection:
        if not session_is_shared(connection):
            return
    detail = (
        "one such as PgBouncer stands before the database, and each transaction may use another session of the server;"
        " newsgate needs nothing else. With a smaller pool than workers and commands at work, they wait for each other"
    )
    yield Check("pooler", "ok", detail)


def _quick_check(database: Database) -> Check:
    with database.read() as connection:
        found = connection.execute(text("pragma quick_check(1)")).scalar_one()
    if found == "ok":
        return Check("integrity", "ok", "quick_check finds nothing")
    return Check("integrity", "FAILED", f"the file is damaged: {found}", "Put a backup in its place")


def _clock(database: Database) -> Check:
    with database.read() as connection:
        before = datetime.now(UTC)
        told = connection.execute(select(database_time())).scalar_one()
        after = datetime.now(UTC)
    skew = (told - before - (after - before) / 2).total_seconds()
    detail = f"the database's is {skew:+.1f} s from this machine's"
    if abs(skew) > _LARGE_SKEW_SECONDS:
        return Check("clock", "warning", detail, "Let NTP set both; newsgate goes by the database's")
    return Check("clock", "ok", detail)


def _times_ahead(database: Database) -> Iterator[Check]:
    with database.read() as connection:
        found = find_times_ahead(connection)
    remedy = "A clock was ahead, or is behind now: let NTP set it. Nothing waits for that time"
    for each in found:
        yield Check("clock", "warning", each, remedy)


def _unfinished_files(database: Database) -> Iterator[Check]:
    # Also what tells a copy of the database that lacks its newest rows, as far as anything can.
    with database.read() as connection:
        found = unfinished_files(connection)
    for batch, name, last_row in found:
        detail = f"batch {batch} holds {name} up to line {last_row} only"
        yield Check("files", "warning", detail, "Where no enqueue is at work on it, `enqueue` the same file again")


def _schema(database: Database) -> Check:
    current = current_revision(database)
    if current == HEAD_REVISION:
        return Check("schema", "ok", current)
    detail = f"at {current or 'none'}, this newsgate needs {HEAD_REVISION}"
    if is_unknown(current):
        try:
            refuse_newer(database)
        except SchemaAheadError:
            return Check("schema", "FAILED", detail, "Install the newsgate that made it")
        return Check("schema", "ok", f"at {current}, of a newer newsgate, which this one may use")
    return Check("schema", "warning" if database.is_sqlite else "FAILED", detail, "Run `newsgate migrate`")


def _partitions(database: Database) -> Iterator[Check]:
    with database.read() as connection:
        parts = partitions(connection)
    if not parts:
        return
    newest = parts[-1]
    count = "1 partition" if len(parts) == 1 else f"{len(parts)} partitions"
    detail = (
        f"items and verdicts are partitioned by batch, {count} of {newest.target_rows} rows or more;"
        f" the newest begins with batch {newest.first_batch}"
    )
    if len(parts) > _MANY_PARTITIONS:
        remedy = "Purge old batches, or let new ones be larger: `newsgate migrate --partition --partition-rows`"
        yield Check("partitions", "warning", f"{detail}. So many make queries without a batch slow", remedy)
    else:
        yield Check("partitions", "ok", detail)


def _bundles(database: Database, settings: Settings) -> Iterator[Check]:
    with database.read() as connection:
        metadata = {each.number: each.metadata for each in list_models(connection)}
        numbers = [*metadata]
        damaged = []
        for number in numbers:
            try:
                read_bundle_bytes(connection, number)
            except DamagedModelError:
                damaged.append(number)
        champion = champion_number(connection)
    if damaged:
        names = ", ".join(str(number) for number in damaged)
        yield Check(
            "models", "FAILED", f"of model {names} the checksum differs", "Restore a backup, or promote another model"
        )
    elif champion is None:
        yield Check("models", "warning", "none is champion yet", "Run `newsgate migrate`")
    else:
        yield Check("models", "ok", f"{len(numbers)} match their checksums; model {champion} is champion")
        yield _runtime(settings, champion, metadata[champion])


def _runtime(settings: Settings, model: int, metadata: Mapping[str, Any]) -> Check:
    # With NumPy, which most commands do without.
    from newsgate.model.runtime_choice import choose_runtime

    chosen = choose_runtime(settings.runtime, metadata.get("quantisation"))
    return Check("runtime", "ok", f"{chosen.name} for model {model}: {chosen.reason}")


def sqlite_file(settings: Settings) -> Path | None:
    """The file of a SQLite database; None for a server, or an address that cannot be."""
    try:
        return sqlite_path(parse_address(settings.effective_database_url))
    except DatabaseError:
        return None
