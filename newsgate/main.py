"""The program `newsgate`: everything but the one verb that has a program of its own."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from importlib import import_module

import click

from newsgate import __version__
from newsgate.console.error_reporting import ErrorReportingGroup
from newsgate.console.help_settings import HELP_SETTINGS
from newsgate.foundation.process_end import collect_seldom, end_quickly
from newsgate.foundation.standard_streams import open_missing_streams, write_every_character

# In the order in which a person meets them.
_COMMANDS = (
    "classify",
    "up",
    "enqueue",
    "inspect",
    "status",
    "results",
    "rejects",
    "report",
    "explain",
    "why",
    "pause",
    "resume",
    "priority",
    "cancel",
    "requeue",
    "reclassify",
    "flips",
    "label",
    "labels",
    "review",
    "train",
    "evaluate",
    "models",
    "promote",
    "rollback",
    "retrain",
    "shadow",
    "web",
    "workers",
    "health",
    "worker",
    "trainer",
    "beat",
    "migrate",
    "backup",
    "purge",
    "audit",
    "config",
    "doctor",
    "completion",
    "man",
)


class _Commands(MutableMapping[str, click.Command]):
    """The commands by their names; each is loaded when it is asked for, for a person runs one of them."""

    def __init__(self) -> None:
        self._loaded: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        if name not in _COMMANDS:
            raise KeyError(name)
        if name not in self._loaded:
            home = "newsgate.enqueue" if name == "enqueue" else f"newsgate.commands.{name}"
            self._loaded[name] = getattr(import_module(home), name)
        return self._loaded[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        raise TypeError("a command is a file in newsgate/commands/ and a name in _COMMANDS")

    def __delitem__(self, name: str) -> None:
        raise TypeError("no command is taken away")

    def __iter__(self) -> Iterator[str]:
        return iter(_COMMANDS)

    def __len__(self) -> int:
        return len(_COMMANDS)


class _OrderedGroup(ErrorReportingGroup):
    """Lists commands in the order a person meets them, not by the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=_OrderedGroup, commands=_Commands(), context_settings=HELP_SETTINGS)
@click.version_option(__version__)
def newsgate() -> None:
    """Which of these texts are fake, and which are real?

    `newsgate classify FILE` does everything in one command. `newsgate up` keeps the system running, and
    `enqueue FILE` gives it work. Settings: docs/settings.md.

    \b
    Examples:
      newsgate classify posts.csv
      newsgate results latest --label fake
    """


def main() -> None:
    """The entry point of the program `newsgate`."""
    open_missing_streams()
    write_every_character()
    collect_seldom()
    end_quickly()
    newsgate(prog_name="newsgate")
