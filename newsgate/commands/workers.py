"""`newsgate workers`: who works, and on what."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from newsgate.console.console_table import print_table
from newsgate.console.durations import duration
from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.messages import print_message
from newsgate.console.settings_and_database import settings_and_database

if TYPE_CHECKING:
    from newsgate.db.workers import ChunkAhead, ChunkInHand, SeenWorker

_HEADERS = ("host", "process", "kind", "version", "since (UTC)", "seen", "doing")


@click.command("workers", cls=ErrorReportingCommand)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a worker.")
def workers(*, as_json: bool) -> None:
    """Show which workers and trainers live, on which hosts, since when, and what each does now.

    Each says every ten seconds in the database that it lives. One that does not is `silent`: it was killed, or it
    cannot reach the database. After ten minutes it is shown no more.

    \b
    Examples:
      newsgate workers
      newsgate workers --json
    """
    from newsgate.db.jobs import database_now
    from newsgate.db.workers import seen_workers

    with settings_and_database() as (_, database), database.read() as connection:
        found = seen_workers(connection)
        now = database_now(connection)
    if as_json:
        for each in found:
            click.echo(json.dumps(_figures(each)))
        return
    if found:
        print_table(_HEADERS, [_row(each, now) for each in found], right_aligned=frozenset({"process"}))
    if not any(each.kind == "worker" and not each.is_silent for each in found):
        print_message("no worker lives: `newsgate up` starts some on this machine, `newsgate worker` starts one")


def _row(worker: SeenWorker, now: datetime) -> tuple[Any, ...]:
    return (
        worker.host,
        worker.process,
        worker.kind,
        worker.version or "?",
        "?" if worker.started_at is None else f"{worker.started_at:%Y-%m-%d %H:%M}",
        "?" if worker.silent_seconds is None else f"{duration(worker.silent_seconds)} ago",
        _doing(worker, now),
    )


def _doing(worker: SeenWorker, now: datetime) -> str:
    told = [_told_chunk(chunk, now) for chunk in worker.chunks]
    told += [_told_ahead(chunk) for chunk in worker.ahead]
    if worker.training is not None:
        told.append(f"the retraining of {worker.training}")
    doing = "; ".join(told) or "nothing: it waits for work"
    if worker.is_silent:
        # Of its leases nobody knows yet that they will run out.
        had = f"; it had {'; '.join(told)}" if told else ""
        return f"silent: it was killed, or cannot reach the database{had}"
    return doing


def _told_chunk(chunk: ChunkInHand, now: datetime) -> str:
    since = "" if chunk.since is None else f", for {duration((now - chunk.since).total_seconds())}"
    attempt = f", attempt {chunk.attempt}" if chunk.attempt > 1 else ""
    return f"{_named(chunk)}{attempt}{since}"


def _told_ahead(chunk: ChunkAhead) -> str:
    return f"taken ahead: {_named(chunk)}, until {chunk.until:%H:%M:%S}"


def _named(chunk: ChunkInHand | ChunkAhead) -> str:
    rows = f"rows {chunk.first_row} to {chunk.last_row}"
    return f"chunk {chunk.chunk} of batch {chunk.batch} ({chunk.file}): {rows}"


def _figures(worker: SeenWorker) -> dict[str, Any]:
    figures = {**asdict(worker), "silent": worker.is_silent, "working": worker.is_working}
    figures["chunks"] = [_without_times(asdict(chunk)) for chunk in worker.chunks]
    figures["ahead"] = [_without_times(asdict(chunk)) for chunk in worker.ahead]
    return _without_times(figures)


def _without_times(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in figures.items()}
