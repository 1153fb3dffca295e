"""What may be meant by a mistyped command or option: one line, with the command to type."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import IO, Any, Final

import click

from newsgate.foundation.printable_text import printable

_TYPED: Final = "newsgate.typed"


class MistypedError(click.ClickException):
    """A command or an option that does not exist, where it is clear which one is meant."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        """Print one line: what to type is said in it, so the usage would only hide it."""
        click.echo(printable(f"Error: {self.format_message()}"), file=file, err=file is None)


def remember_typed(ctx: click.Context, typed: Sequence[str]) -> None:
    """Keep what a person typed beside the context of the program, for the line that corrects it."""
    ctx.meta[_TYPED] = tuple(typed)


def typed_of(ctx: click.Context) -> tuple[str, ...]:
    """What `remember_typed` has kept; nothing where it has kept nothing."""
    typed: tuple[str, ...] = ctx.meta.get(_TYPED, ())
    return typed


def corrected(error: click.UsageError, typed: Sequence[str]) -> click.ClickException:
    """The error with what may be meant; `error` itself where nothing is near, or it is of another kind.

    typed: the whole command line, the program's name first.
    """
    if isinstance(error, click.NoSuchOption):
        # Click says them too, where no line is made of them.
        meant = _meant_options(error)
        error = click.NoSuchOption(error.option_name, possibilities=meant, ctx=error.ctx)
        wrong, right = error.option_name, meant[0] if meant else None
    elif isinstance(error, click.NoSuchCommand):
        wrong, right = error.command_name, _meant_command(error)
    else:
        return error
    line = _with_right_word(typed, wrong, right) if right else None
    if line is None:
        return error
    return MistypedError(f"{error.message} Did you mean {right!r}? Type: {line}")


def _meant_options(error: click.NoSuchOption) -> list[str]:
    """The options that are near, the nearest first; Click compares their hyphens too, which all of them have."""
    if error.option_name == "--json" and error.ctx is not None:
        # Some commands write many formats, and the others one.
        choices = [each.type for each in error.ctx.command.params if "--format" in each.opts]
        if any(isinstance(each, click.Choice) and "json" in each.choices for each in choices):
            return ["--format json"]
    # Nobody needs it who types no wrong word.
    from difflib import get_close_matches

    names = {option.lstrip("-"): option for option in error.possibilities or ()}
    return [names[near] for near in get_close_matches(error.option_name.lstrip("-"), names)]


def _meant_command(error: click.NoSuchCommand) -> str | None:
    """The command of that very name in a group below, where there is only one; else the nearest of this group."""
    group = error.ctx.command if error.ctx else None
    if not isinstance(group, click.Group):
        return None
    below = [
        name
        for name, command in group.commands.items()
        if isinstance(command, click.Group) and error.command_name in command.commands
    ]
    if len(below) == 1:
        return f"{below[0]} {error.command_name}"
    # Nobody needs it who types no wrong word.
    from difflib import get_close_matches

    near = get_close_matches(error.command_name, group.commands, n=1)
    return near[0] if near else None


def _with_right_word(typed: Sequence[str], wrong: str, right: str) -> str | None:
    words = list(typed)
    for place, word in enumerate(words[1:], start=1):
        name, equals, value = word.partition("=")
        if word == wrong:
            words[place : place + 1] = right.split()
            return shlex.join(words)
        if name == wrong and equals:
            words[place] = f"{right}={value}"
            return shlex.join(words)
    return None
