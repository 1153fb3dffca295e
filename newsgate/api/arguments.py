"""What a program gives as an argument, checked as the command line checks its options: nothing is guessed or left out.

What tables hold is taken as it is: the numbers of NumPy are numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Real
from operator import index
from typing import Any, Final, Literal

from newsgate.foundation.errors import WrongUsageError
from newsgate.model.labels import FAKE, LABELS, REAL

# What a column of SQL can hold.
_LARGEST: Final = 2**63 - 1


def refuse_unknown(given: Iterable[str], known: Iterable[str], *, of: str) -> None:
    """Raise WrongUsageError for the name of an option that there is not; of: the method that was called."""
    from difflib import get_close_matches

    names = list(known)
    for name in given:
        if name not in names:
            near = get_close_matches(name, names, n=1)
            remedy = f"Did you mean {near[0]}?" if near else f"It has {', '.join(names)}"
            raise WrongUsageError(f"{of} has no option {name}", remedy=remedy)


def whole_number(given: Any, name: str, *, least: int | None = None) -> int:
    """The number as an int. Raises WrongUsageError for another type, truth values too, and for one below `least`."""
    wanted = "a whole number" if least is None else f"a whole number from {least} up"
    try:
        number = None if isinstance(given, bool) else index(given)
    except TypeError:
        number = None
    if number is None or (least is not None and number < least):
        raise WrongUsageError(f"{name} is {wanted}, not {given!r}")
    if number > _LARGEST:
        raise WrongUsageError(f"{name} is {wanted}, and {given} is too large")
    return number


def number_of(given: Any, name: str) -> float:
    """The number as a float. Raises WrongUsageError for another type, truth values too."""
    if isinstance(given, bool) or not isinstance(given, Real):
        raise WrongUsageError(f"{name} is a number, not {given!r}")
    return float(given)


def seconds(given: Any, name: str) -> float:
    """So many seconds. Raises WrongUsageError for what is no number, NaN too: nothing is ever later than that."""
    number = number_of(given, name)
    if number != number:
        raise WrongUsageError(f"{name} is a number, not {given!r}")
    return number


def share(given: Any, name: str) -> float:
    """A number from 0 to 1, both ends included. Raises WrongUsageError for anything else."""
    number = number_of(given, name)
    if not 0 <= number <= 1:
        raise WrongUsageError(f"{name} is from 0 to 1, not {given}", remedy="Give for instance 0.9")
    return number


def wanted_error(given: Any) -> float:
    """The `max_error` that somebody accepts. Raises WrongUsageError for what is no number between 0 and 1."""
    number = number_of(given, "max_error")
    if not 0 < number < 1:
        raise WrongUsageError(f"max_error is between 0 and 1, not {given}", remedy="Give for instance 0.1")
    return number


def label_said(given: Any) -> Literal["fake", "real"]:
    """What a person says of a text. Raises WrongUsageError for what is neither fake nor real."""
    return FAKE if one_of(given, "label", LABELS) == FAKE else REAL


def one_of(given: Any, name: str, choices: Sequence[str]) -> str:
    """The word, if it is one of these. Raises WrongUsageError for another."""
    if not isinstance(given, str) or given not in choices:
        raise WrongUsageError(f"{given!r} is no {name}", remedy=f"Say {', '.join(choices[:-1])} or {choices[-1]}")
    return given


def yes_or_no(given: Any, name: str) -> bool:
    """The truth value. Raises WrongUsageError for another type: the word `no` would count as true."""
    if not isinstance(given, bool):
        raise WrongUsageError(f"{name} is True or False, not {given!r}")
    return given


def words(given: Any, name: str) -> str:
    """The str. Raises WrongUsageError for another type, and for what no database stores."""
    if not isinstance(given, str):
        raise WrongUsageError(f"{name} is a str, not {type(given).__name__}")
    if not _is_storable(given):
        raise WrongUsageError(f"{name} is {given!a}, with a character that no database stores", remedy="Leave it out")
    return given


def notify_targets(given: Any) -> tuple[str, ...]:
    """Who is told, each once: an address, `command`, or several of them. Raises WrongUsageError for what is neither."""
    from newsgate.tasks.notifying.target import check_target

    if given is None:
        return ()
    several = given if isinstance(given, Sequence) and not isinstance(given, str | bytes) else [given]
    try:
        return tuple(dict.fromkeys(check_target(words(each, "notify")) for each in several))
    except WrongUsageError as error:
        error.where = "notify" if error.where else None
        raise


def _is_storable(text: str) -> bool:
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def column_name(given: Any, name: str) -> str:
    """The name of a column, or of a sheet; tables call them by numbers too. Raises WrongUsageError for another type."""
    return given if isinstance(given, str) else str(whole_number(given, f"{name}, if it is no str,"))


def column_names(given: Any, name: str) -> tuple[str, ...]:
    """The names of one column or several. Raises WrongUsageError for what is neither."""
    if isinstance(given, Sequence) and not isinstance(given, str | bytes):
        return tuple(column_name(each, name) for each in given)
    return (column_name(given, name),)
