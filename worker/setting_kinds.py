"""The kinds of values that settings have: how each is read from a text or from TOML, and what cannot be is told.

By hand, for a library that does this takes as long to load as a short command has (docs/decisions/0054).
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, TypeVar

_WHOLE: Final = re.compile(r"[+-]?[0-9]+(?:_[0-9]+)*(?:\.0+)?", re.ASCII)
_Number = TypeVar("_Number", int, float)
_YES: Final = frozenset({"1", "true", "t", "yes", "y", "on"})
_NO: Final = frozenset({"0", "false", "f", "no", "n", "off"})


class Setting:
    """What is known of one setting beside its name.

    default: as it is written. read: gives the value of what was written, and raises ValueError, saying what it should
    be. is_secret: its value is not shown. kind: whole number, number, yes or no, folder, text or choice. choices: of
    the last. least, above, most: the limits of numbers, None where there is none.
    """

    __slots__ = ("above", "choices", "default", "description", "is_secret", "kind", "least", "most", "read")

    def __init__(
        self,
        kind: str,
        default: Any,
        description: str,
        read: Callable[[Any], Any],
        *,
        is_secret: bool = False,
        choices: tuple[str, ...] = (),
        least: float | None = None,
        above: float | None = None,
        most: float | None = None,
    ) -> None:
        self.kind = kind
        self.default = default
        self.description = description
        self.read = read
        self.is_secret = is_secret
        self.choices = choices
        self.least = least
        self.above = above
        self.most = most


def whole_number(default: int, description: str, *, least: int, most: int | None = None) -> Any:
    """A field of a dataclass that is a whole number within limits."""

    def read(written: Any) -> int:
        return _within(_whole_number(written), least=least, most=most)

    return _field(Setting("whole number", default, description, read, least=least, most=most))


def number(
    default: float, description: str, *, least: float | None = None, above: float | None = None, most: float
) -> Any:
    """A field that is a finite number within limits."""

    def read(written: Any) -> float:
        return _within(_number(written), least=least, above=above, most=most)

    return _field(Setting("number", default, description, read, least=least, above=above, most=most))


def yes_or_no(default: bool, description: str) -> Any:
    """A field that is true or false."""
    return _field(Setting("yes or no", default, description, _yes_or_no))


def choice(choices: tuple[str, ...], default: str, description: str) -> Any:
    """A field that is one of some words."""

    def read(written: Any) -> Any:
        if isinstance(written, str) and written in choices:
            return written
        quoted = [f"'{each}'" for each in choices]
        raise ValueError(f"input should be {', '.join(quoted[:-1])} or {quoted[-1]}")

    return _field(Setting("choice", default, description, read, choices=choices))


def text(
    default: str, description: str, *, is_secret: bool = False, check: Callable[[str], object] = lambda _: None
) -> Any:
    """A field that is a text. check: raises ValueError for one that cannot be."""

    def read(written: Any) -> str:
        if not isinstance(written, str):
            raise ValueError("input should be a valid string")
        check(written)
        return written

    return _field(Setting("text", default, description, read, is_secret=is_secret))


def folder(default: Path, description: str) -> Any:
    """A field that is a folder, as an absolute path; an empty one is the default."""

    def read(written: Any) -> Path:
        if not isinstance(written, (str, Path)):
            raise ValueError("input is not a valid path")
        try:
            # An empty path would be the current folder, wherever that is.
            return (default if written == "" else Path(written)).expanduser().absolute()
        except (RuntimeError, OSError) as error:
            raise ValueError("no such folder is known; write the whole path") from error

    return _field(Setting("folder", default, description, read))


def setting_of(field: dataclasses.Field[Any]) -> Setting:
    """What is known of the setting that a field was declared to be."""
    known: Setting = field.metadata["setting"]
    return known


def _field(setting: Setting) -> Any:
    return dataclasses.field(default=setting.default, repr=not setting.is_secret, metadata={"setting": setting})


def _whole_number(written: Any) -> int:
    if isinstance(written, str):
        stripped = written.strip()
        if not _WHOLE.fullmatch(stripped):
            raise ValueError("input should be a valid integer, unable to parse string as an integer")
        return int(stripped.partition(".")[0])
    if not isinstance(written, (int, float)):
        raise ValueError("input should be a valid integer")
    if not math.isfinite(written):
        raise ValueError("input should be a finite number")
    if written != int(written):
        raise ValueError("input should be a valid integer, got a number with a fractional part")
    return int(written)


def _plain_digits(written: str) -> str:
    """A number as Python reads it, empty where it is none: Python would take the digits of every script."""
    if not written.isascii():
        return ""
    if "_" not in written:
        return written
    # Pydantic takes single ones wherever they stand within, beside a point too, and then no blanks around.
    stands_within = written == written.strip() and not written.startswith("_") and not written.endswith("_")
    return written.replace("_", "") if stands_within and "__" not in written else ""


def _number(written: Any) -> float:
    if not isinstance(written, (str, int, float)):
        raise ValueError("input should be a valid number")
    try:
        read = float(_plain_digits(written) if isinstance(written, str) else written)
    except (ValueError, OverflowError):
        how = ", unable to parse string as a number" if isinstance(written, str) else ""
        raise ValueError(f"input should be a valid number{how}") from None
    if not math.isfinite(read):
        raise ValueError("input should be a finite number")
    return read


def _yes_or_no(written: Any) -> bool:
    is_number = isinstance(written, (int, float))
    if not (isinstance(written, str) or (is_number and math.isfinite(written) and written == int(written))):
        raise ValueError("input should be a valid boolean")
    word = str(int(written)) if is_number else written.lower()
    if word not in _YES | _NO:
        raise ValueError("input should be a valid boolean, unable to interpret input")
    return word in _YES


def _within(
    value: _Number, *, least: float | None = None, above: float | None = None, most: float | None = None
) -> _Number:
    if most is not None and value > most:
        raise ValueError(f"input should be less than or equal to {most}")
    if least is not None and value < least:
        raise ValueError(f"input should be greater than or equal to {least}")
    if above is not None and value <= above:
        raise ValueError(f"input should be greater than {above}")
    return value


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """The setting that may be meant by a name that is none, in whatever way it is written."""
    import difflib

    near = difflib.get_close_matches(name.lower().replace("-", "_").removeprefix("newsgate_"), list(known), n=1)
    return near[0] if near else None
