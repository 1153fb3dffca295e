"""What changed between the verdicts of two models: how many rows either way, and the surest of them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from newsgate.console.console_table import one_line, print_table
from newsgate.console.messages import print_message
from newsgate.console.parameter_types import ROW_COUNT

if TYPE_CHECKING:
    from newsgate.tasks.classifying.reclassify import FlipReport

_TEXT_CHARS = 60
_FLIPS_SHOWN = 10

flips_option = click.option(
    "--flips",
    type=ROW_COUNT,
    default=_FLIPS_SHOWN,
    show_default=True,
    metavar="N",
    help="How many of the changed rows to show, the surest first.",
)


def flip_figures(report: FlipReport) -> dict[str, Any]:
    """Return the report as JSON values."""
    document = asdict(report)
    return {
        **{key: document[key] for key in ("batch", "before", "after")},
        **document["counts"],
        "surest": document["surest"],
    }


def print_flip_report(report: FlipReport) -> None:
    """Print the counts, and the rows whose label changed the surest."""
    counts = report.counts
    headers = ("rows", "real to fake", "fake to real", "labels differ", "mean change of p_fake")
    changed = counts.real_to_fake + counts.fake_to_real
    differ = f"{changed / counts.compared:.2%}" if counts.compared else ""
    mean = "" if counts.mean_change is None else f"{counts.mean_change:.4f}"
    print_message(f"batch {report.batch}: model {report.after} beside model {report.before}")
    print_table(
        headers,
        [(counts.compared, counts.real_to_fake, counts.fake_to_real, differ, mean)],
        right_aligned=frozenset(headers),
    )
    for count, what in ((counts.newly_failed, report.after), (counts.no_longer_failed, report.before)):
        if count:
            print_message(f"model {what} alone failed on {count} rows")
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
    print_table(headers, rows, right_aligned=frozenset({"row", "p_fake"}))
