"""The places that settings come from, strongest first: what a command was told, the environment, and three files.

    command line > NEWSGATE_* > .env > newsgate.toml of the current folder > newsgate.toml of the home folder

What is nearer to the moment overrules what is further away. A file that others could have written is not read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from newsgate.foundation.errors import WrongUsageError
from newsgate.worker.setting_kinds import Setting, nearest_name
from newsgate.worker.settings_files import (
    SettingsFile,
    env_file_path,
    open_settings_file,
    shown_path,
    toml_file_path,
)

COMMAND_LINE: Final = "command line"
ENVIRONMENT: Final = "environment"
DEFAULT: Final = "default"
# A recipe is JSON in a variable; in TOML it may be a table.
_TABLES: Final = frozenset({"retrain_recipe"})
_LISTED: Final = "docs/settings.md lists every setting"


@dataclass(frozen=True, slots=True)
class Layer:
    """The settings of one place.

    name: what people call it; of a file its path. values: what it sets, by the names of the settings, as written.
    file: what is known of it, where it is one.
    """

    name: str
    values: Mapping[str, Any]
    file: SettingsFile | None = None

    @property
    def is_toml(self) -> bool:
        """Whether settings are called there as in TOML, and not as variables."""
        return self.file is not None and self.name.endswith(".toml")


def read_layers(known: Mapping[str, Setting], told: Mapping[str, Any]) -> tuple[Layer, ...]:
    """Every place that may set something, the strongest first.

    Raises WrongUsageError for a file that cannot be read, and for what is no setting in a newsgate.toml.
    """
    given = {name: value for name, value in told.items() if value is not None}
    layers = [Layer(COMMAND_LINE, given), Layer(ENVIRONMENT, _values_of(os.environ, known)), _env_file(known)]
    here = toml_file_path(Path.cwd())
    layers.append(_toml_file(known, here))
    home = _home_of(known, layers)
    if home is not None and home != here.parent:
        layers.append(_toml_file(known, toml_file_path(home), is_of_home=True))
    return tuple(layers)


def merged(layers: Sequence[Layer]) -> dict[str, Any]:
    """The values in force: of each setting that of the strongest layer that has it."""
    values: dict[str, Any] = {}
    for layer in reversed(layers):
        values |= layer.values
    return values


def strongest(layers: Sequence[Layer], setting: str) -> Layer | None:
    """The layer whose value is in force; None where that is the default."""
    return next((layer for layer in layers if setting in layer.values), None)


def files_read(layers: Sequence[Layer]) -> tuple[Path, ...]:
    """The files of settings that are obeyed."""
    files = (layer.file for layer in layers if layer.file is not None)
    return tuple(file.path for file in files if file.path is not None and not file.distrusted)


def _env_file(known: Mapping[str, Setting]) -> Layer:
    path = env_file_path()
    with open_settings_file(path) as (found, readable):
        values: dict[str, Any] = {}
        if readable is not None:
            from dotenv import dotenv_values

            values = _values_of(dotenv_values(readable, encoding="utf-8"), known)
    return Layer(str(path), values, found)


def _values_of(variables: Mapping[str, str | None], known: Mapping[str, Setting]) -> dict[str, Any]:
    """The settings among variables, whose names may be written in capitals or not; one without a value sets nothing."""
    lower = {name.lower(): value for name, value in variables.items() if value is not None}
    return {name: lower[f"newsgate_{name}"] for name in known if f"newsgate_{name}" in lower}


def _toml_file(known: Mapping[str, Setting], path: Path, *, is_of_home: bool = False) -> Layer:
    with open_settings_file(path) as (found, readable):
        values = {} if readable is None else _toml_values(known, readable, shown_path(path))
    if is_of_home and "home" in values:
        raise WrongUsageError(
            "the file of the home folder cannot say where the home folder is",
            where=shown_path(path),
            remedy="Take `home` out of it, and set NEWSGATE_HOME",
        )
    return Layer(str(path), values, found)


def _toml_values(known: Mapping[str, Setting], readable: str, shown: str) -> dict[str, Any]:
    import tomllib

    try:
        with Path(readable).open("rb") as file:
            read = tomllib.load(file)
    except tomllib.TOMLDecodeError as error:
        raise WrongUsageError(
            f"this is no TOML ({error})", where=shown, remedy="Write a setting on each line, like: chunk_rows = 2000"
        ) from error
    return {name: _toml_value(known, name, value, shown) for name, value in read.items()}


def _toml_value(known: Mapping[str, Setting], name: str, value: Any, shown: str) -> Any:
    if name not in known:
        if isinstance(value, dict):
            raise WrongUsageError(
                f"[{name}] begins a table, and settings stand in none", where=shown, remedy="Take the line out"
            )
        meant = nearest_name(name, known)
        raise WrongUsageError(
            f"{name!r} is no setting", where=shown, remedy=f"Did you mean {meant}?" if meant else _LISTED
        )
    if isinstance(value, dict) and name in _TABLES:
        return json.dumps(value, ensure_ascii=False)
    return value


def _home_of(known: Mapping[str, Setting], layers: Sequence[Layer]) -> Path | None:
    """The home folder that these layers name; None where it cannot be one, which whoever checks the value will say."""
    layer = strongest(layers, "home")
    said = layer.values["home"] if layer else ""
    try:
        return Path(said or known["home"].default).expanduser().absolute()
    except (RuntimeError, OSError, TypeError):
        return None
