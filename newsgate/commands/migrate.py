"""`newsgate migrate`: the database at this version's schema."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import click

from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.json_option import json_option
from newsgate.console.messages import print_message
from newsgate.console.parameter_types import WholeNumberRange
from newsgate.foundation.errors import WrongUsageError

if TYPE_CHECKING:
    from newsgate.db.session import Database

_PARTITION_ROWS: Final = 10_000_000


@click.command("migrate", cls=ErrorReportingCommand)
@click.option(
    "--partition",
    is_flag=True,
    help="Partition items and verdicts by batch: then a purge of old batches drops whole partitions. PostgreSQL only. "
    "There is no way back.",
)
@click.option(
    "--partition-rows",
    type=WholeNumberRange(1, 1_000_000_000),
    metavar="N",
    help="With --partition: a partition with N rows is full. [default: 10000000]",
)
@json_option("Print {schema, before, champion} as one JSON object.")
def migrate(*, partition: bool, partition_rows: int | None, as_json: bool) -> None:
    """Bring the database to the schema of this version, and give a new database its starter model.

    \b
    Examples:
      newsgate migrate
      newsgate migrate --partition          once, for a PostgreSQL that is to hold many millions of rows
    """
    if partition_rows is not None and not partition:
        raise WrongUsageError("--partition-rows goes with --partition", remedy="Add --partition")
    from newsgate.db.schema import migrate as migrate_schema
    from newsgate.db.session import Database
    from newsgate.tasks.running.open_database import ensure_champion
    from newsgate.worker.settings import load_settings, prepare_home

    settings = load_settings()
    if not settings.database_url:
        prepare_home(settings)
    database = Database(settings.effective_database_url)
    try:
        before, after = migrate_schema(database)
        champion = ensure_champion(database)
        changed = "was up to date" if before == after else f"went from {before or 'nothing'} to {after}"
        print_message(f"the schema {changed}; model {champion} is champion")
        if partition:
            _partition(database, partition_rows)
    finally:
        database.close()
    if as_json:
        click.echo(json.dumps({"schema": after, "before": before, "champion": champion}))


def _partition(database: Database, asked_rows: int | None) -> None:
    from newsgate.db.partition_conversion import partition_tables, plan_conversion, set_target

    plan = plan_conversion(database)
    if plan is None:
        if asked_rows is None:
            print_message("items and verdicts are partitioned already")
        else:
            set_target(database, asked_rows)
            print_message(f"the newest partition and all later ones are full with {asked_rows} rows")
        return
    print_message(
        f"reading {plan.bytes / 1e9:,.1f} GB once, which takes some {max(1, plan.seconds)} seconds; nothing is copied, "
        "and everybody else waits until then"
    )
    partition_tables(database, target_rows=asked_rows or _PARTITION_ROWS)
    print_message("items and verdicts are partitioned: new batches go into partitions of their own")
