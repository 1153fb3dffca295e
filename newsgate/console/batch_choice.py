"""How a command is given a batch: by its number, by its name, or as `latest`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

import click

from newsgate.console.messages import print_message
from newsgate.console.parameter_types import BATCH_NUMBER
from newsgate.console.settings_and_database import settings_and_database
from newsgate.foundation.errors import NewsgateError, WrongUsageError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem
    from sqlalchemy import Connection

    from newsgate.db.batch_names import NamedBatch

LATEST: Final = "latest"
_NUMBER = re.compile(r"\s*[+-]?\d+\s*")
_SHOWN = 10
# Names among which a mistyped one is looked for, and which a shell completes.
_RECENT = 500


class NoSuchNameError(NewsgateError):
    """No batch is called like that."""


class SeveralBatchesError(WrongUsageError):
    """A name that several batches have was given to a command that changes one of them."""


class BatchChoice(click.ParamType[int]):
    """The number of a batch, from its number, its name, the path of its file, or `latest`.

    changes: whether the command changes the batch. Then a name that several have is an error; else the newest is meant.
    """

    name = "batch"

    def __init__(self, *, changes: bool) -> None:
        self.changes = changes

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number; a number is not looked up. Raises NoSuchNameError, SeveralBatchesError, DatabaseError."""
        if isinstance(value, int) or _NUMBER.fullmatch(value):
            number: int = BATCH_NUMBER.convert(value, param, ctx)
            return number
        with settings_and_database() as (_, database), database.read() as connection:
            return find_batch(connection, value, changes=self.changes)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The names of recent batches that begin so."""
        from click.shell_completion import CompletionItem

        from newsgate.db.batch_names import recent_names

        try:
            with settings_and_database() as (_, database), database.read() as connection:
                names = recent_names(connection, limit=_RECENT)
        except NewsgateError:
            # Nobody can read a message while a shell completes.
            return []
        return [CompletionItem(name) for name in (*names, LATEST) if name.startswith(incomplete)]


# Of a command that reads, and of one that changes the batch.
BATCH: Final = BatchChoice(changes=False)
BATCH_TO_CHANGE: Final = BatchChoice(changes=True)


def find_batch(connection: Connection, name: str, *, changes: bool) -> int:
    """The batch that a person means by a name. Raises NoSuchNameError, SeveralBatchesError.

    Where several have it, the newest is meant, which is said; if the command changes it, nothing is.
    """
    from newsgate.db.batch_names import batches_called, latest_batch
    from newsgate.tasks.reading import storable

    if name == LATEST and (latest := latest_batch(connection)) is not None:
        return latest
    # A shell completes the paths of files, and a batch is called as its file is, without the folder.
    for called in dict.fromkeys((storable(name), storable(PurePath(name).name))):
        found = batches_called(connection, called)
        if not changes:
            # What is purged is read only by who asks for it.
            found = [each for each in found if not each.is_purged] or found
        if len(found) > 1:
            _tell_several(called, found, changes=changes)
        if found:
            return found[0].batch
    raise _no_such_name(connection, storable(name))


def _tell_several(name: str, found: Sequence[NamedBatch], *, changes: bool) -> None:
    shown = [f"{each.batch} ({each.created_at:%Y-%m-%d %H:%M}, {each.rows} rows)" for each in found[:_SHOWN]]
    if len(found) > _SHOWN:
        shown.append(f"and {len(found) - _SHOWN} more")
    listed = f"{len(found)} batches are called {name!r}: {', '.join(shown)}"
    if changes:
        raise SeveralBatchesError(listed, remedy="Give the number of the one that you mean")
    print_message(f"note: {listed}. The newest is taken, {found[0].batch}")


def _no_such_name(connection: Connection, name: str) -> NoSuchNameError:
    from newsgate.db.batch_names import recent_names

    names = recent_names(connection, limit=_RECENT)
    if not names:
        return NoSuchNameError("there are no batches yet", remedy="`enqueue FILE` makes one")
    close = difflib.get_close_matches(name, names, n=1)
    meant = f"Is it {close[0]!r}? " if close else ""
    return NoSuchNameError(f"no batch is called {name!r}", remedy=f"{meant}`newsgate status` lists them")
