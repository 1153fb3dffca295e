"""Where the pages for `man` are put, and whether `man` looks there."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from newsgate.console.man_pages import MARK
from newsgate.console.user_folders import data_folder
from newsgate.foundation.atomic_file import whole_file
from newsgate.foundation.errors import NewsgateError

_ANSWER_SECONDS = 10


class ManPageFileError(NewsgateError):
    """A page for `man` cannot be written."""


@dataclass(frozen=True, slots=True)
class InstalledPages:
    """What was written. is_found: whether `man` looks in that folder; None where there is no `man`."""

    folder: Path
    pages: int
    is_found: bool | None


def install(pages: Mapping[str, str]) -> InstalledPages:
    """Write the pages where a person's own are, and take away those that an older newsgate had more.

    Raises ManPageFileError.
    """
    root = data_folder() / "man"
    folder = root / "man1"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, page in pages.items():
            with whole_file(folder / f"{name}.1") as file:
                file.write(page.encode())
        for old in [*folder.glob("newsgate-*.1"), *folder.glob("enqueue*.1")]:
            if old.stem not in pages and old.read_bytes().startswith(MARK.encode()):
                old.unlink()
    except OSError as error:
        raise ManPageFileError(
            f"it cannot be written ({error.strerror})",
            where=error.filename,
            remedy="Allow it, or use `newsgate man show`",
        ) from error
    return InstalledPages(folder, len(pages), _is_found(root))


def _is_found(root: Path) -> bool | None:
    if shutil.which("man") is None:
        return None
    manpath = shutil.which("manpath")
    if manpath is None:
        return False
    done = subprocess.run([manpath, "-q"], capture_output=True, text=True, timeout=_ANSWER_SECONDS, check=False)
    return str(root) in done.stdout.strip().split(":")
