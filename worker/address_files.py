"""Addresses that stand in files of their own, as containers and systemd hand out secrets.

A place may name the file of an address where it could give the address itself. The file is read only if no stronger
place gives the same address.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from newsgate.foundation.errors import WrongUsageError
from newsgate.worker.settings_files import others_can_write, shown_path
from newsgate.worker.settings_layers import Layer, strongest

# Each address, and the setting that names its file.
ADDRESS_FILES: Final = {"database_url": "database_url_file", "broker_url": "broker_url_file"}
_LONGEST_BYTES: Final = 65_536


def with_addresses_from_files(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """The same places, where each that names the file of an address gives the address.

    A place that gives the one thing gives nothing for the other: so it overrules what a weaker place says of either.
    What is overruled is not read. Raises WrongUsageError where a place gives both, and for a file that cannot be used.
    """
    for address, name in ADDRESS_FILES.items():
        layers = [_one_of_both(layer, address, name) for layer in layers]
        first = strongest(layers, address)
        layers = [_read(layer, address, name) if layer is first else layer for layer in layers]
    return tuple(layers)


def file_of(layer: Layer, address: str) -> str | None:
    """The file that a place names for an address; None where it names none."""
    named = layer.values.get(ADDRESS_FILES.get(address, ""))
    return named if isinstance(named, str) and named else None


def _one_of_both(layer: Layer, address: str, name: str) -> Layer:
    values = dict(layer.values)
    if values.get(name) == "":
        # As compose files pass on a variable that is not set.
        del values[name]
    if name in values and values.get(address):
        written = (name, address) if layer.is_toml else (_variable(name), _variable(address))
        raise WrongUsageError(
            f"{written[0]} and {written[1]} both say it",
            where=shown_path(Path(layer.name)) if layer.file is not None else None,
            remedy="Leave one of them out",
        )
    if name in values:
        values[address] = ""
    elif address in values:
        values[name] = ""
    return replace(layer, values=values)


def _read(layer: Layer, address: str, name: str) -> Layer:
    file = file_of(layer, address)
    # What is no text is told like any other value that cannot be.
    return layer if file is None else replace(layer, values={**layer.values, address: _address_in(file, name)})


def _address_in(named: str, name: str) -> str:
    path = Path(named)
    try:
        # A pipe would otherwise be waited for.
        descriptor = os.open(path.expanduser(), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise _unusable(path, "this is no file", f"Let {_variable(name)} name one")
            # Who named it chose whose file it is: a container is given those of the host's users.
            if others_can_write(status):
                raise _unusable(path, "other users can write this file", f"Run: chmod go-w {shown_path(path)}")
            content = file.read(_LONGEST_BYTES).decode()
    except UnicodeDecodeError as error:
        raise _unusable(path, "this file is not UTF-8", "Write the address alone into it") from error
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no such folder is known"
        remedy = f"Let this user read it, or let {_variable(name)} name another"
        raise _unusable(path, f"this file cannot be read: {reason}", remedy) from error
    address = content.rstrip("\r\n")
    if not address or "\n" in address:
        told = "has more than one line" if address else "is empty"
        raise _unusable(path, f"this file {told}", "Write the address alone into it")
    return address


def _unusable(path: Path, what: str, remedy: str) -> WrongUsageError:
    return WrongUsageError(what, where=shown_path(path), remedy=remedy)


def _variable(setting: str) -> str:
    return f"NEWSGATE_{setting.upper()}"


def shown_file(layer: Layer, address: str) -> str:
    """How a place is told that names the file of an address: the file beside the place."""
    file = file_of(layer, address)
    return layer.name if file is None else f"{layer.name}, in {file}"
