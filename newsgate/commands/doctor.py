"""`newsgate doctor`: the set-up, and what is wrong with it."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.foundation.printable_text import printable


@click.command("doctor", cls=ErrorReportingCommand)
@click.option("--json", "as_json", is_flag=True, help="Print the checks and the settings in force as one JSON object.")
def doctor(*, as_json: bool) -> None:
    """Check versions, settings, folders, database and broker, and say what to repair.

    Each part gets one line: ok, warning or FAILED. The command changes nothing, and works when everything is down. It
    exits with 1 if something failed.

    \b
    Example:
      newsgate doctor
    """
    from newsgate.tasks.inspecting.doctor.examine import examine

    found = examine()
    if as_json:
        checks = [asdict(check) for check in found.checks]
        click.echo(json.dumps({"checks": checks, "settings": found.settings, "failed": found.failed}))
    else:
        for check in found.checks:
            remedy = f". {check.remedy}" if check.remedy else ""
            click.echo(printable(f"{check.state:7} {check.part}: {' '.join(check.detail.split())}{remedy}"))
    if found.failed:
        raise SystemExit(1)
