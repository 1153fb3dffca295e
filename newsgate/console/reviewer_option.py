"""The option --by: whose judgement a label is."""

from __future__ import annotations

import click

from newsgate.console.parameter_types import UTF8_TEXT, is_utf8
from newsgate.foundation.errors import WrongUsageError

reviewer_option = click.option(
    "--by", type=UTF8_TEXT, metavar="NAME", help="Whose judgement it is. [default: your user name]"
)


def reviewer_name(by: str | None) -> str:
    """Return the name given, or the user's. Raises WrongUsageError where there is none."""
    import getpass

    if by is None:
        try:
            by = getpass.getuser()
        except (KeyError, OSError) as error:
            raise WrongUsageError("this user has no name", remedy="Name yourself with --by") from error
        if not is_utf8(by):
            raise WrongUsageError("this user's name is not UTF-8", remedy="Name yourself with --by")
    if not by.strip():
        raise WrongUsageError("a judgement needs a name", remedy="Name yourself with --by")
    return by.strip()
