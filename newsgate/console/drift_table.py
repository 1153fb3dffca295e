"""What `newsgate status --drift` prints."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from newsgate.console.console_table import print_table
from newsgate.console.messages import print_message, print_warning
from newsgate.console.settings_and_database import settings_and_database

if TYPE_CHECKING:
    from newsgate.tasks.inspecting.drift import DriftDay

_HEADERS = ("day", "model", "rows", "fake", "trained", "majority", "unknown", "trained", "distance", "p", "")


def print_drift(*, days: int, as_json: bool) -> None:
    """Print a line for each day and model of the last `days` days, newest first."""
    from newsgate.tasks.inspecting.drift import SIGNIFICANT, damaged_references, find_drift

    with settings_and_database() as (_, database):
        found = find_drift(database, days=days)
        damaged = damaged_references(database, {each.model for each in found})
    for model in damaged:
        print_warning(
            f"the reference in model {model}'s metadata is damaged and left out; a model that you train again has one"
        )
    if as_json:
        for each in found:
            click.echo(json.dumps({**asdict(each), "day": each.day.isoformat(), "drifted": each.drifted}))
        return
    if not found:
        print_message(f"no row was classified in the last {days} days")
        return
    print_table(_HEADERS, [_line(each) for each in found], right_aligned=frozenset(_HEADERS[1:-1]))
    without = sorted({each.model for each in found if each.distance is None})
    for model in sorted(set(without) - set(damaged)):
        print_message(f"model {model} has no reference: it was made before newsgate recorded one")
    drifted = sum(bool(each.drifted) for each in found)
    if len(without) < len({each.model for each in found}):
        print_message(
            f"{drifted} of {len(found)} lines differ from the training by more than chance explains "
            f"(chi-square, p below {SIGNIFICANT} after Bonferroni); docs/drift.md says what that means"
        )


def _line(day: DriftDay) -> tuple[object, ...]:
    return (
        day.day,
        day.model,
        day.rows,
        _percent(day.share_fake),
        _percent(day.reference_share_fake),
        "" if day.share_majority is None else f"{day.majority} {_percent(day.share_majority)}",
        _percent(day.unknown_rate),
        _percent(day.reference_unknown_rate),
        "" if day.distance is None else f"{day.distance:.3f}",
        "no reference" if day.distance is None else "" if day.p_value is None else f"{day.p_value:.2g}",
        "drift" if day.drifted else "",
    )


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"
