"""Libraries that newsgate uses where they are installed, and asks for where they are not."""

from __future__ import annotations

import importlib
import shlex
import sys
from typing import Any

from newsgate.foundation.errors import NewsgateError
from newsgate.foundation.installation import install_command


class NotInstalledError(NewsgateError):
    """A library that a form of table needs is not installed."""

    def __init__(self, library: str) -> None:
        # None of newsgate's extras has pandas: whoever wants its tables has it, as a rule.
        by_pip = f"{shlex.quote(sys.executable)} -m pip install {library}"
        command = install_command("files") if library == "pyarrow" else by_pip
        super().__init__(f"{library} is not installed", remedy=f"Run: {command}")
        self.library = library


def import_library(name: str) -> Any:
    """The library, or a part of it, imported now and not with newsgate. Raises NotInstalledError."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise NotInstalledError(name.partition(".")[0]) from error
