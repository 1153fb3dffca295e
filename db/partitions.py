"""PostgreSQL's large tables in parts: which part a batch belongs to, and the next part, made before it is needed.

`newsgate migrate --partition` sets this up (`partition_conversion`). A part is a range of batches. `items` is split by
batch, `verdicts` and `shadow_verdicts` by item: every part has item numbers of its own, so that its items and what
models say about them stand in partitions of the same number. The table `item_partitions` says which is which.

A part has room for as many numbers of batches as would fill it if they were like the latest ones. Where it is full
sooner, the numbers that are left in it are skipped. Nobody waits for a new partition: it is made beside the table and
attached to it, which stands in the way of no reader and no writer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    Table,
    func,
    insert,
    select,
    text,
    true,
)
from sqlalchemy.exc import DBAPIError

from newsgate.db.errors import DatabaseError
from newsgate.db.tables import batches, items, verdicts
from newsgate.db.types import UtcDateTime, database_time
from newsgate.db.upkeep_tables import shadow_verdicts

# Of one part, and far more than it ever has: numbers that a transaction drew and never used are gone too.
ITEM_NUMBERS: Final = 10_000_000_000
_MOST_BATCHES: Final = 1000
_LATEST_BATCHES: Final = 100
# Any fixed number: it lets one transaction at a time make a part.
_MAKING_LOCK: Final = 0x70617274
_AHEAD_SECONDS: Final = 1
_NEEDED_SECONDS: Final = 30
_LOCK_NOT_AVAILABLE: Final = "55P03"
_DEADLOCK: Final = "40P01"

# Apart from db.tables.metadata: it is there only where the tables are partitioned.
item_partitions = Table(
    "item_partitions",
    MetaData(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("first_batch", BigInteger, nullable=False),
    Column("end_batch", BigInteger, nullable=False, comment="the first batch after it"),
    Column("first_item", BigInteger, nullable=False),
    Column("end_item", BigInteger, nullable=False, comment="the first item after it"),
    Column("target_rows", BigInteger, nullable=False, comment="with so many rows it is full"),
    Column("made_at", UtcDateTime, nullable=False),
    Column("dropped_at", UtcDateTime),
    Column("last_item", BigInteger, comment="the highest item it ever had, since it was dropped"),
)
_DRAWING: Final = text("""
    with recursive drawn(number) as (
        select nextval('batches_id_seq')
        union all
        select nextval('batches_id_seq') from drawn where number < :last
    ) select max(number) from drawn
""")
LIKE: Final = "including defaults including comments including storage"
# With the column that each is partitioned by.
PARTITIONED: Final = ((items, "batch_id"), (verdicts, "item_id"), (shadow_verdicts, "item_id"))


@dataclass(frozen=True, slots=True)
class Partition:
    """One part: the batches and items from `first_` up to before `end_`. target_rows: with so many rows it is full."""

    number: int
    first_batch: int
    end_batch: int
    first_item: int
    end_item: int
    target_rows: int

    def table(self, of: Table) -> str:
        """The name of this part of a table."""
        return f"{of.name}_p{self.number}"

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of its tables."""
        return tuple(self.table(table) for table, _ in PARTITIONED)


def is_partitioned(connection: Connection) -> bool:
    """Whether somebody has had the tables partitioned."""
    if connection.dialect.name != "postgresql":
        return False
    found: bool = connection.execute(text("select to_regclass('item_partitions') is not null")).scalar_one()
    return found


def partitions(connection: Connection) -> list[Partition]:
    """The parts there are, oldest first; none where the tables are not partitioned."""
    if not is_partitioned(connection):
        return []
    return _read(connection, true())


def items_table(connection: Connection, batch: int) -> str:
    """The table that the rows of a batch go into: into a partition itself, which numbers its own items.

    Raises DatabaseError where the batch is in no part: its part was dropped.
    """
    if not is_partitioned(connection):
        return items.name
    part = _part_of(_read(connection, _has(batch)), batch)
    if part is None:
        raise DatabaseError(
            f"batch {batch} is in no partition of the database", remedy="Enqueue its file again with --again"
        )
    return part.table(items)


def make_room(connection: Connection) -> list[Partition]:
    """Before a batch gets its number: see to it that the number is in a part that is not full.

    Gives parts that the number is likely in; none where the tables are not partitioned.
    """
    if not is_partitioned(connection):
        return []
    number = next_batch(connection)
    newest = select(func.max(item_partitions.c.number)).scalar_subquery()
    parts = _read(connection, _has(number) | (item_partitions.c.number == newest))
    current = _part_of(parts, number)
    if current is None:
        return parts
    accepted = select(func.coalesce(func.sum(batches.c.accepted), 0)).where(batches.c.id >= current.first_batch)
    rows: int = connection.execute(accepted).scalar_one()
    later = parts[-1] if parts[-1].number > current.number else None
    half_of_the_numbers = 2 * (number + 1 - current.first_batch) >= current.end_batch - current.first_batch
    if later is None and (2 * rows >= current.target_rows or half_of_the_numbers):
        later = _make_next(connection, patience_seconds=_AHEAD_SECONDS, up_to=current.end_batch)
    if later is not None and rows >= current.target_rows:
        _skip_numbers(connection, up_to=current.end_batch)
    return [current, *([later] if later else [])]


def settle(connection: Connection, batch: int, room: list[Partition]) -> str:
    """After a batch got its number: make the part it is in, if it is not there; gives the table its rows go into.

    room: what `make_room` gave. Raises DatabaseError where somebody keeps the tables to himself for so long that the
    part cannot be made.
    """
    if not room:
        return items.name
    known = _part_of(room, batch)
    if known is not None:
        return known.table(items)
    if not _read(connection, _has(batch)):
        made = _make_next(connection, patience_seconds=_NEEDED_SECONDS, up_to=batch)
        if made is None:
            raise DatabaseError(
                "no partition can be made for the next batch: another program has locked the tables",
                remedy="Wait until it has ended, then run the command again",
            )
    return items_table(connection, batch)


def next_batch(connection: Connection) -> int:
    """The number that the next batch gets."""
    query = text("select last_value + case when is_called then 1 else 0 end from batches_id_seq")
    number: int = connection.execute(query).scalar_one()
    return number


def last_item(connection: Connection, *, partition: int) -> int:
    """The highest number that an item of a part has got; without partitions the only part is 0."""
    sequence = "items_id_seq" if partition == 0 else f"items_p{partition}_id_seq"
    query = text("select coalesce(pg_sequence_last_value(to_regclass(:name)), 0)")
    number: int = connection.execute(query, {"name": sequence}).scalar_one()
    return number


def define(connection: Connection, *statements: str) -> None:
    """Execute statements that make, change or lock tables: they name tables, and take no parameters."""
    for statement in statements:
        connection.exec_driver_sql(statement)


def add_partition(connection: Connection, after: Partition) -> Partition:
    """Make the part after the newest one, and attach its tables."""
    made = Partition(
        number=after.number + 1,
        first_batch=after.end_batch,
        end_batch=after.end_batch + _batches_of_a_part(connection, after.target_rows),
        first_item=after.end_item,
        end_item=after.end_item + ITEM_NUMBERS,
        target_rows=after.target_rows,
    )
    for table, _ in PARTITIONED:
        _make_table(connection, made, table)
    record(connection, made)
    return made


def record(connection: Connection, part: Partition) -> None:
    """Write down that a part is there."""
    values = {name: getattr(part, name) for name in Partition.__slots__}
    connection.execute(insert(item_partitions).values(**values, made_at=database_time()))


@contextmanager
def patience(connection: Connection, milliseconds: int) -> Iterator[None]:
    """Wait no longer than that for a lock, within a transaction that goes on afterwards."""
    before = connection.execute(text("show lock_timeout")).scalar_one()
    connection.execute(text("select set_config('lock_timeout', :most, true)"), {"most": f"{milliseconds}ms"})
    yield
    connection.execute(text("select set_config('lock_timeout', :most, true)"), {"most": before})


def was_locked(error: BaseException) -> bool:
    """Whether a statement waited for a lock for as long as it may; of the driver's error, or one that explains it."""
    return _sqlstate(error) == _LOCK_NOT_AVAILABLE


def was_deadlocked(error: BaseException) -> bool:
    """Whether a transaction and another one waited for each other; of the same errors."""
    return _sqlstate(error) == _DEADLOCK


def _sqlstate(error: BaseException) -> str | None:
    told = error if isinstance(error, DBAPIError) else error.__cause__
    return getattr(told.orig, "sqlstate", None) if isinstance(told, DBAPIError) else None


def _has(batch: int) -> ColumnElement[bool]:
    return (item_partitions.c.first_batch <= batch) & (item_partitions.c.end_batch > batch)


def _read(connection: Connection, which: ColumnElement[bool]) -> list[Partition]:
    columns = (item_partitions.c[name] for name in Partition.__slots__)
    query = select(*columns).where(item_partitions.c.dropped_at.is_(None), which)
    return [Partition(*row) for row in connection.execute(query.order_by(item_partitions.c.number))]


def _part_of(parts: list[Partition], batch: int) -> Partition | None:
    return next((each for each in parts if each.first_batch <= batch < each.end_batch), None)


def _make_next(connection: Connection, *, patience_seconds: int, up_to: int) -> Partition | None:
    """Make parts until one has the batch `up_to`; None where a lock is not to be had."""
    try:
        # What fails is undone alone.
        with connection.begin_nested(), patience(connection, 1000 * patience_seconds), _as_owner(connection):
            connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _MAKING_LOCK})
            # Read again under the lock: somebody else may have made it.
            newest = partitions(connection)[-1]
            while newest.end_batch <= up_to:
                newest = add_partition(connection, newest)
            return newest
    except DBAPIError as error:
        if was_locked(error):
            return None
        raise


@contextmanager
def _as_owner(connection: Connection) -> Iterator[None]:
    """As the role that owns the tables, which then owns their parts too, whichever of its members makes them."""
    owner = connection.execute(
        text(
            "select pg_get_userbyid(relowner) from pg_class where oid = to_regclass('items')"
            " and pg_get_userbyid(relowner) <> current_user"
        )
    ).scalar_one_or_none()
    if owner is not None:
        connection.execute(text("select set_config('role', :owner, true)"), {"owner": owner})
    yield
    if owner is not None:
        connection.execute(text("reset role"))


def _batches_of_a_part(connection: Connection, target_rows: int) -> int:
    # The median: one giant file among small ones says nothing about the next files, nor the other way round.
    latest = select((batches.c.accepted + batches.c.purged_rows).label("rows")).where(batches.c.loaded)
    latest_rows = latest.order_by(batches.c.id.desc()).limit(_LATEST_BATCHES).subquery()
    median = func.percentile_disc(0.5).within_group(latest_rows.c.rows)
    rows: int | None = connection.execute(select(median)).scalar_one()
    return max(1, min(_MOST_BATCHES, target_rows // max(1, rows or 1)))


def _skip_numbers(connection: Connection, *, up_to: int) -> None:
    """Let the next batch have the number `up_to`. Others draw numbers meanwhile, and nobody gets one twice."""
    if next_batch(connection) < up_to:
        connection.execute(_DRAWING, {"last": up_to - 1})


def _make_table(connection: Connection, part: Partition, table: Table) -> None:
    name = part.table(table)
    statements = [f"create table {name} (like {table.name} {LIKE} including constraints)"]
    if table is items:
        # Its own numbers, so that an item's number alone says which part it is in.
        first, end = part.first_item, part.end_item
        statements += [
            f"create sequence {name}_id_seq minvalue {first} maxvalue {end - 1} owned by {name}.id",
            f"alter table {name} alter column id set default nextval('{name}_id_seq')",
            f"alter table {name} add constraint pk_{name} primary key (id)",
            f"alter table {name} add constraint ck_{name}_numbers check (id >= {first} and id < {end})",
        ]
        first, end = part.first_batch, part.end_batch
    else:
        first, end = part.first_item, part.end_item
    # Made beside the table and then attached: to create it as a partition would lock out every reader and writer.
    statements.append(f"alter table {table.name} attach partition {name} for values from ({first}) to ({end})")
    define(connection, *statements)
