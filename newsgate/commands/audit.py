"""`newsgate audit`: the invariants, proved on this database."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.messages import print_message
from newsgate.console.settings_and_database import settings_and_database


@click.command("audit", cls=ErrorReportingCommand)
@click.option("--json", "as_json", is_flag=True, help="One JSON object an invariant.")
def audit(*, as_json: bool) -> None:
    """Prove the invariants on this database: nothing lost, nothing doubled, nothing made up.

    Prints what was counted; exits with 1 and the first offenders where one does not hold. A `note` is about a clock
    that was ahead; it costs nothing.

    \b
    Example:
      newsgate audit
    """
    from newsgate.db.audit import audit as check_invariants

    with settings_and_database() as (_, database), database.read() as connection:
        findings = check_invariants(connection)
    for finding in findings:
        if as_json:
            click.echo(json.dumps({**asdict(finding), "holds": finding.holds}))
            continue
        state = "BROKEN" if not finding.holds else "note" if finding.offenders else "ok"
        click.echo(f"{state:6} {finding.invariant} ({finding.checked} checked)")
        for offender in finding.offenders:
            click.echo(f"         {offender}")
    if not all(finding.holds for finding in findings):
        print_message("what somebody deleted by hand, `newsgate purge --missing` writes off")
        raise SystemExit(1)
