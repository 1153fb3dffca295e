"""The folders that a person's own programs keep files in, as the XDG standard names them."""

from __future__ import annotations

import os
from pathlib import Path


def data_folder() -> Path:
    """Where programs keep files that are no settings: ~/.local/share unless XDG_DATA_HOME says another."""
    return _folder("XDG_DATA_HOME", ".local/share")


def config_folder() -> Path:
    """Where programs keep their settings: ~/.config unless XDG_CONFIG_HOME says another."""
    return _folder("XDG_CONFIG_HOME", ".config")


def _folder(variable: str, default: str) -> Path:
    # As the standard says, a path that is not absolute counts for nothing.
    said = os.environ.get(variable, "")
    return Path(said) if said.startswith("/") else Path.home() / default
