"""Libraries that newsgate uses where they are installed, and asks for where they are not."""

from __future__ import annotations

import importlib
from typing import Any, Final

from newsgate.foundation.errors import NewsgateError

_BROUGHT_BY: Final = {"pyarrow.parquet": "'newsgate[files]'", "pyarrow": "'newsgate[files]'", "pandas": "pandas"}


class NotInstalledError(NewsgateError):
    """A library that a form of table needs is not installed."""

    def __init__(self, library: str) -> None:
        super().__init__(f"{library} is not installed", remedy=f"Run: pip install {_BROUGHT_BY[library]}")
        self.library = library


def import_library(name: str) -> Any:
    """The library, imported now and not with newsgate. Raises NotInstalledError."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise NotInstalledError(name) from error
