"""Every setting of newsgate. With `settings_layers`, the only reader of the environment.

Precedence: what a command was told, then `NEWSGATE_*`, then `.env`, then newsgate.toml, then the default. With nothing
set the system is complete on one machine. Settings are read once, by the command that starts, and passed down; nothing
reads them at import.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from newsgate.foundation.errors import NewsgateError, WrongUsageError
from newsgate.worker.address_files import file_of, with_addresses_from_files
from newsgate.worker.setting_kinds import (
    Setting,
    choice,
    folder,
    nearest_name,
    number,
    setting_of,
    text,
    whole_number,
    yes_or_no,
)
from newsgate.worker.settings_files import env_file_path, open_settings_file, shown_path
from newsgate.worker.settings_layers import Layer, merged, read_layers, strongest

if TYPE_CHECKING:
    from newsgate.worker.broker_address import BrokerAddress

log = logging.getLogger("newsgate.settings")

# sun_path holds 108 bytes with its closing NUL; a longer address cannot be bound.
_LONGEST_SOCKET_PATH_BYTES = 100
# Each has some 130 MB, and a few of them are as much as SQLite's one writer takes.
_MOST_UP_WORKERS = 8
# A duration of years is a slip of the pen, and a lease without an end would never be found to have run out.
_WEEK_SECONDS = 604_800
_seconds = partial(number, most=_WEEK_SECONDS)
_DEFAULT_HOME = Path("~/.newsgate")
_DEFAULT_ZONE = "UTC"


class SettingError(ValueError):
    """A value that a setting cannot have. written: as it was given; why: what it should be."""

    def __init__(self, setting: str, written: object, why: str) -> None:
        super().__init__(f"{setting} cannot be {written!r}: {why}")
        self.setting = setting
        self.written = written
        self.why = why


class UnsafeFolderError(NewsgateError):
    """The folder of the private broker's socket is not this user's own."""


def _require_redis(url: str) -> None:
    if url:
        from newsgate.worker.broker_address import parse_broker_addresses

        parse_broker_addresses(url)


def _require_page_address(url: str) -> None:
    if not url:
        return
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError("write it like https://newsgate.example.org, without a folder behind it")


def _require_host_and_port(address: str) -> None:
    if address:
        from newsgate.worker.metrics_address import parse_metrics_address

        parse_metrics_address(address)


def _require_command(command: str) -> None:
    if not command:
        return
    import shlex

    try:
        shlex.split(command)
    except ValueError as error:
        raise ValueError(f"it is not a command ({error}): close what you opened") from error


def _require_zone(name: str) -> None:
    if name == _DEFAULT_ZONE:
        return
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("write a name like UTC or Europe/Berlin") from error


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How this newsgate is set up. Frozen: a process has one, for as long as it lives.

    Raises SettingError for a value that cannot be.
    """

    home: Path = folder(  # noqa: RUF009 - what it gives is a field, as with the others
        _DEFAULT_HOME, "The folder of everything newsgate keeps by itself."
    )
    # Not in `repr`: the two addresses may hold passwords.
    database_url: str = text("", "SQLAlchemy address; empty: a file at home.", is_secret=True)
    database_url_file: str = text("", "File that holds this address, in place of the address.")
    broker_url: str = text(
        "", "Address of a Redis; empty: a private one at home.", is_secret=True, check=_require_redis
    )
    broker_url_file: str = text("", "File that holds this address, in place of the address.")
    runtime: Literal["auto", "native-int8", "native", "numpy", "onnx", "keras"] = choice(
        ("auto", "native-int8", "native", "numpy", "onnx", "keras"), "auto", "What computes the LSTM in workers."
    )
    chunk_rows: int = whole_number(2000, "Rows of a file that are one unit of work.", least=1, most=100_000)
    chunk_chars: int = whole_number(4_000_000, "Characters after which a chunk is closed early.", least=1)
    max_text_chars: int = whole_number(16_777_216, "Longer texts are refused.", least=1)
    worker_threads: int = whole_number(1, "Chunks a worker works on at a time.", least=1, most=256)
    lease_seconds: float = _seconds(60, "How long an attempt at a chunk may take.", above=0)
    max_attempts: int = whole_number(2, "Attempts before a chunk is halved.", least=1, most=20)
    sweep_seconds: float = _seconds(2, "How often workers look for chunks left behind.", above=0)
    lost_after_seconds: float = _seconds(5, "Queued longer on an idle worker: message lost.", least=0)
    broker_timeout_seconds: float = _seconds(
        2, "Patience with a broker that does not answer.", above=0, most=_WEEK_SECONDS
    )
    models_in_memory: int = whole_number(3, "Bundles a worker keeps loaded.", least=1)
    retrain_crontab: str = text("15 3 * * *", "When retraining is due, as cron writes it.")
    retrain_time_zone: str = text(_DEFAULT_ZONE, "Whose clock that is, as in Europe/Berlin.", check=_require_zone)
    retrain_min_labels: int = whole_number(200, "New labels without which retraining is skipped.", least=0)
    retrain_recipe: str = text("", "JSON: what to change in how models are trained.")
    training_seconds: float = _seconds(7200, "How long an attempt at training may take.", above=0)
    training_lease_seconds: float = _seconds(
        60, "Silence after which a trainer counts as dead.", above=0, most=_WEEK_SECONDS
    )
    training_attempts: int = whole_number(3, "Attempts at one period's retraining.", least=1, most=100)
    training_sweep_seconds: float = _seconds(60, "How often trainers look without a ring.", above=0)
    up_workers: int = whole_number(0, "Workers of `newsgate up`; 0: one a core, up to 8.", least=0, most=256)
    up_trains: bool = yes_or_no(True, "Whether `newsgate up` runs trainer and schedule too.")
    training_threads: int = whole_number(0, "Cores training uses; 0: half of them.", least=0, most=256)
    web_host: str = text("127.0.0.1", "Where `newsgate web` listens.")
    web_port: int = whole_number(8765, "On which port; 0: any that is free.", least=0, most=65535)
    web_public_url: str = text("", "By which address browsers reach it, behind a proxy.", check=_require_page_address)
    web_tls_certificate: str = text("", "File of its certificate, PEM; empty: no TLS.")
    web_tls_key: str = text("", "File of the certificate's key, PEM.")
    web_users: str = text("", "File of who may use the page; empty: whom the command names.")
    web_upload_bytes: int = whole_number(2_147_483_648, "The largest file that the page takes.", least=1)
    notify_secret: str = text("", "By which workers sign what they post.", is_secret=True)
    notify_command: str = text("", "What `--notify command` runs on a worker's host.", check=_require_command)
    notify_timeout_seconds: float = _seconds(10, "How long one notification may take.", above=0)
    notify_retry_seconds: float = _seconds(5, "First pause before it is tried again.", above=0)
    notify_give_up_seconds: float = _seconds(86400, "How long a notification is tried.", above=0)
    metrics_address: str = text(
        "", "HOST:PORT at which Prometheus reads; empty: nowhere.", check=_require_host_and_port
    )
    log_level: Literal["debug", "info", "warning", "error"] = choice(
        ("debug", "info", "warning", "error"), "info", "How much workers say."
    )
    log_format: Literal["text", "json"] = choice(("text", "json"), "text", "How a line of the log looks.")

    def __post_init__(self) -> None:
        for name, setting in SETTINGS.items():
            written = getattr(self, name)
            try:
                object.__setattr__(self, name, setting.read(written))
            except ValueError as error:
                raise SettingError(name, written, str(error)) from error

    @property
    def effective_database_url(self) -> str:
        """The database in use."""
        return self.database_url or f"sqlite:///{self.home / 'newsgate.db'}"

    @property
    def broker_addresses(self) -> tuple[BrokerAddress, ...]:
        """The brokers in use, in the order in which they are tried."""
        from newsgate.worker.broker_address import parse_broker_addresses, private_broker

        return parse_broker_addresses(self.broker_url) if self.broker_url else (private_broker(self.broker_socket),)

    @property
    def display_broker_url(self) -> str:
        """The broker in use, without its secrets."""
        return ";".join(address.display for address in self.broker_addresses)

    @property
    def broker_is_private(self) -> bool:
        """Whether newsgate starts the broker itself."""
        return not self.broker_url

    @property
    def broker_socket(self) -> Path:
        """The private broker's socket: in the home folder, or in /tmp where that path is too long to bind."""
        at_home = self.home / "redis" / "redis.sock"
        if len(os.fsencode(at_home)) <= _LONGEST_SOCKET_PATH_BYTES:
            return at_home
        import hashlib
        import tempfile

        name = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"newsgate-{os.getuid()}-{name}" / "redis.sock"

    @property
    def effective_up_workers(self) -> int:
        """Workers that `newsgate up` and `newsgate classify` start."""
        return self.up_workers or min(_MOST_UP_WORKERS, len(os.sched_getaffinity(0)))

    @property
    def library_log_level(self) -> str:
        """How much the libraries log: what they do is of use to whoever debugs, what is wrong to everybody."""
        return self.log_level if self.log_level in ("debug", "error") else "warning"

    @property
    def effective_training_threads(self) -> int:
        """Cores that training uses, so that some are left for classifying."""
        return self.training_threads or max(1, len(os.sched_getaffinity(0)) // 2)


# Every setting by its name, in the order in which they are shown.
SETTINGS: Final[Mapping[str, Setting]] = {field.name: setting_of(field) for field in fields(Settings)}


def load_settings(**told: Any) -> Settings:
    """The settings of this process; `told` are values given on the command line, None where nothing was.

    A file that others could have written is not read, and a line in the log says so. Raises WrongUsageError, naming
    the variable, for a value that cannot be, and for a file that cannot be read or names what is no setting.
    """
    return load_settings_and_layers(**told)[0]


def load_settings_and_layers(**told: Any) -> tuple[Settings, tuple[Layer, ...]]:
    """The same, and the places that they come from, the strongest first. Raises WrongUsageError."""
    layers = with_addresses_from_files(read_layers(SETTINGS, told))
    for layer in layers:
        if layer.file is not None and layer.file.warning:
            log.warning("%s", layer.file.warning)
    try:
        return Settings(**merged(layers)), layers
    except SettingError as error:
        raise _refusal(error, layers) from error


def _refusal(error: SettingError, layers: tuple[Layer, ...]) -> WrongUsageError:
    """A value that cannot be, under the name by which the person has set it."""
    layer = strongest(layers, error.setting)
    is_toml = layer is not None and layer.is_toml
    # An address may hold a password.
    is_secret = error.setting.endswith("_url") or SETTINGS[error.setting].is_secret
    value = "what it is" if is_secret else repr(error.written)
    file = None if layer is None else file_of(layer, error.setting) or (layer.name if is_toml else None)
    return WrongUsageError(
        f"{error.setting if is_toml else variable_of(error.setting)} cannot be {value}: {_lower_first(error.why)}",
        where=None if file is None else shown_path(Path(file)),
        remedy="docs/settings.md lists every setting",
    )


def variable_of(setting: str) -> str:
    """The variable that sets a setting."""
    return f"NEWSGATE_{setting.upper()}"


def _lower_first(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def unknown_variables() -> dict[str, str | None]:
    """The `NEWSGATE_*` variables that are no settings, each with the setting that may be meant.

    Raises WrongUsageError where `.env` cannot be read.
    """
    from dotenv import dotenv_values

    with open_settings_file(env_file_path()) as (_, readable):
        variables = {**(dotenv_values(readable) if readable else {}), **os.environ}
    unknown: dict[str, str | None] = {}
    for variable in variables:
        prefix, _, name = variable.upper().partition("NEWSGATE_")
        if not prefix and name and name.lower() not in SETTINGS:
            near = nearest_name(name, SETTINGS)
            unknown[variable] = variable_of(near) if near else None
    return unknown


def prepare_home(settings: Settings) -> Path:
    """Make the home folder, for its owner alone, and give its path. Raises UnsafeFolderError, WrongUsageError."""
    try:
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise WrongUsageError(
            f"cannot make the folder: {error.strerror}", where=str(settings.home), remedy="Set NEWSGATE_HOME to another"
        ) from error
    if settings.broker_is_private and settings.home not in settings.broker_socket.parents:
        _claim_folder(settings.broker_socket.parent)
    return settings.home


def _claim_folder(folder: Path) -> None:
    """Make a folder in /tmp, where anybody may have made one of that name before."""
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise UnsafeFolderError(
            "the folder of the private broker is open to others",
            where=str(folder),
            remedy="Remove it, or set NEWSGATE_HOME to a shorter path",
        )
