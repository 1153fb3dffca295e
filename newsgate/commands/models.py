"""`newsgate models`: which there are, and one model's story."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from newsgate.console.console_table import print_table
from newsgate.console.error_reporting import ErrorReportingCommand, ErrorReportingGroup
from newsgate.console.parameter_types import MODEL_NUMBER
from newsgate.console.settings_and_database import settings_and_database

if TYPE_CHECKING:
    from newsgate.db.model_registry import ModelRecord
    from newsgate.db.promotions import Promotion
    from newsgate.model.recorded_facts import RecordedFacts


@click.group("models", cls=ErrorReportingGroup, invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a model.")
@click.pass_context
def models(ctx: click.Context, *, as_json: bool) -> None:
    """List the models, newest first; `newsgate models show N` shows everything about one.

    \b
    Examples:
      newsgate models
      newsgate models --json
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_, as_json=as_json)


@click.command("list", cls=ErrorReportingCommand)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a model.")
def list_(*, as_json: bool) -> None:
    """Every model, newest first.

    \b
    Example:
      newsgate models list
    """
    from newsgate.console.damaged_metadata import warn_of_damaged_metadata
    from newsgate.db.model_registry import list_models
    from newsgate.tasks.running.open_database import ensure_champion

    with settings_and_database() as (_, database):
        ensure_champion(database)
        with database.read() as connection:
            found = list_models(connection)
    facts = [warn_of_damaged_metadata(each, tell_reference=False) for each in found]
    if as_json:
        for each, recorded in zip(found, facts, strict=True):
            click.echo(json.dumps(_figures(each, recorded)))
        return
    headers = ("model", "name", "state", "trained on", "weighted F1", "MB", "created")
    rows = [
        (
            each.number,
            each.name,
            each.state,
            recorded.trained_texts,
            recorded.judged.weighted_f1 if recorded.judged else None,
            f"{each.size_bytes / 1e6:.1f}",
            f"{each.created_at:%Y-%m-%d %H:%M}",
        )
        for each, recorded in zip(found, facts, strict=True)
    ]
    print_table(headers, rows, right_aligned=frozenset({"model", "trained on", "weighted F1", "MB"}))


@click.command("show", cls=ErrorReportingCommand)
@click.argument("number", type=MODEL_NUMBER)
@click.option("--json", is_flag=True, expose_value=False, help="It is JSON already; this changes nothing.")
def show(number: int) -> None:
    """Everything recorded about one model, as JSON, with every decision about it.

    \b
    Example:
      newsgate models show 2
    """
    from newsgate.db.model_registry import model_record
    from newsgate.db.promotions import decisions_about
    from newsgate.model.recorded_facts import without_odd_numbers

    with settings_and_database() as (_, database), database.read() as connection:
        record = model_record(connection, number)
        decisions = [_decision(each) for each in decisions_about(connection, number)]
    facts = {"model": record.number, "name": record.name, "state": record.state, "sha256": record.sha256}
    everything = {**facts, "size_bytes": record.size_bytes, "decisions": decisions, **record.metadata}
    click.echo(json.dumps(without_odd_numbers(everything), indent=2))


models.add_command(list_)
models.add_command(show)


def _figures(record: ModelRecord, recorded: RecordedFacts) -> dict[str, Any]:
    return {
        "model": record.number,
        "name": record.name,
        "state": record.state,
        "trained_texts": recorded.trained_texts,
        "weighted_f1": recorded.judged.weighted_f1 if recorded.judged else None,
        "size_bytes": record.size_bytes,
        "sha256": record.sha256,
        "created_at": record.created_at.isoformat(timespec="seconds"),
    }


def _decision(decision: Promotion) -> dict[str, Any]:
    return {**asdict(decision), "decided_at": decision.decided_at.isoformat(timespec="seconds")}
