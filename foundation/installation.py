"""How this newsgate was installed, and what installs the rest of it beside it."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


def install_command(extra: str) -> str:
    """The command that adds the libraries of one of newsgate's extras to this installation.

    From an index it is pip with the extra's name. A checkout, or a wheel that somebody made, is no package of that name
    on any index, so there pip is told where it is; and the pip of a checkout's own `.venv` may not be on PATH.
    """
    origin = _origin()
    url = str(origin.get("url", ""))
    if not url:
        return f"pip install 'newsgate[{extra}]'"
    path = unquote(urlsplit(url).path)
    if url.startswith("file:") and not Path(path).exists():
        return f"pip install 'newsgate[{extra}]'"
    if "dir_info" in origin:
        editable = "-e " if origin["dir_info"].get("editable") else ""
        wanted = f"{editable}{shlex.quote(f'{path}[{extra}]')}"
    else:
        commit = origin.get("vcs_info", {}).get("commit_id")
        source = f"{origin['vcs_info']['vcs']}+{url}@{commit}" if commit else url
        wanted = shlex.quote(f"newsgate[{extra}] @ {source}")
    return f"{shlex.quote(sys.executable)} -m pip install {wanted}"


def wheel_platform() -> str | None:
    """For which machines the wheel was made that newsgate was installed from, such as manylinux_2_28_x86_64.

    None where it is for every machine, for this one alone, or where nobody knows.
    """
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        told = distribution("newsgate").read_text("WHEEL") or ""
    except (PackageNotFoundError, OSError):
        return None
    platforms = [line.rpartition("-")[2].strip() for line in told.splitlines() if line.startswith("Tag:")]
    return next((each for each in platforms if each.startswith(("manylinux", "musllinux"))), None)


def _origin() -> dict[str, Any]:
    """Where pip got newsgate from, if it was not an index: https://packaging.python.org/specifications/direct-url."""
    # Not with this module: only errors need it, and it takes as long to import as a small command runs.
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        told = distribution("newsgate").read_text("direct_url.json")
        found = json.loads(told) if told else {}
    except (PackageNotFoundError, OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
