"""Looks at this machine: libraries, the home folder, room on the disk, the compiled code."""

from __future__ import annotations

import os
import platform
import shutil
import stat
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from newsgate import __version__
from newsgate.db.session import sqlite_driver, wal_is_safe
from newsgate.foundation.installation import install_command, wheel_platform
from newsgate.tasks.inspecting.doctor.check import Check, State, major_and_minor
from newsgate.tasks.inspecting.doctor.database import sqlite_file
from newsgate.tasks.running.local_system import is_up
from newsgate.worker.settings import Settings

_LIBRARIES = ("celery", "kombu", "redis", "sqlalchemy", "numpy")


_CELERY_BROKEN_FROM = (5, 7)


_MEBIBYTE = 1024 * 1024


_LITTLE_DISK_BYTES = 1024 * _MEBIBYTE


_NO_DISK_BYTES = 50 * _MEBIBYTE


def look_at_versions() -> Iterator[Check]:
    """Yield what newsgate, its libraries and SQLite are."""
    yield Check("newsgate", "ok", f"{__version__}, Python {platform.python_version()}")
    installed = {name: _version(name) for name in _LIBRARIES}
    shown = ", ".join(f"{name} {version or 'missing'}" for name, version in installed.items())
    if None in installed.values():
        yield Check("libraries", "FAILED", shown, "Install newsgate again: pip install newsgate")
    elif major_and_minor(installed["celery"] or "") >= _CELERY_BROKEN_FROM:
        yield Check("libraries", "warning", f"{shown}: workers of this Celery end with their broker", "Use Celery 5.6")
    else:
        yield Check("libraries", "ok", shown)
    driver = sqlite_driver()
    if wal_is_safe(driver.sqlite_version_info):
        yield Check("sqlite", "ok", f"{driver.sqlite_version} ({driver.__name__.split('.')[0]}), its WAL is safe")
    else:
        detail = f"{driver.sqlite_version}: its WAL can be corrupted, so a slower journal is used"
        yield Check("sqlite", "warning", detail, "pip install pysqlite3")


def look_at_home(settings: Settings) -> Iterator[Check]:
    """Yield whether the home folder can be used, and by whom."""
    home = settings.home
    if not home.exists():
        if os.access(_existing(home), os.W_OK | os.X_OK):
            yield Check("home", "ok", f"{home} is not there yet; the first command makes it")
        else:
            yield Check("home", "FAILED", f"{home} is not there and cannot be made", "Set NEWSGATE_HOME to another")
        return
    status = home.stat()
    mode = stat.S_IMODE(status.st_mode)
    if not home.is_dir() or not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        yield Check("home", "FAILED", f"{home} cannot be written to", "Set NEWSGATE_HOME to another folder")
    elif status.st_uid != os.getuid():
        yield Check("home", "warning", f"{home} belongs to another user", f"chown {os.getuid()} {home}")
    elif mode & 0o077:
        yield Check("home", "warning", f"{home} is open to other users (mode {mode:04o})", f"chmod 700 {home}")
    else:
        yield Check("home", "ok", f"{home} (mode {mode:04o})")
    file = sqlite_file(settings)
    if file and file.exists() and stat.S_IMODE(file.stat().st_mode) & 0o077:
        yield Check("home", "warning", f"{file} can be read by other users", f"chmod 600 {file}")


def look_at_disk(settings: Settings) -> Iterator[Check]:
    """Yield how much room the folders of home and database have."""
    file = sqlite_file(settings)
    folders = {_existing(settings.home)} | ({_existing(file.parent)} if file else set())
    for folder in sorted(folders):
        free = shutil.disk_usage(folder).free
        detail = f"{free / _MEBIBYTE:,.0f} MiB free at {folder}"
        if free < _LITTLE_DISK_BYTES:
            yield Check("disk", "FAILED" if free < _NO_DISK_BYTES else "warning", detail, "Make room")
        else:
            yield Check("disk", "ok", detail)


def look_at_compiled_code(settings: Settings) -> Iterator[Check]:
    """Yield whether the C code is there, and for which processor."""
    # It reads arrays with NumPy, which most commands do without.
    from newsgate.model.native.library import VARIANT_NAMES, native_library

    library = native_library()
    if library is not None:
        best = [VARIANT_NAMES[variants[0]] for variants in (library.variants, library.int8_variants) if variants]
        processor = ", in whole numbers for ".join(name.removesuffix(" in whole numbers") for name in best)
        made_for = wheel_platform()
        origin = f"shipped in the wheel for {made_for}" if made_for else "compiled here"
        yield Check("compiled code", "ok", f"the LSTM and the tokenizer in C, for {processor}; {origin}")
        return
    state: State = "FAILED" if settings.runtime in ("native", "native-int8") else "warning"
    yield Check(
        "compiled code",
        state,
        "not built here: NumPy and Python classify, about half as fast",
        "Install newsgate again where there is a C compiler",
    )


def look_at_worker(settings: Settings) -> Check:
    """Say whether the system runs here, and whether its runtime could."""
    if settings.runtime == "keras" and find_spec("tensorflow") is None:
        return Check("worker", "FAILED", "runtime keras needs TensorFlow", install_command("training"))
    if is_up(settings):
        return Check("worker", "ok", "`newsgate up` runs here")
    return Check("worker", "ok", "`newsgate up` does not run here")


def _existing(folder: Path) -> Path:
    return next(each for each in (folder, *folder.parents) if each.exists())


def _version(library: str) -> str | None:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None
