"""`newsgate migrate`: the database at this version's schema."""

from __future__ import annotations

import json

import click

from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.json_option import json_option
from newsgate.console.messages import print_message


@click.command("migrate", cls=ErrorReportingCommand)
@json_option("Print {schema, before, champion} as one JSON object.")
def migrate(*, as_json: bool) -> None:
    """Bring the database to the schema of this version, and give a new database its starter model.

    \b
    Example:
      newsgate migrate
    """
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
    finally:
        database.close()
    changed = "was up to date" if before == after else f"went from {before or 'nothing'} to {after}"
    print_message(f"the schema {changed}; model {champion} is champion")
    if as_json:
        click.echo(json.dumps({"schema": after, "before": before, "champion": champion}))
