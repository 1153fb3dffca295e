"""`newsgate man`: the help of both programs as pages for `man`."""

from __future__ import annotations

import click

from newsgate.console.error_reporting import ErrorReportingCommand, ErrorReportingGroup
from newsgate.console.messages import print_message
from newsgate.foundation.errors import WrongUsageError


@click.group("man", cls=ErrorReportingGroup)
def man() -> None:
    """Let `man newsgate` and `man newsgate-status` show what --help says.

    \b
    Example:
      newsgate man install
    """


@click.command("install", cls=ErrorReportingCommand)
def install() -> None:
    """Write a page for each command into ~/.local/share/man, and say whether `man` looks there.

    Do it again after an upgrade.

    \b
    Example:
      newsgate man install
    """
    from newsgate.console import man_files

    installed = man_files.install(_pages())
    print_message(f"{installed.pages} pages are written into {installed.folder}")
    if installed.is_found is None:
        print_message("there is no program `man` here to show them")
    elif installed.is_found:
        print_message("type: man newsgate")
    else:
        print_message("`man` does not look there yet. Put this line into ~/.bashrc or ~/.zshrc:")
        print_message(f'export MANPATH="{installed.folder.parent}:$MANPATH"')


@click.command("show", cls=ErrorReportingCommand)
@click.argument("words", nargs=-1, metavar="[COMMAND]...")
def show(words: tuple[str, ...]) -> None:
    """Print the page of a command, as `man` reads it.

    \b
    Examples:
      newsgate man show status > newsgate-status.1
      newsgate man show models promote
    """
    pages = _pages()
    name = "-".join(words) if words[:1] == ("enqueue",) else "-".join(("newsgate", *words))
    if name not in pages:
        raise WrongUsageError(f"there is no command {' '.join(words)!r}", remedy="`newsgate --help` lists the commands")
    click.echo(pages[name], nl=False)


man.add_command(install)
man.add_command(show)


def _pages() -> dict[str, str]:
    # Both know this command.
    from newsgate.console.man_pages import man_pages
    from newsgate.enqueue import enqueue
    from newsgate.main import newsgate

    return man_pages({"newsgate": newsgate, "enqueue": enqueue})
