"""The home folder that takes nothing: what is wrong with it, in one line."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from newsgate.foundation.errors import NewsgateError
from newsgate.worker.settings import Settings

_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
_IN_THE_WAY: Final = frozenset({errno.EEXIST, errno.ENOTDIR, errno.EISDIR})


class HomeFolderError(NewsgateError):
    """Something in the home folder cannot be made or written."""


@contextmanager
def home_errors(settings: Settings) -> Iterator[None]:
    """Tell what cannot be made or written in the home folder within the block as a HomeFolderError."""
    try:
        yield
    except OSError as error:
        # A full disk is met at a write, which knows no name.
        where = str(error.filename or settings.home)
        raise HomeFolderError(f"it cannot be written: {error.strerror}", where=where, remedy=_remedy(error)) from error


def _remedy(error: OSError) -> str:
    if error.errno in _NO_ROOM:
        return "Make room there, or set NEWSGATE_HOME to a folder on another disk"
    if error.errno in _IN_THE_WAY:
        return "Remove what stands in its place, or set NEWSGATE_HOME to another folder"
    return "Let this user write there, or set NEWSGATE_HOME to another folder"
