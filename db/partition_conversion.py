"""Making partitioned tables of the plain ones, once, in one transaction. Nothing is copied.

The tables there are become the first part, whatever they hold: their rows are read once, to prove that they belong
there, and none is written anew. New batches go into parts of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, func, select, text

from newsgate.db.errors import DatabaseError, DatabaseUnavailableError
from newsgate.db.leases import holds
from newsgate.db.partitions import (
    ITEM_NUMBERS,
    LIKE,
    PARTITIONED,
    Partition,
    add_partition,
    define,
    is_partitioned,
    item_partitions,
    last_item,
    next_batch,
    patience,
    record,
    was_locked,
)
from newsgate.db.session import Database
from newsgate.db.tables import chunks, items, verdicts
from newsgate.db.upkeep_tables import shadow_verdicts

_PATIENCE_MILLISECONDS = 5000
# A slow disk.
_BYTES_A_SECOND = 100_000_000
# What names an item cannot be held by a key any more: `items` is partitioned by batch, and a number alone is in no key.
# Of what is attached while workers work, each key would lock the table it names. The audit looks for what they refused.
_DROPPED_KEYS = (
    ("review_leases", "fk_review_leases_item_id"),
    ("shadow_verdicts", "fk_shadow_verdicts_item_id"),
    ("shadow_verdicts", "fk_shadow_verdicts_model"),
    ("shadow_verdicts", "fk_shadow_verdicts_run_id"),
)
_SIZE = text("""
    select cast(sum(pg_relation_size(to_regclass(name))) as bigint) from unnest(cast(:names as text[])) as name
""")
_VIEWS = text("""
    select distinct r.ev_class::regclass::text from pg_depend d join pg_rewrite r on r.oid = d.objid
    where d.classid = 'pg_rewrite'::regclass and r.ev_class <> to_regclass('results')
    and d.refobjid in (select to_regclass(name) from unnest(cast(:names as text[])) as name)
""")


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a conversion has to read. seconds: how long that takes at most, roughly."""

    bytes: int
    seconds: int


def plan_conversion(database: Database) -> Conversion | None:
    """How much there is to read; None where the tables are partitioned already. Raises DatabaseError on SQLite."""
    if database.is_sqlite:
        raise DatabaseError(
            "SQLite has no partitions: --partition is for PostgreSQL",
            where=database.display_url,
            remedy="Leave --partition out",
        )
    with database.read() as connection:
        if is_partitioned(connection):
            return None
        size: int = connection.execute(_SIZE, {"names": [table.name for table, _ in PARTITIONED]}).scalar_one()
    return Conversion(size, -(-size // _BYTES_A_SECOND))


def partition_tables(database: Database, *, target_rows: int) -> None:
    """Partition the large tables. Raises DatabaseError where somebody works with them, or views of others need them."""
    try:
        with database.write() as connection:
            with patience(connection, _PATIENCE_MILLISECONDS):
                names = ("batches", "chunks", "review_leases", *(table.name for table, _ in PARTITIONED))
                define(connection, f"lock table {', '.join(names)} in access exclusive mode")
            _refuse_chunks_in_work(connection)
            _refuse_other_views(connection)
            if not is_partitioned(connection):
                _convert(connection, target_rows)
    except DatabaseUnavailableError as error:
        if not was_locked(error):
            raise
        raise _in_use("somebody uses the tables") from error


def set_target(database: Database, target_rows: int) -> None:
    """Let the parts that are made from now on be full with so many rows."""
    with database.write() as connection:
        newest = select(func.max(item_partitions.c.number)).scalar_subquery()
        changed = item_partitions.update().where(item_partitions.c.number == newest)
        connection.execute(changed.values(target_rows=target_rows))


def _refuse_chunks_in_work(connection: Connection) -> None:
    in_work = select(func.count()).select_from(chunks).where(chunks.c.state == "running", holds(chunks))
    count = connection.execute(in_work).scalar_one()
    if count:
        raise _in_use(f"workers are at work on {count} chunks")


def _in_use(why: str) -> DatabaseError:
    return DatabaseError(
        f"nothing is partitioned: {why}",
        remedy="End the workers and every `enqueue` (`newsgate workers` lists workers), then run the command again",
    )


def _refuse_other_views(connection: Connection) -> None:
    """A view belongs to the table it was made of, not to its name: it would show the first part alone."""
    shown = ["results", *(table.name for table, _ in PARTITIONED)]
    found = sorted(connection.execute(_VIEWS, {"names": shown}).scalars())
    if found:
        raise DatabaseError(
            f"nothing is partitioned: other views show these tables: {', '.join(found)}",
            remedy="Drop them, run the command again, then make them again",
        )


def _convert(connection: Connection, target_rows: int) -> None:
    item_partitions.create(connection)
    # Whoever may read items may see where they are.
    readers = [each for each in _rights(connection, items.name) if each.may == "SELECT"]
    _give(connection, item_partitions.name, readers)
    end_item = ITEM_NUMBERS * (last_item(connection, partition=0) // ITEM_NUMBERS + 1)
    first = Partition(0, 0, next_batch(connection), 0, end_item, target_rows)
    view = connection.execute(text("select pg_get_viewdef('results')")).scalar_one()
    rights = _rights(connection, "results")
    define(connection, "drop view results")
    define(connection, *(f"alter table {owner} drop constraint if exists {key}" for owner, key in _DROPPED_KEYS))
    for table, key in PARTITIONED:
        _make_first_part(connection, table, first, key=key)
    define(connection, f"create view results as {view}")
    _give(connection, "results", rights)
    record(connection, first)
    add_partition(connection, first)


def _make_first_part(connection: Connection, table: Table, first: Partition, *, key: str) -> None:
    """Put a table of the same name around the one there is."""
    name, part = table.name, first.table(table)
    rights = _rights(connection, name)
    end = first.end_batch if table is items else first.end_item
    unique = {
        items.name: ("uq_items_batch_id_row", "unique (batch_id, row)"),
        verdicts.name: ("pk_verdicts", "primary key (item_id, model)"),
        shadow_verdicts.name: ("pk_shadow_verdicts", "primary key (item_id, model)"),
    }
    constraint, says = unique[name]
    # Its rows are read here, once. What is proved by a constraint is not read again when the part is attached.
    proof = f"{key} < {end}" + (f" and id < {first.end_item}" if table is items else "")
    statements = [
        f"alter table {name} rename to {part}",
        f"alter table {part} rename constraint {constraint} to {constraint.replace(name, part)}",
        f"alter table {part} add constraint ck_{part}_numbers check ({proof})",
        f"create table {name} (like {part} {LIKE}) partition by range ({key})",
        f"alter table {name} add constraint {constraint} {says}",
    ]
    if table is items:
        statements += [
            f"alter table {part} rename constraint pk_items to pk_{part}",
            f"alter sequence items_id_seq maxvalue {first.end_item - 1} owned by items.id",
        ]
    checks = _checks(connection, name)
    attaching = f"alter table {name} attach partition {part} for values from (minvalue) to ({end})"
    define(connection, *statements, *checks, attaching)
    _give(connection, name, rights)


def _checks(connection: Connection, name: str) -> list[str]:
    """The checks that every part has, for the table around them; asked before the first part has one of its own."""
    query = text(
        "select conname, pg_get_constraintdef(oid) from pg_constraint where conrelid = to_regclass(:name)"
        " and contype = 'c'"
    )
    found = connection.execute(query, {"name": name}).all()
    return [f"alter table {name} add constraint {row.conname} {row.pg_get_constraintdef}" for row in found]


def _rights(connection: Connection, name: str) -> list[Any]:
    """Who else may do what with a table or view."""
    query = text(
        "select privilege_type as may, case grantee when 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end"
        " as who, is_grantable from pg_class, aclexplode(relacl)"
        " where oid = to_regclass(:name) and grantee <> relowner"
    )
    return list(connection.execute(query, {"name": name}))


def _give(connection: Connection, name: str, rights: list[Any]) -> None:
    for each in rights:
        grantable = " with grant option" if each.is_grantable else ""
        define(connection, f"grant {each.may} on {name} to {each.who}{grantable}")
