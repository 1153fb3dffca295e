"""Looks at the set-up the way a person would who has to mend it: every part by itself, whatever the others do.

Nothing is changed and nothing is made: a database that is not there yet stays so.
"""

from __future__ import annotations

import os
import platform
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import select, text

from newsgate.db.errors import DamagedModelError
from newsgate.db.models import champion_number, list_models, read_bundle_bytes
from newsgate.db.schema import HEAD_REVISION, current_revision
from newsgate.db.session import Database, sqlite_driver, wal_is_safe
from newsgate.db.types import database_time
from newsgate.foundation.errors import NewsgateError
from newsgate.tasks.running.local_system import is_up
from newsgate.worker.embedded_redis import BrokerStartError, answers, find_server
from newsgate.worker.settings import Settings, load_settings, unknown_variables

State = Literal["ok", "warning", "FAILED"]

_LIBRARIES = ("celery", "kombu", "redis", "sqlalchemy", "numpy")
_CELERY_BROKEN_FROM = (5, 7)
_OLDEST_BROKER = (6, 2)
_MEBIBYTE = 1024 * 1024
_LITTLE_DISK_BYTES = 1024 * _MEBIBYTE
_NO_DISK_BYTES = 50 * _MEBIBYTE
_LARGE_SKEW_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Check:
    """What was found about one part; where something is to be done, what."""

    part: str
    state: State
    detail: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class Examination:
    """Every check, and the settings in force without their secrets (none where they cannot be read)."""

    checks: tuple[Check, ...]
    settings: Mapping[str, Any]

    @property
    def failed(self) -> int:
        """How many parts are broken."""
        return sum(check.state == "FAILED" for check in self.checks)


def examine() -> Examination:
    """Look at everything."""
    checks = [*_versions(), *_look("variables", _variables)]
    try:
        settings = load_settings()
    except NewsgateError as error:
        return Examination((*checks, _failure("settings", error)), {})
    in_force = settings_in_force(settings)
    checks.append(_changed_settings(in_force))
    looks = {"home": _home, "disk": _disk, "compiled code": _compiled, "database": _database, "broker": _broker}
    for part, look in looks.items():
        checks += _look(part, lambda look=look: look(settings))  # type: ignore[misc]
    checks.append(_running(settings))
    return Examination(tuple(checks), in_force)


def settings_in_force(settings: Settings) -> dict[str, Any]:
    """Each variable with its value, passwords left out."""
    values = {f"NEWSGATE_{name.upper()}": value for name, value in settings.model_dump(mode="json").items()}
    values["NEWSGATE_DATABASE_URL"] = _display_database_url(settings)
    values["NEWSGATE_BROKER_URL"] = "private" if settings.broker_is_private else settings.display_broker_url
    return values


def _look(part: str, look: Callable[[], Iterable[Check]]) -> list[Check]:
    """What a look finds; what it raises is a finding too, because the other parts still have to be looked at."""
    found: list[Check] = []
    try:
        found.extend(look())
    except NewsgateError as error:
        found.append(_failure(part, error))
    except Exception as error:  # noqa: BLE001 - nobody knows in which way a broken set-up is broken
        found.append(Check(part, "FAILED", f"{type(error).__name__}: {_first_line(error)}"))
    return found


def _failure(part: str, error: NewsgateError) -> Check:
    place = f"{error.where}: " if error.where else ""
    return Check(part, "FAILED", f"{place}{error.what}", error.remedy)


def _versions() -> Iterator[Check]:
    yield Check("newsgate", "ok", f"{metadata.version('newsgate')}, Python {platform.python_version()}")
    installed = {name: _version(name) for name in _LIBRARIES}
    shown = ", ".join(f"{name} {version or 'missing'}" for name, version in installed.items())
    if None in installed.values():
        yield Check("libraries", "FAILED", shown, "Install newsgate again: pip install newsgate")
    elif _numbers(installed["celery"] or "") >= _CELERY_BROKEN_FROM:
        yield Check("libraries", "warning", f"{shown}: workers of this Celery end with their broker", "Use Celery 5.6")
    else:
        yield Check("libraries", "ok", shown)
    driver = sqlite_driver()
    if wal_is_safe(driver.sqlite_version_info):
        yield Check("sqlite", "ok", f"{driver.sqlite_version} ({driver.__name__.split('.')[0]}), its WAL is safe")
    else:
        detail = f"{driver.sqlite_version}: its WAL can be corrupted, so a slower journal is used"
        yield Check("sqlite", "warning", detail, "pip install pysqlite3")


def _variables() -> Iterator[Check]:
    for name, meant in unknown_variables().items():
        remedy = f"{meant} may be meant" if meant else "docs/settings.md lists every setting"
        yield Check("variables", "warning", f"{name} is no setting and is ignored", remedy)


def _changed_settings(in_force: Mapping[str, Any]) -> Check:
    default = settings_in_force(Settings.model_construct())
    changed = [f"{name}={value}" for name, value in in_force.items() if value != default[name]]
    return Check("settings", "ok", ", ".join(changed) if changed else "all at their defaults")


def _home(settings: Settings) -> Iterator[Check]:
    home = settings.home
    if not home.exists():
        yield Check("home", "ok", f"{home} is not there yet; the first command makes it")
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
    file = _sqlite_file(settings)
    if file and file.exists() and stat.S_IMODE(file.stat().st_mode) & 0o077:
        yield Check("home", "warning", f"{file} can be read by other users", f"chmod 600 {file}")


def _disk(settings: Settings) -> Iterator[Check]:
    file = _sqlite_file(settings)
    folders = {_existing(settings.home)} | ({_existing(file.parent)} if file else set())
    for folder in sorted(folders):
        free = shutil.disk_usage(folder).free
        detail = f"{free / _MEBIBYTE:,.0f} MiB free at {folder}"
        if free < _LITTLE_DISK_BYTES:
            yield Check("disk", "FAILED" if free < _NO_DISK_BYTES else "warning", detail, "Make room")
        else:
            yield Check("disk", "ok", detail)


def _database(settings: Settings) -> Iterator[Check]:
    file = _sqlite_file(settings)
    if file and not file.exists():
        yield Check("database", "ok", f"{file} is not there yet; the first command makes it")
        return
    database = Database(settings.effective_database_url)
    try:
        yield _reachable(database)
        if database.is_sqlite:
            yield _quick_check(database)
        else:
            yield _clock(database)
        schema = _schema(database)
        yield schema
        if schema.state == "ok":
            yield from _bundles(database)
    finally:
        database.close()


def _reachable(database: Database) -> Check:
    with database.read() as connection:
        version = connection.execute(text("select 1")).scalar() and connection.dialect.server_version_info
    numbers = ".".join(str(part) for part in version or ())
    return Check("database", "ok", f"{database.display_url} answers ({database.engine.dialect.name} {numbers})")


def _quick_check(database: Database) -> Check:
    with database.read() as connection:
        found = connection.execute(text("pragma quick_check(1)")).scalar_one()
    if found == "ok":
        return Check("integrity", "ok", "quick_check finds nothing")
    return Check("integrity", "FAILED", f"the file is damaged: {found}", "Put a backup in its place")


def _clock(database: Database) -> Check:
    with database.read() as connection:
        before = datetime.now(UTC)
        told = connection.execute(select(database_time())).scalar_one()
        after = datetime.now(UTC)
    skew = (told - before - (after - before) / 2).total_seconds()
    detail = f"the database's is {skew:+.1f} s from this machine's"
    if abs(skew) > _LARGE_SKEW_SECONDS:
        return Check("clock", "warning", detail, "Let NTP set both; newsgate goes by the database's")
    return Check("clock", "ok", detail)


def _schema(database: Database) -> Check:
    current = current_revision(database)
    if current == HEAD_REVISION:
        return Check("schema", "ok", current)
    detail = f"at {current or 'none'}, this newsgate needs {HEAD_REVISION}"
    if (current or "") > HEAD_REVISION:
        return Check("schema", "FAILED", detail, "Install the newsgate that made it")
    return Check("schema", "warning" if database.is_sqlite else "FAILED", detail, "Run `newsgate migrate`")


def _bundles(database: Database) -> Iterator[Check]:
    with database.read() as connection:
        numbers = [each.number for each in list_models(connection)]
        damaged = []
        for number in numbers:
            try:
                read_bundle_bytes(connection, number)
            except DamagedModelError:
                damaged.append(number)
        champion = champion_number(connection)
    if damaged:
        names = ", ".join(str(number) for number in damaged)
        yield Check(
            "models", "FAILED", f"of model {names} the checksum differs", "Restore a backup, or promote another model"
        )
    elif champion is None:
        yield Check("models", "warning", "none is champion yet", "Run `newsgate migrate`")
    else:
        yield Check("models", "ok", f"{len(numbers)} match their checksums; model {champion} is champion")


def _broker(settings: Settings) -> Iterator[Check]:
    if settings.broker_is_private and not is_up(settings) and not answers(settings.broker_socket):
        try:
            yield Check("broker", "ok", f"private, not started; `newsgate up` starts {find_server()}")
        except BrokerStartError as error:
            yield _failure("broker", error)
        return
    if "ssl_cert_reqs=none" in settings.effective_broker_url.lower():
        yield Check("broker", "warning", "its certificate is not verified", "Leave ssl_cert_reqs=none out")
    for address in settings.effective_broker_url.split(";"):
        yield from _one_broker(settings, address)


def _one_broker(settings: Settings, address: str) -> Iterator[Check]:
    import redis

    name = settings.display_broker_url
    patience = settings.broker_timeout_seconds
    client = redis.Redis.from_url(
        address.replace("redis+socket://", "unix://"), socket_timeout=patience, socket_connect_timeout=patience
    )
    try:
        about: Mapping[str, Any] = client.info()
    except redis.exceptions.NoPermissionError:
        yield Check("broker", "warning", f"{name} answers, but this user may not ask its version", "ACL: allow +info")
        return
    except redis.AuthenticationError as error:
        yield Check("broker", "FAILED", f"{name}: {error}", "Check user and password in NEWSGATE_BROKER_URL")
        return
    except (redis.RedisError, OSError) as error:
        remedy = "Rows are safe meanwhile, and workers find them. Check that it runs and NEWSGATE_BROKER_URL is right"
        yield Check("broker", "FAILED", f"{name} does not answer: {_first_line(error)}", remedy)
        return
    finally:
        client.close()
    yield from _fitness(name, about)


def _fitness(name: str, about: Mapping[str, Any]) -> Iterator[Check]:
    version = str(about.get("redis_version", "0"))
    shown = f"valkey {about['valkey_version']}" if "valkey_version" in about else f"redis {version}"
    if _numbers(version) < _OLDEST_BROKER:
        yield Check("broker", "FAILED", f"{name} answers, but is {shown}", "Use Redis 6.2 or newer, or Valkey")
        return
    yield Check("broker", "ok", f"{name} answers ({shown})")
    policy = str(about.get("maxmemory_policy", "unknown"))
    if policy == "noeviction":
        yield Check("broker memory", "ok", "maxmemory-policy is noeviction")
    else:
        detail = f"maxmemory-policy is {policy}: messages may be dropped, and found again only by the sweeper"
        yield Check("broker memory", "warning", detail, "Set maxmemory-policy noeviction")


def _compiled(settings: Settings) -> Iterator[Check]:
    # It reads arrays with NumPy, which most commands do without.
    from newsgate.model.native.library import VARIANT_NAMES, native_library

    library = native_library()
    if library is not None:
        yield Check("compiled code", "ok", f"the LSTM and the tokenizer in C, for {VARIANT_NAMES[library.variants[0]]}")
        return
    state: State = "FAILED" if settings.runtime == "native" else "warning"
    yield Check(
        "compiled code",
        state,
        "not built here: NumPy and Python classify, about half as fast",
        "Install newsgate again where there is a C compiler",
    )


def _running(settings: Settings) -> Check:
    if settings.runtime == "keras" and find_spec("tensorflow") is None:
        return Check("worker", "FAILED", "runtime keras needs TensorFlow", "pip install 'newsgate[training]'")
    if is_up(settings):
        return Check("worker", "ok", "`newsgate up` runs here")
    return Check("worker", "ok", "`newsgate up` does not run here")


def _display_database_url(settings: Settings) -> str:
    try:
        return Database(settings.database_url).display_url if settings.database_url else "a file in the home folder"
    except NewsgateError:
        return "unusable"


def _sqlite_file(settings: Settings) -> Path | None:
    """The file of a SQLite database; None for a server, or an address that cannot be read."""
    prefix, _, path = settings.effective_database_url.partition(":///")
    if not prefix.startswith("sqlite") or path in ("", ":memory:"):
        return None
    return Path(path.partition("?")[0]).absolute()


def _existing(folder: Path) -> Path:
    return next(each for each in (folder, *folder.parents) if each.exists())


def _version(library: str) -> str | None:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None


def _numbers(version: str) -> tuple[int, int]:
    major, minor, *_ = [*version.split("."), "0", "0"]
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else (0, 0)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
