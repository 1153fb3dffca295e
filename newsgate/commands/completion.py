"""`newsgate completion`: what makes a shell complete commands, options, batches and files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from newsgate.console.error_reporting import ErrorReportingCommand, ErrorReportingGroup
from newsgate.console.messages import print_message

if TYPE_CHECKING:
    from newsgate.console.completion_files import Shell

_SHELL = click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]), required=False)


@click.group("completion", cls=ErrorReportingGroup)
def completion() -> None:
    """Let your shell complete `newsgate` and `enqueue`: commands, options, names of batches, files.

    \b
    Example:
      newsgate completion install
    """


@click.command("install", cls=ErrorReportingCommand)
@_SHELL
def install(shell: Shell | None) -> None:
    """Install it for SHELL, by default for the one that you use, and say what was written.

    For bash and zsh a line in .bashrc or .zshrc reads a file with the completions; fish finds them by itself. New
    terminals have it. Do it again after an upgrade.

    \b
    Examples:
      newsgate completion install
      newsgate completion install zsh
    """
    from newsgate.console import completion_files

    chosen = shell or completion_files.shell_of_person()
    installed = completion_files.install(chosen, _programs())
    for path in installed.scripts:
        print_message(f"{path} is written")
    if installed.start_file is not None:
        print_message(f"{installed.start_file} reads it")
    print_message(f"open a new {chosen}, and type: newsgate <TAB>")


@click.command("show", cls=ErrorReportingCommand)
@_SHELL
def show(shell: Shell | None) -> None:
    """Print what `install` writes for SHELL, to be put elsewhere.

    \b
    Example:
      newsgate completion show bash > newsgate.bash
    """
    from newsgate.console import completion_files

    chosen = shell or completion_files.shell_of_person()
    click.echo(completion_files.script_for(chosen, _programs()), nl=False)


completion.add_command(install)
completion.add_command(show)


def _programs() -> dict[str, click.Command]:
    # Both know this command.
    from newsgate.enqueue import enqueue
    from newsgate.main import newsgate

    return {"newsgate": newsgate, "enqueue": enqueue}
