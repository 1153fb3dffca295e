"""`newsgate shadow`: a challenger that scores live texts unseen."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from newsgate.console.console_table import print_table
from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.messages import print_message
from newsgate.console.parameter_types import MODEL_NUMBER, StrictFloatRange
from newsgate.console.settings_and_database import settings_and_database
from newsgate.foundation.errors import WrongUsageError

if TYPE_CHECKING:
    from newsgate.db.session import Database
    from newsgate.db.shadow import Comparison

_DEFAULT_SHARE = 0.1


@click.command("shadow", cls=ErrorReportingCommand)
@click.argument("model", required=False, metavar="[MODEL|off]")
@click.option(
    "--share",
    type=StrictFloatRange(0, 1, min_open=True),
    metavar="P",
    help=f"The share of the champion's chunks to score. [default: {_DEFAULT_SHARE}]",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a comparison.")
def shadow(model: str | None, *, share: float | None, as_json: bool) -> None:
    """Let MODEL score a share of the champion's chunks too. Its verdicts are not shown as results; `off` ends this.

    Without MODEL, show the comparison: rows scored twice, how often the labels differ, how far the scores are apart.

    \b
    Examples:
      newsgate shadow 2 --share 0.1
      newsgate shadow off
    """
    number = None if model is None or model == "off" else _number(model)
    if share is not None and number is None:
        raise WrongUsageError(
            "--share needs the number of a model", remedy="For example: newsgate shadow 2 --share 0.1"
        )
    with settings_and_database() as (_, database):
        if number is not None:
            _begin(database, number, share=share or _DEFAULT_SHARE)
        elif model is None:
            _show(database, as_json=as_json)
        else:
            _end(database)


def _number(model: str) -> int:
    number = MODEL_NUMBER.parse(model)
    if number is None:
        raise WrongUsageError(f"{model!r} is not the number of a model", remedy="Give a number, or off")
    return number


def _begin(database: Database, model: int, *, share: float) -> None:
    from newsgate.db.shadow import set_shadow

    with database.write() as connection:
        set_shadow(connection, model, share=share)
    print_message(f"model {model} shadows {share:.0%} of the champion's chunks; `newsgate shadow` shows the comparison")


def _end(database: Database) -> None:
    from newsgate.db.shadow import clear_shadows

    with database.write() as connection:
        ended = clear_shadows(connection)
    print_message(f"model {ended[0]} no longer shadows; its verdicts are kept" if ended else "no model was shadowing")


def _show(database: Database, *, as_json: bool) -> None:
    from newsgate.db.shadow import compare_shadows

    with database.read() as connection:
        found = compare_shadows(connection)
    if as_json:
        for each in found:
            click.echo(json.dumps(_figures(each)))
        return
    if not found:
        print_message("no model shadows the champion: `newsgate shadow MODEL --share 0.1` lets one")
        return
    headers = ("model", "share", "beside", "rows", "labels differ", "mean change of p_fake")
    rows = [
        (
            each.model,
            "off" if each.share is None else f"{each.share:.0%}",
            each.beside,
            each.rows,
            "" if each.disagreement is None else f"{each.disagreement:.2%}",
            "" if each.mean_change is None else f"{each.mean_change:.4f}",
        )
        for each in found
    ]
    print_table(headers, rows, right_aligned=frozenset(headers))


def _figures(comparison: Comparison) -> dict[str, float | int | None]:
    return {**asdict(comparison), "disagreement": comparison.disagreement}
