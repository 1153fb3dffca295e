"""Commands about models: models, promote."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from newsgate.console.error_reporting import Telling, TellingGroup, opened, print_table, tell
from newsgate.console.parameter_types import MODEL
from newsgate.console.text_type import UTF8_TEXT

if TYPE_CHECKING:
    from newsgate.db.promotions import Promotion


@click.group("models", cls=TellingGroup, invoke_without_command=True)
@click.pass_context
def models(ctx: click.Context) -> None:
    """List the models, newest first; `newsgate models show N` tells one's story."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@click.command("list", cls=Telling)
def list_() -> None:
    """Every model, newest first."""
    from newsgate.db.models import list_models
    from newsgate.tasks.running.open_database import ensure_champion

    with opened() as (_, database):
        ensure_champion(database)
        with database.read() as connection:
            found = list_models(connection)
    headers = ("model", "name", "state", "trained on", "weighted F1", "MB", "created")
    rows = [
        (
            each.number,
            each.name,
            each.state,
            sum(each.metadata["training_data"]["rows"].values()),
            _reported(each.metadata).get("weighted_f1"),
            f"{each.size_bytes / 1e6:.1f}",
            f"{each.created_at:%Y-%m-%d %H:%M}",
        )
        for each in found
    ]
    print_table(headers, rows, right=frozenset({"model", "trained on", "weighted F1", "MB"}))


@click.command("show", cls=Telling)
@click.argument("number", type=MODEL)
def show(number: int) -> None:
    """Everything recorded about one model, as JSON, with every decision about it."""
    from newsgate.db.models import model_record
    from newsgate.db.promotions import decisions_about

    with opened() as (_, database), database.read() as connection:
        record = model_record(connection, number)
        decisions = [_decision(each) for each in decisions_about(connection, number)]
    facts = {"model": record.number, "name": record.name, "state": record.state, "sha256": record.sha256}
    everything = {**facts, "size_bytes": record.size_bytes, "decisions": decisions, **record.metadata}
    click.echo(json.dumps(everything, indent=2))


models.add_command(list_)
models.add_command(show)


@click.command("promote", cls=Telling)
@click.argument("number", type=MODEL)
@click.option("--reason", type=UTF8_TEXT, required=True, metavar="TEXT", help="Why; it is recorded with the decision.")
def promote(number: int, *, reason: str) -> None:
    """Make model NUMBER the champion: new runs use it at once, running ones finish on theirs."""
    from newsgate.db.promotions import promote as make_champion

    with opened() as (_, database), database.write() as connection:
        before = make_champion(connection, number, reason=reason, figures={})
    tell(f"model {number} is champion" + (f", after model {before}" if before else ""))


def _decision(decision: Promotion) -> dict[str, Any]:
    return {**asdict(decision), "decided_at": decision.decided_at.isoformat(timespec="seconds")}


def _reported(metadata: Any) -> dict[str, float]:
    metrics = metadata["metrics"]
    return metrics.get("validation") or metrics.get("held_back") or {}
