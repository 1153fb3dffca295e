"""Commands that work on a batch once more: reclassify, flips, requeue."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from newsgate.console.error_reporting import EXIT_SOME_ROWS_BAD, Telling, one_line, opened, print_table, tell, warn
from newsgate.console.parameter_types import ANY_ROWS, BATCH, MODEL
from newsgate.foundation.errors import WrongUsageError

if TYPE_CHECKING:
    from newsgate.tasks.classifying.reclassify import FlipReport

_TEXT_CHARS = 60
_FLIPS_SHOWN = 10

_flips_option = click.option(
    "--flips",
    type=ANY_ROWS,
    default=_FLIPS_SHOWN,
    show_default=True,
    metavar="N",
    help="How many of the changed rows to show, the surest first.",
)


@click.command("reclassify", cls=Telling)
@click.argument("batch", type=BATCH)
@click.option("--model", type=MODEL, metavar="N", help="The model to classify with. [default: the champion]")
@click.option("--wait", is_flag=True, help="Stay until every row has its verdict, then report what changed.")
@_flips_option
@click.option("--json", "as_json", is_flag=True, help="Print {batch, run, model, items, flips} as one JSON object.")
def reclassify(batch: int, *, model: int | None, wait: bool, flips: int, as_json: bool) -> None:
    """Have another model classify BATCH, beside the verdicts it has.

    Run again after an interruption or a cancellation, the same command goes on where it stopped. Where the model has
    finished the batch already, it reports what changed.
    """
    from newsgate.console.progress_line import ProgressLine
    from newsgate.console.wait_for_batch import wait_and_tell
    from newsgate.tasks.classifying.reclassify import previous_model, report_flips
    from newsgate.tasks.classifying.reclassify import reclassify as reclassify_batch

    with opened() as (settings, database):
        with ProgressLine("making chunks") as line:
            done = reclassify_batch(
                batch,
                model=model,
                settings=settings,
                database=database,
                progress=lambda rows, items: line.draw(rows, items, note=f"{rows} of {items} rows"),
            )
        status = done.status
        for warning in done.warnings if not status.finished else ():
            warn(warning)
        if status.state == "done" and not done.begun:
            tell(f"model {status.model} has classified batch {batch} already")
        else:
            verb = "waits" if done.begun else "goes on"
            tell(f"batch {batch} {verb} for model {status.model}: {status.total} rows")
        if wait:
            status = wait_and_tell(database, batch, model=status.model)
        before = previous_model(database, batch, model=status.model)
        report = None
        if status.state == "done" and before is not None:
            report = report_flips(database, batch, models=(before, status.model), limit=flips)
    if as_json:
        figures = {"batch": batch, "run": status.run, "model": status.model, "items": status.total}
        click.echo(json.dumps({**figures, "flips": None if report is None else _figures(report)}))
    elif report is not None:
        _print_report(report)
    if status.failed:
        raise SystemExit(EXIT_SOME_ROWS_BAD)


@click.command("flips", cls=Telling)
@click.argument("batch", type=BATCH)
@click.option("--models", metavar="A,B", help="Compare these. [default: the batch's last two]")
@_flips_option
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def flips(batch: int, *, models: str | None, flips: int, as_json: bool) -> None:
    """What changed between the verdicts of two models on BATCH: how many rows either way, and the surest of them."""
    from newsgate.tasks.classifying.reclassify import report_flips

    pair = _pair(models) if models is not None else None
    with opened() as (_, database):
        report = report_flips(database, batch, models=pair, limit=flips)
    if as_json:
        click.echo(json.dumps(_figures(report)))
    else:
        _print_report(report)


@click.command("requeue", cls=Telling)
@click.argument("batch", type=BATCH)
@click.option("--wait", is_flag=True, help="Stay until every row has its verdict.")
def requeue(batch: int, *, wait: bool) -> None:
    """Have the failed rows of BATCH, and those it was cancelled before, tried again.

    It is about the batch's latest run. What is classified stays as it is.
    """
    from newsgate.console.wait_for_batch import wait_and_tell
    from newsgate.tasks.classifying.reclassify import requeue_batch

    with opened() as (settings, database):
        status, again = requeue_batch(batch, settings=settings, database=database)
        if not again.failed_rows and not again.cancelled_rows:
            tell(f"batch {batch} is {status.state}: no row of it has failed or was cancelled")
        else:
            tell(f"batch {batch} is {status.state}: {_again(again.failed_rows, again.cancelled_rows)} are tried again")
        failed = wait_and_tell(database, batch, model=status.model).failed if wait else 0
    if failed:
        raise SystemExit(EXIT_SOME_ROWS_BAD)


def _pair(models: str) -> tuple[int, int]:
    numbers = [number for each in models.split(",") if (number := MODEL.parse(each)) is not None]
    if len(numbers) != 2 or models.count(",") != 1:
        raise WrongUsageError(f"--models cannot be {models!r}", remedy="Give two numbers, for example --models 1,2")
    return numbers[0], numbers[1]


def _again(failed_rows: int, cancelled_rows: int) -> str:
    parts = [
        f"{count} {what} rows" for count, what in ((failed_rows, "failed"), (cancelled_rows, "cancelled")) if count
    ]
    return " and ".join(parts)


def _figures(report: FlipReport) -> dict[str, Any]:
    document = asdict(report)
    return {
        **{key: document[key] for key in ("batch", "before", "after")},
        **document["counts"],
        "surest": document["surest"],
    }


def _print_report(report: FlipReport) -> None:
    counts = report.counts
    headers = ("rows", "real to fake", "fake to real", "labels differ", "mean change of p_fake")
    changed = counts.real_to_fake + counts.fake_to_real
    differ = f"{changed / counts.compared:.2%}" if counts.compared else ""
    mean = "" if counts.mean_change is None else f"{counts.mean_change:.4f}"
    tell(f"batch {report.batch}: model {report.after} beside model {report.before}")
    print_table(
        headers, [(counts.compared, counts.real_to_fake, counts.fake_to_real, differ, mean)], right=frozenset(headers)
    )
    for count, what in ((counts.newly_failed, report.after), (counts.no_longer_failed, report.before)):
        if count:
            tell(f"model {what} alone failed on {count} rows")
    if report.surest:
        click.echo()
        _print_flips(report)


def _print_flips(report: FlipReport) -> None:
    headers = ("row", f"model {report.before}", "p_fake", f"model {report.after}", "p_fake", "text")
    rows = [
        (
            each.row,
            each.before,
            f"{each.p_before:.3f}",
            each.after,
            f"{each.p_after:.3f}",
            one_line(each.text, most_chars=_TEXT_CHARS),
        )
        for each in report.surest
    ]
    print_table(headers, rows, right=frozenset({"row", "p_fake"}))
