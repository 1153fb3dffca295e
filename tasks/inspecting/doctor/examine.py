"""Looks at the set-up the way a person would who has to mend it: every part by itself, whatever the others do.

Nothing is changed and nothing is made: a database that is not there yet stays so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from newsgate.foundation.errors import NewsgateError
from newsgate.tasks.inspecting.displayed_settings import settings_in_force
from newsgate.tasks.inspecting.doctor.broker import look_at_broker
from newsgate.tasks.inspecting.doctor.check import Check, failure, first_line
from newsgate.tasks.inspecting.doctor.database import look_at_database
from newsgate.tasks.inspecting.doctor.machine import (
    look_at_compiled_code,
    look_at_disk,
    look_at_home,
    look_at_versions,
    look_at_worker,
)
from newsgate.tasks.running.retraining_recipe import recipe_of
from newsgate.worker.crontab import retraining_crontab
from newsgate.worker.settings import Settings, load_settings_and_layers, unknown_variables
from newsgate.worker.settings_files import SettingsFile, env_file_path, find_settings_file


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
    checks = [*look_at_versions(), *_look("variables", _variables)]
    try:
        settings, layers = load_settings_and_layers()
    except NewsgateError as error:
        return Examination((*checks, failure("settings", error)), {})
    in_force = settings_in_force(settings)
    checks += _toml_files(layer.file for layer in layers if layer.is_toml)
    checks.append(_changed_settings(in_force))
    looks = {
        "schedule": _schedule,
        "recipe": _recipe,
        "home": look_at_home,
        "disk": look_at_disk,
        "compiled code": look_at_compiled_code,
        "database": look_at_database,
        "broker": look_at_broker,
    }
    for part, look in looks.items():
        checks += _look(part, lambda look=look: look(settings))  # type: ignore[misc]
    checks += _look("worker", lambda: [look_at_worker(settings)])
    return Examination(tuple(checks), in_force)


def _look(part: str, look: Callable[[], Iterable[Check]]) -> list[Check]:
    """What a look finds; what it raises is a finding too, because the other parts still have to be looked at."""
    found: list[Check] = []
    try:
        found.extend(look())
    except NewsgateError as error:
        found.append(failure(part, error))
    except Exception as error:  # noqa: BLE001 - nobody knows in which way a broken set-up is broken
        found.append(Check(part, "FAILED", f"{type(error).__name__}: {first_line(error)}"))
    return found


def _variables() -> Iterator[Check]:
    yield from _file("env file", find_settings_file(env_file_path()))
    for name, meant in unknown_variables().items():
        remedy = f"{meant} may be meant" if meant else "docs/settings.md lists every setting"
        yield Check("variables", "warning", f"{name} is no setting and is ignored", remedy)


def _toml_files(files: Iterable[SettingsFile | None]) -> Iterator[Check]:
    for file in files:
        if file is not None:
            yield from _file("settings file", file)


def _file(part: str, file: SettingsFile) -> Iterator[Check]:
    if file.path:
        yield Check(part, "warning" if file.warning else "ok", file.warning or f"{file.path} is read")


def _schedule(settings: Settings) -> Iterator[Check]:
    due = retraining_crontab(settings).next_due(datetime.now(UTC))
    yield Check("schedule", "ok", f"retraining is due next at {due:%Y-%m-%d %H:%M} UTC")


def _recipe(settings: Settings) -> Iterator[Check]:
    recipe_of(settings)
    if settings.retrain_recipe:
        yield Check("recipe", "ok", f"models are retrained with {settings.retrain_recipe}")


def _changed_settings(in_force: Mapping[str, Any]) -> Check:
    default = settings_in_force(Settings())
    changed = [f"{name}={value}" for name, value in in_force.items() if value != default[name]]
    return Check("settings", "ok", ", ".join(changed) if changed else "all at their defaults")
