"""Which values of a column say fake, and which real: typed in `--labels`, or decided from what the column holds."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from newsgate.foundation.errors import WrongUsageError
from newsgate.model.labels import FAKE, LABELS, REAL, Label
from newsgate.tasks.reading.label_values.words import FAKE_WORDS, FALSE_WORDS, REAL_WORDS, TRUE_WORDS, fold

OPTION = "--labels"
_EXAMPLE = "--labels fake=1,real=0"
_SIDE = re.compile(r"\s*(fake|real)\s*=", re.IGNORECASE)
_QUOTES = "\"'"
# What a value may not hold unless it is quoted.
_PUNCTUATION = re.compile(r"[,;=\"']|^\s|\s$|^$")


@dataclass(frozen=True, slots=True)
class LabelVocabulary:
    """The values that say fake and those that say real, folded; any other value is no label.

    is_given: a person typed it. strict: a row with any other value is refused.
    """

    fake: frozenset[str]
    real: frozenset[str]
    is_given: bool = False
    strict: bool = False

    def label_of(self, value: str) -> Label | None:
        """What this value of the column says; None where it says neither."""
        folded = fold(value)
        if folded in self.fake:
            return FAKE
        if folded in self.real:
            return REAL
        if not self.is_given:
            return None
        spellings = _other_spellings(folded)
        if spellings & self.fake:
            return FAKE
        return REAL if spellings & self.real else None

    def described(self) -> str:
        """What a label may be, for a message."""
        if self in (FAKE_OR_REAL, ALL_WORDS):
            return "fake or real"
        return self.as_option() if self.is_given else "those that say fake or real"

    def as_option(self) -> str:
        """The same, as it is typed in a shell after `--labels`."""
        return label_option(sorted(self.fake), sorted(self.real))


_YES, _NO = TRUE_WORDS | {"1"}, FALSE_WORDS | {"0"}

# What a file says that says it in newsgate's own words, and in any that are understood.
FAKE_OR_REAL = LabelVocabulary(frozenset({FAKE}), frozenset({REAL}))
ALL_WORDS = LabelVocabulary(FAKE_WORDS, REAL_WORDS)


def label_option(fake: Iterable[str], real: Iterable[str]) -> str:
    """The option to type for these values."""
    sides = [f"{side}={','.join(map(_quoted, values))}" for side, values in zip(LABELS, (fake, real), strict=True)]
    has_several = any("," in side or ";" in side for side in sides)
    return f"{OPTION} {shlex.quote((';' if has_several else ',').join(sides))}"


def parse_vocabulary(typed: str, *, strict: bool = False) -> LabelVocabulary:
    """What `--labels` says: `fake=1,real=0`, or `fake=false,hoax;real=true`.

    A value with a comma, a semicolon or an equals sign stands in quotes. Raises WrongUsageError.
    """
    sides: dict[str, list[str]] = {side: [] for side in LABELS}
    current: str | None = None
    for token, is_side in _tokens(typed):
        if is_side:
            current = token
        elif current is None:
            raise _wrong(typed, f"{token!r} stands before fake= and real=")
        else:
            sides[current].append(token)
    for side, values in sides.items():
        if not values:
            raise _wrong(typed, f"it does not say which values are {side}")
    fake, real = (frozenset(map(fold, sides[side])) for side in LABELS)
    both = sorted(fake.union(*map(_other_spellings, fake)) & real)
    if both:
        raise _wrong(typed, f"{both[0]!r} is on both sides")
    return LabelVocabulary(fake, real, is_given=True, strict=strict)


def _tokens(typed: str) -> Iterator[tuple[str, bool]]:
    """The sides' names, marked True, and the values."""
    position = 0
    while position < len(typed):
        if side := _SIDE.match(typed, position):
            yield side[1].casefold(), True
            position = side.end()
        value, position = _value_at(typed, position)
        if value is not None:
            yield value, False


def _value_at(typed: str, start: int) -> tuple[str | None, int]:
    """The value that begins here, None for nothing between two separators, and where the next one begins."""
    blanks = len(typed[start:]) - len(typed[start:].lstrip())
    start += blanks
    if typed[start : start + 1] and typed[start] in _QUOTES:
        return _quoted_value_at(typed, start)
    end = start
    while end < len(typed) and typed[end] not in ",;":
        end += 1
    return typed[start:end].strip() or None, end + 1


def _quoted_value_at(typed: str, start: int) -> tuple[str, int]:
    quote, value, position = typed[start], "", start + 1
    while position < len(typed):
        if typed[position] != quote:
            value += typed[position]
            position += 1
        elif typed[position + 1 : position + 2] == quote:
            value += quote
            position += 2
        else:
            break
    else:
        raise _wrong(typed, f"a quote ({quote}) is never closed")
    if not value.strip():
        raise _wrong(typed, "an empty value says nothing")
    rest = typed[position + 1 :]
    gap = len(rest) - len(rest.lstrip())
    if rest.strip() and rest[gap] not in ",;":
        raise _wrong(typed, f"something follows the closing quote of {value!r}")
    return value, position + 2 + gap


def _quoted(value: str) -> str:
    doubled = value.replace('"', '""')
    return f'"{doubled}"' if _PUNCTUATION.search(value) else value


def _other_spellings(folded: str) -> frozenset[str]:
    """What else a workbook may show for this yes or no; nothing for any other value."""
    for spellings in (_YES, _NO):
        if folded in spellings:
            return spellings
    return frozenset()


def _wrong(typed: str, why: str) -> WrongUsageError:
    return WrongUsageError(
        f"{OPTION} {typed!r} cannot be understood: {why}",
        remedy=f"Write for instance {_EXAMPLE}, or {label_option(['false', 'hoax'], ['true'])}",
    )
