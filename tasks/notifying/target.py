"""Where a notification goes: an address to post to, or the command that the workers are set up with."""

from __future__ import annotations

from urllib.parse import urlsplit

from newsgate.db.notifications import COMMAND
from newsgate.foundation.errors import WrongUsageError


def check_target(target: str) -> str:
    """The target, if it can be one. Raises WrongUsageError."""
    if target == COMMAND:
        return target
    try:
        parts = urlsplit(target)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or not target.isascii() or any(each.isspace() for each in target):
        raise WrongUsageError(
            "nobody can be notified there",
            where="--notify",
            remedy="Write an address such as https://hooks.example.org/done, or `command`",
        )
    if parts.username is not None or parts.password is not None:
        raise WrongUsageError(
            "an address with a password in it would be shown to whoever reads the database",
            where="--notify",
            remedy="Set NEWSGATE_NOTIFY_SECRET for the workers: they sign what they send",
        )
    return target


def display_target(target: str) -> str:
    """The target without its path, which may be all that keeps others from posting there."""
    return "the command" if target == COMMAND else place_of(target)


def place_of(target: str) -> str:
    """What several targets have in common: the address without its path; the command is a place of its own."""
    if target == COMMAND:
        return target
    parts = urlsplit(target)
    return f"{parts.scheme}://{parts.netloc}"
