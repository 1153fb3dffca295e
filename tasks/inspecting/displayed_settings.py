"""Settings as they may be shown: without passwords, each with the place it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from newsgate.db.session import Database
from newsgate.foundation.errors import NewsgateError
from newsgate.worker.address_files import file_of, shown_file
from newsgate.worker.broker_address import parse_broker_addresses
from newsgate.worker.settings import SETTINGS, Settings, load_settings_and_layers, variable_of
from newsgate.worker.settings_files import SettingsFile
from newsgate.worker.settings_layers import DEFAULT, Layer

_HIDDEN = "(not shown: it may hold a password)"
_IS_SET = "(set, not shown)"
_NOT_READ = "(an address that is not read)"


@dataclass(frozen=True, slots=True)
class Shadowed:
    """A value that is overruled, and the place that sets it."""

    source: str
    value: Any


@dataclass(frozen=True, slots=True)
class ExplainedSetting:
    """One setting: its value in force, the place that this comes from, and what it overrules, strongest first."""

    name: str
    value: Any
    source: str
    shadows: tuple[Shadowed, ...]
    default: Any

    @property
    def variable(self) -> str:
        """The variable that sets it."""
        return variable_of(self.name)


@dataclass(frozen=True, slots=True)
class ExplainedSettings:
    """Every setting, and the files of settings that there are, whether they are read or not."""

    settings: tuple[ExplainedSetting, ...]
    files: tuple[SettingsFile, ...]


def explain_settings(**told: Any) -> ExplainedSettings:
    """Every setting with the place it comes from; `told` as for `load_settings`. Raises WrongUsageError."""
    settings, layers = load_settings_and_layers(**told)
    shown, default = displayed_settings(settings), displayed_settings(Settings())
    explained = tuple(_explained(name, layers, value=shown[name], default=default[name]) for name in SETTINGS)
    files = tuple(layer.file for layer in layers if layer.file is not None and layer.file.path is not None)
    return ExplainedSettings(explained, files)


def displayed_settings(settings: Settings) -> dict[str, Any]:
    """Each setting with its value, passwords left out."""
    return {name: _displayed(name, getattr(settings, name)) for name in SETTINGS}


def _explained(name: str, layers: Sequence[Layer], *, value: Any, default: Any) -> ExplainedSetting:
    setting = [layer for layer in layers if name in layer.values]
    source = shown_file(setting[0], name) if setting else DEFAULT
    shadows = tuple(Shadowed(shown_file(layer, name), _overruled(name, layer)) for layer in setting[1:])
    return ExplainedSetting(name, value, source, shadows, default)


def _overruled(name: str, layer: Layer) -> Any:
    return _displayed(name, layer.values[name]) if file_of(layer, name) is None else _NOT_READ


def _displayed(name: str, value: Any) -> Any:
    if name == "database_url":
        return _database(str(value))
    if name == "broker_url":
        return _broker(str(value))
    if SETTINGS[name].is_secret and value:
        return _IS_SET
    return value if isinstance(value, (str, int, float, bool)) else str(value)


def _database(url: str) -> str:
    if not url:
        return "a file in the home folder"
    try:
        return Database(url).display_url
    except NewsgateError:
        return _HIDDEN


def _broker(url: str) -> str:
    if not url:
        return "private"
    try:
        return ";".join(address.display for address in parse_broker_addresses(url))
    except ValueError:
        return _HIDDEN


def settings_in_force(settings: Settings) -> Mapping[str, Any]:
    """Each variable with its value, passwords left out."""
    return {variable_of(name): value for name, value in displayed_settings(settings).items()}
