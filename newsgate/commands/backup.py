"""`newsgate backup`: a whole and checked copy of the database."""

from __future__ import annotations

import json
from pathlib import Path

import click

from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.messages import print_message
from newsgate.console.settings_and_database import settings_and_database

_MEBIBYTE = 1024 * 1024


@click.command("backup", cls=ErrorReportingCommand)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print what is in the copy as one JSON object.")
def backup(file: Path, *, as_json: bool) -> None:
    """Copy the database to FILE while work goes on, and check the copy. SQLite only.

    FILE changes only when the copy is whole: SQLite's integrity_check and `newsgate audit` look at it first. It exits
    with 1 if the audit finds something; the copy is kept, for the database is like that too. For PostgreSQL it says
    how to run pg_dump.

    \b
    Example:
      newsgate backup newsgate-monday.db
    """
    from newsgate.tasks.storage.backup import back_up

    with settings_and_database() as (_, database):
        made = back_up(database, file)
    if as_json:
        figures = {key: getattr(made, key) for key in ("size_bytes", "batches", "items", "labels", "models")}
        click.echo(json.dumps({"file": str(made.file), **figures, "sound": not made.broken}))
    for finding in made.broken:
        print_message(f"BROKEN {finding.invariant}: {finding.offenders[0]}")
    counts = f"{made.batches} batches, {made.items} rows, {made.labels} labels, {made.models} models"
    found = "but its audit finds what is said above" if made.broken else "integrity_check and audit find nothing"
    print_message(f"{file}: {counts}, {made.size_bytes / _MEBIBYTE:,.1f} MiB; {found}")
    if made.broken:
        raise SystemExit(1)
