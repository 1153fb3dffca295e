"""`newsgate health`: whether the processes here get on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.json_option import json_option
from newsgate.foundation.errors import NewsgateError
from newsgate.foundation.printable_text import printable

if TYPE_CHECKING:
    from newsgate.worker.health import Health


class NothingRunsError(NewsgateError):
    """No process says how it is."""


@click.command("health", cls=ErrorReportingCommand)
@json_option("One JSON object for each process.")
def health(*, as_json: bool) -> None:
    """Say whether the worker, trainer, schedule or page that runs here gets on; for probes of containers.

    It is not enough that the process lives: a worker that ends no chunk while chunks wait does not get on. Each process
    of this home folder gets one line. The command asks no server. It exits with 1 if one does not get on, or if none
    runs.

    \b
    Example:
      newsgate health
    """
    from newsgate.worker.health import read_health
    from newsgate.worker.settings import load_settings

    settings = load_settings()
    found = read_health(settings)
    for each in found:
        click.echo(json.dumps(_figures(each)) if as_json else _line(each))
    if not found:
        raise NothingRunsError(
            "no worker, trainer, schedule or page runs with this home folder",
            where=str(settings.home),
            remedy="Ask where one runs, with the same NEWSGATE_HOME",
        )
    if not all(each.state.healthy for each in found):
        raise SystemExit(1)


def _line(found: Health) -> str:
    return printable(
        f"{'ok' if found.state.healthy else 'FAILED':7} {found.part} {found.process}: {found.state.detail}"
    )


def _figures(found: Health) -> dict[str, str | int | bool]:
    return {
        "part": found.part,
        "process": found.process,
        "healthy": found.state.healthy,
        "detail": found.state.detail,
    }
