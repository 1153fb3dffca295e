"""Several batches at once: options that say which are meant, and what is shown before anything is done to them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from newsgate.console.console_table import one_line
from newsgate.console.messages import print_message
from newsgate.console.parameter_types import UTF8_TEXT, WholeNumberRange
from newsgate.foundation.errors import WrongUsageError

if TYPE_CHECKING:
    from newsgate.db.batch_selection import BatchFilter
    from newsgate.db.session import Database

UNDER_WAY: Final = ("queued", "running", "paused")
OVER: Final = ("done", "cancelled")
MOST_DAYS: Final = 36_500
_NAME_CHARS = 60

Function = TypeVar("Function", bound=Callable[..., Any])


def batch_filter_options(
    states: Collection[str], *, with_age_and_consent: bool = True
) -> Callable[[Function], Function]:
    """Add --older-than, --state, --name and --yes. states: those that --state may name.

    with_age_and_consent: whether --older-than and --yes are added too; the command may have its own.
    """

    def add(function: Function) -> Function:
        if with_age_and_consent:
            function = click.option("--yes", is_flag=True, help="Do it; without, show which batches are meant.")(
                function
            )
        function = click.option(
            "--name",
            "pattern",
            type=UTF8_TEXT,
            metavar="PATTERN",
            help="Every batch of such a name; 'test-*' for several.",
        )(function)
        function = click.option(
            "--state",
            "states",
            type=click.Choice(list(states)),
            multiple=True,
            help="Every batch that is in this state.",
        )(function)
        if with_age_and_consent:
            function = click.option(
                "--older-than",
                "days",
                type=WholeNumberRange(1, MOST_DAYS),
                metavar="DAYS",
                help="Every batch that was enqueued more than DAYS days ago.",
            )(function)
        return function

    return add


def filter_of(asked: dict[str, Any]) -> BatchFilter:
    """What these options say together."""
    from newsgate.db.batch_selection import BatchFilter

    return BatchFilter(older_than_days=asked["days"], states=tuple(asked["states"]), name=asked["pattern"])


def chosen_batches(
    database: Database, batch: int | None, asked: dict[str, Any], *, verb: str, among: Collection[str]
) -> list[int]:
    """The batches to do it to: the one that is named, or those that the options say, once `--yes` stands there too.

    verb: what is done to them, as in "paused". among: the states in which there is something to do.
    Raises WrongUsageError where nothing is named, or both.
    """
    from newsgate.db.batch_selection import select_batches

    wanted = filter_of(asked)
    if (batch is None) == wanted.says_nothing:
        raise WrongUsageError(
            "which batch is meant is not said once", remedy="Give BATCH, or some of --older-than, --state and --name"
        )
    if batch is not None:
        return [batch]
    with database.read() as connection:
        found = select_batches(connection, wanted, among=among)
    if not found:
        print_message("no such batch is there")
    elif not asked["yes"]:
        for each in found:
            finished = each.done + each.failed
            name = one_line(each.name, most_chars=_NAME_CHARS)
            print_message(f"batch {each.batch} {name} is {each.state}: {finished} of {each.total} rows have a verdict")
        count = "1 batch" if len(found) == 1 else f"{len(found)} batches"
        print_message(f"nothing is done yet: with --yes, {count} would be {verb}")
        return []
    return [each.batch for each in found]
