"""Every setting of newsgate. With `settings_layers`, the only reader of the environment.

Precedence: what a command was told, then `NEWSGATE_*`, then `.env`, then newsgate.toml, then the default. With nothing
set the system is complete on one machine. Settings are read once, by the command that starts, and passed down; nothing
reads them at import.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shlex
import stat
import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from newsgate.foundation.errors import NewsgateError, WrongUsageError
from newsgate.worker.address_files import file_of, with_addresses_from_files
from newsgate.worker.broker_address import BrokerAddress, parse_broker_addresses, private_broker
from newsgate.worker.metrics_address import parse_metrics_address
from newsgate.worker.settings_files import env_file_path, open_settings_file, shown_path
from newsgate.worker.settings_layers import Layer, merged, nearest_setting, read_layers, strongest

log = logging.getLogger("newsgate.settings")

# sun_path holds 108 bytes with its closing NUL; a longer address cannot be bound.
_LONGEST_SOCKET_PATH_BYTES = 100
# Each has some 130 MB, and a few of them are as much as SQLite's one writer takes.
_MOST_UP_WORKERS = 8
_WEEK_SECONDS = 604_800
_DEFAULT_HOME = Path("~/.newsgate")


# A duration of years is a slip of the pen, and a lease without an end would never be found to have run out.
Seconds = Annotated[float, Field(le=_WEEK_SECONDS, allow_inf_nan=False)]


class UnsafeFolderError(NewsgateError):
    """The folder of the private broker's socket is not this user's own."""


class Settings(BaseSettings):
    """How this newsgate is set up. Frozen: a process has one, for as long as it lives."""

    model_config = SettingsConfigDict(env_prefix="NEWSGATE_", extra="ignore", frozen=True)

    home: Path = Field(default=_DEFAULT_HOME, description="The folder of everything newsgate keeps by itself.")
    # Not in `repr`: the two addresses may hold passwords.
    database_url: str = Field(default="", repr=False, description="SQLAlchemy address; empty: a file at home.")
    database_url_file: str = Field(default="", description="File that holds this address, in place of the address.")
    broker_url: str = Field(default="", repr=False, description="Address of a Redis; empty: a private one at home.")
    broker_url_file: str = Field(default="", description="File that holds this address, in place of the address.")
    runtime: Literal["auto", "native-int8", "native", "numpy", "onnx", "keras"] = Field(
        default="auto", description="What computes the LSTM in workers."
    )
    chunk_rows: int = Field(default=2000, ge=1, le=100_000, description="Rows of a file that are one unit of work.")
    chunk_chars: int = Field(default=4_000_000, ge=1, description="Characters after which a chunk is closed early.")
    max_text_chars: int = Field(default=16_777_216, ge=1, description="Longer texts are refused.")
    worker_threads: int = Field(default=1, ge=1, le=256, description="Chunks a worker works on at a time.")
    lease_seconds: Seconds = Field(default=60, gt=0, description="How long an attempt at a chunk may take.")
    max_attempts: int = Field(default=2, ge=1, le=20, description="Attempts before a chunk is halved.")
    sweep_seconds: Seconds = Field(default=2, gt=0, description="How often workers look for chunks left behind.")
    lost_after_seconds: Seconds = Field(default=5, ge=0, description="Queued longer on an idle worker: message lost.")
    broker_timeout_seconds: Seconds = Field(default=2, gt=0, description="Patience with a broker that does not answer.")
    models_in_memory: int = Field(default=3, ge=1, description="Bundles a worker keeps loaded.")
    retrain_crontab: str = Field(default="15 3 * * *", description="When retraining is due, as cron writes it.")
    retrain_time_zone: str = Field(default="UTC", description="Whose clock that is, as in Europe/Berlin.")
    retrain_min_labels: int = Field(default=200, ge=0, description="New labels without which retraining is skipped.")
    retrain_recipe: str = Field(default="", description="JSON: what to change in how models are trained.")
    training_seconds: Seconds = Field(default=7200, gt=0, description="How long an attempt at training may take.")
    training_lease_seconds: Seconds = Field(
        default=60, gt=0, description="Silence after which a trainer counts as dead."
    )
    training_attempts: int = Field(default=3, ge=1, le=100, description="Attempts at one period's retraining.")
    training_sweep_seconds: Seconds = Field(default=60, gt=0, description="How often trainers look without a ring.")
    up_workers: int = Field(default=0, ge=0, le=256, description="Workers of `newsgate up`; 0: one a core, up to 8.")
    up_trains: bool = Field(default=True, description="Whether `newsgate up` runs trainer and schedule too.")
    training_threads: int = Field(default=0, ge=0, le=256, description="Cores training uses; 0: half of them.")
    web_host: str = Field(default="127.0.0.1", description="Where `newsgate web` listens.")
    web_port: int = Field(default=8765, ge=0, le=65535, description="On which port; 0: any that is free.")
    web_public_url: str = Field(default="", description="By which address browsers reach it, behind a proxy.")
    web_tls_certificate: str = Field(default="", description="File of its certificate, PEM; empty: no TLS.")
    web_tls_key: str = Field(default="", description="File of the certificate's key, PEM.")
    web_users: str = Field(default="", description="File of who may use the page; empty: whom the command names.")
    web_upload_bytes: int = Field(default=2_147_483_648, ge=1, description="The largest file that the page takes.")
    notify_secret: str = Field(default="", repr=False, description="By which workers sign what they post.")
    notify_command: str = Field(default="", description="What `--notify command` runs on a worker's host.")
    notify_timeout_seconds: Seconds = Field(default=10, gt=0, description="How long one notification may take.")
    notify_retry_seconds: Seconds = Field(default=5, gt=0, description="First pause before it is tried again.")
    notify_give_up_seconds: Seconds = Field(default=86400, gt=0, description="How long a notification is tried.")
    metrics_address: str = Field(default="", description="HOST:PORT at which Prometheus reads; empty: nowhere.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="How much workers say.")
    log_format: Literal["text", "json"] = Field(default="text", description="How a line of the log looks.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what is given: `load_settings` has read every other place, and knows what came from where."""
        return (init_settings,)

    @field_validator("home", mode="before")
    @classmethod
    def _unset_if_empty(cls, home: Any) -> Any:
        # As a path it would be the current folder, wherever that is.
        return _DEFAULT_HOME if home == "" else home

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        try:
            return home.expanduser().absolute()
        except (RuntimeError, OSError) as error:
            raise ValueError("no such folder is known; write the whole path") from error

    @field_validator("broker_url")
    @classmethod
    def _is_a_redis(cls, url: str) -> str:
        if url:
            parse_broker_addresses(url)
        return url

    @field_validator("web_public_url")
    @classmethod
    def _is_an_address_of_a_page(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and (parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/")):
            raise ValueError("write it like https://newsgate.example.org, without a folder behind it")
        return url

    @field_validator("metrics_address")
    @classmethod
    def _is_host_and_port(cls, address: str) -> str:
        if address:
            parse_metrics_address(address)
        return address

    @field_validator("notify_command")
    @classmethod
    def _is_a_command(cls, command: str) -> str:
        try:
            shlex.split(command)
        except ValueError as error:
            raise ValueError(f"it is not a command ({error}): close what you opened") from error
        return command

    @field_validator("retrain_time_zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("write a name like UTC or Europe/Berlin") from error
        return name

    @property
    def effective_database_url(self) -> str:
        """The database in use."""
        return self.database_url or f"sqlite:///{self.home / 'newsgate.db'}"

    @property
    def broker_addresses(self) -> tuple[BrokerAddress, ...]:
        """The brokers in use, in the order in which they are tried."""
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


def load_settings(**told: Any) -> Settings:
    """The settings of this process; `told` are values given on the command line, None where nothing was.

    A file that others could have written is not read, and a line in the log says so. Raises WrongUsageError, naming
    the variable, for a value that cannot be, and for a file that cannot be read or names what is no setting.
    """
    return load_settings_and_layers(**told)[0]


def load_settings_and_layers(**told: Any) -> tuple[Settings, tuple[Layer, ...]]:
    """The same, and the places that they come from, the strongest first. Raises WrongUsageError."""
    layers = with_addresses_from_files(read_layers(Settings, told))
    for layer in layers:
        if layer.file is not None and layer.file.warning:
            log.warning("%s", layer.file.warning)
    try:
        return Settings(**merged(layers)), layers
    except ValidationError as error:
        raise _refusal(error, layers) from error


def _refusal(error: ValidationError, layers: tuple[Layer, ...]) -> WrongUsageError:
    """The first value that cannot be, under the name by which the person has set it."""
    first = error.errors()[0]
    setting = "_".join(str(part) for part in first["loc"])
    layer = strongest(layers, setting)
    is_toml = layer is not None and layer.is_toml
    # An address may hold a password, and what is kept out of `repr` is a secret.
    is_secret = setting.endswith("_url") or (
        setting in Settings.model_fields and not Settings.model_fields[setting].repr
    )
    value = "what it is" if is_secret else repr(first["input"])
    file = None if layer is None else file_of(layer, setting) or (layer.name if is_toml else None)
    return WrongUsageError(
        f"{setting if is_toml else variable_of(setting)} cannot be {value}: "
        f"{_lower_first(first['msg'].removeprefix('Value error, '))}",
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
        if not prefix and name and name.lower() not in Settings.model_fields:
            near = nearest_setting(Settings, name)
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
