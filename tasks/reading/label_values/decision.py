"""From the values that a column holds, with their counts, to what they say, or to what a person must settle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from newsgate.foundation.errors import NewsgateError
from newsgate.model.labels import FAKE, REAL, Label
from newsgate.tasks.reading.label_values.vocabulary import LabelVocabulary, label_option
from newsgate.tasks.reading.label_values.words import (
    FAKE_COLUMNS,
    FAKE_WORDS,
    FALSE_WORDS,
    LEANING_FAKE_WORDS,
    LEANING_REAL_WORDS,
    NEITHER_WORDS,
    NO_WORDS,
    REAL_COLUMNS,
    REAL_WORDS,
    TRUE_WORDS,
    WORDS_OF_TEXTS,
    YES_WORDS,
    fold,
    fold_column,
    may_name_its_yes,
)

VALUES_SHOWN = 10
_VALUE_SHOWN_CHARS = 40
_NUMBERS = frozenset({"0", "1"})
# As in `--labels`, 1 and TRUE are one value.
_TRUE, _FALSE = TRUE_WORDS | {"1"}, FALSE_WORDS | {"0"}
# What only scales have: steps beside true and false.
_SCALE_ENDS = frozenset({"pants fire", "pants on fire"})
_MIDDLE = "half true"


class LabelValuesError(NewsgateError):
    """It is unclear what a column of labels says, so a person must say it; `values`: what it holds, and how often."""

    def __init__(self, what: str, *, column: str, values: Mapping[str, int], where: str, remedy: str) -> None:
        super().__init__(what, where=where, remedy=remedy)
        self.column = column
        self.values = dict(values)


@dataclass(slots=True)
class _Sorted:
    """A column's values by what each says, each in every way that it is written."""

    fake: dict[str, int] = field(default_factory=dict)
    real: dict[str, int] = field(default_factory=dict)
    leaning: dict[str, int] = field(default_factory=dict)
    neither: dict[str, int] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)

    @property
    def others(self) -> dict[str, int]:
        """The values that are on no side."""
        return {**self.leaning, **self.neither, **self.unknown}


def decide_vocabulary(values: Mapping[str, int], *, column: str, where: str, strict: bool = False) -> LabelVocabulary:
    """What these values of a column say. Raises LabelValuesError where it is unclear, or clear for one side alone.

    values: as they are written, without the empty ones, and how many rows have each.
    """
    found = _sort(values, column)
    problem = _two_readings(found, column) or _problem(found, values)
    if problem is not None:
        what, remedy = problem
        said = f"column {column!r} holds {list_values(values)}"
        raise LabelValuesError(f"{said}: {what}", column=column, values=values, where=where, remedy=remedy)
    return LabelVocabulary(frozenset(map(fold, found.fake)), frozenset(map(fold, found.real)), strict=strict)


def check_vocabulary(vocabulary: LabelVocabulary, values: Mapping[str, int], *, column: str, where: str) -> None:
    """See that what a person typed is about this column. Raises LabelValuesError where no value is on a side."""
    if values and not any(map(vocabulary.label_of, values)):
        raise LabelValuesError(
            f"column {column!r} holds {list_values(values)}: none of these is in {vocabulary.as_option()}",
            column=column,
            values=values,
            where=where,
            remedy=_ask(list(values)),
        )


def words_vocabulary(values: Iterable[str], column: str) -> LabelVocabulary:
    """What those of the values say that can only mean one thing."""
    found = _sort(dict.fromkeys(values, 1), column)
    return LabelVocabulary(frozenset(map(fold, found.fake)), frozenset(map(fold, found.real)))


def is_clear(values: Iterable[str], column: str) -> bool:
    """Whether some of the values say fake or real, and so the column is about that."""
    found = _sort(dict.fromkeys(values, 1), column)
    return bool(found.fake or found.real or found.leaning)


def is_known_neither(value: str) -> bool:
    """Whether people who write this mean: neither fake nor real."""
    return fold(value) in NEITHER_WORDS


def speaks_for_itself(column: str) -> bool:
    """Whether the column's name says of what a yes in it is, such as is_fake."""
    return fold_column(column) in FAKE_COLUMNS | REAL_COLUMNS


def list_values(values: Mapping[str, int]) -> str:
    """The values with their counts, the most frequent first, as a person reads them."""
    ranked = sorted(values.items(), key=lambda each: (-each[1], each[0]))
    shown = [f"{quote_value(value)} ({_rows(count)})" for value, count in ranked[:VALUES_SHOWN]]
    if (left := len(ranked) - VALUES_SHOWN) > 0:
        shown.append(f"{left:,} other values")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def quote_value(value: str) -> str:
    """A value for a message: short, and bare where it is a plain word or number."""
    short = value if len(value) <= _VALUE_SHOWN_CHARS else value[: _VALUE_SHOWN_CHARS - 1] + "…"
    return short if short.isalnum() else repr(short)


def _sort(values: Mapping[str, int], column: str) -> _Sorted:
    found = _Sorted()
    name = fold_column(column)
    for value, count in values.items():
        _side_of(fold(value), name, found)[value] = count
    return found


def _side_of(folded: str, column: str, found: _Sorted) -> dict[str, int]:
    yes_or_no = {"yes": found.fake, "no": found.real} if column in FAKE_COLUMNS else None
    if column in REAL_COLUMNS:
        yes_or_no = {"yes": found.real, "no": found.fake}
    if yes_or_no is not None and folded in YES_WORDS:
        return yes_or_no["yes"]
    if yes_or_no is not None and folded in NO_WORDS:
        return yes_or_no["no"]
    for words, side in (
        (FAKE_WORDS, found.fake),
        (REAL_WORDS, found.real),
        (LEANING_FAKE_WORDS | LEANING_REAL_WORDS, found.leaning),
        (NEITHER_WORDS, found.neither),
    ):
        if folded in words:
            return side
    return found.unknown


def _two_readings(found: _Sorted, column: str) -> tuple[str, str] | None:
    """What is unclear where true and false may be said of the texts, or of what the column's name says."""
    values = {**found.fake, **found.real}
    truths = [value for value in values if fold(value) in TRUE_WORDS | FALSE_WORDS]
    if not truths:
        return None
    what = f"{quote_value(truths[0])} may be said of the text, or of the name of the column"
    if may_name_its_yes(column):
        everything = [*values, *found.others]
        if any(fold(value) in WORDS_OF_TEXTS for value in everything):
            return None
        return what, _ask([value for value in everything if fold(value) in _TRUE | _FALSE])
    if fold_column(column) not in FAKE_COLUMNS or all(fold(value) in YES_WORDS | NO_WORDS for value in values):
        return None

    def side(truth: frozenset[str], literal: dict[str, int]) -> list[str]:
        return _distinct(each for each in values if fold(each) in truth or (each in literal and not is_truth(each)))

    def is_truth(value: str) -> bool:
        return fold(value) in _TRUE | _FALSE

    readings = (
        (side(_FALSE, found.fake), side(_TRUE, found.real)),
        (side(_TRUE, found.fake), side(_FALSE, found.real)),
    )
    ways = [label_option(fake, real) for fake, real in readings if fake and real]
    return what, f"Say which is which: {' or '.join(ways)}"


def _problem(found: _Sorted, values: Mapping[str, int]) -> tuple[str, str] | None:
    """What is unclear, and the remedy; None where nothing is."""
    unknown = set(map(fold, found.unknown))
    has_numbers = bool(unknown & _NUMBERS)
    if not (found.fake or found.real):
        return _nothing_known(found, values) if values else None
    if has_numbers and set(map(fold, values)) & (TRUE_WORDS | FALSE_WORDS):
        return "a number and a truth value may say the same", _ask(list(values))
    if found.leaning or (_SCALE_ENDS & set(map(fold, found.fake)) and _MIDDLE in map(fold, found.neither)):
        return "this is a scale, and people divide it in different places", _ask_scale(found)
    if found.others and not (found.fake and found.real):
        side: Label = FAKE if found.fake else REAL
        return f"it is clear only which values say {side}", _ask_other_side(found, side)
    if sum(found.unknown.values()) > sum(found.fake.values()) + sum(found.real.values()):
        return "most rows say neither fake nor real", _ask_rest(found)
    return None


def _nothing_known(found: _Sorted, values: Mapping[str, int]) -> tuple[str, str]:
    if found.leaning:
        return "this is a scale, and people divide it in different places", _ask_scale(found)
    if set(map(fold, values)) <= _NUMBERS:
        return "0 and 1 mean opposite things in different files", _ask(["1", "0"])
    return "none of these says fake or real", _ask(list(values))


def _ask(values: Sequence[str]) -> str:
    """The option to type, both ways where there are two values besides those that are known to be neither."""
    apart = _apart(_distinct(values)[:VALUES_SHOWN])
    sides = [each for each in apart if not is_known_neither(each[0])]
    rest = ""
    if 1 < len(sides) < len(apart):
        apart, rest = sides, "; what is on no side is no label"
    if len(apart) == 1:
        name = quote_value(apart[0][0])
        return f"If {name} is fake, --label fake labels the whole file; if it is real, --label real does"
    if len(apart) == 2:
        ways = f"{label_option(*apart)} or {label_option(*reversed(apart))}"
        return f"Say which is which: {ways}{rest}"
    half = len(apart) // 2
    example = label_option(chain(*apart[:half]), chain(*apart[half:]))
    return f"Say which is which, each value on its side and those that are neither left out, such as {example}"


def _apart(names: Sequence[str]) -> list[list[str]]:
    """The values that may be on different sides; what a spreadsheet takes for one, as 1 and TRUE, is together."""
    found: dict[str, list[str]] = {}
    for name in names:
        folded = fold(name)
        kind = next((min(each) for each in (_TRUE, _FALSE) if folded in each), folded)
        found.setdefault(kind, []).append(name)
    return list(found.values())


def _ask_scale(found: _Sorted) -> str:
    fake = _distinct([*found.fake, *(each for each in found.leaning if fold(each) in LEANING_FAKE_WORDS)])
    real = _distinct([*found.real, *(each for each in found.leaning if fold(each) in LEANING_REAL_WORDS)])
    between = _distinct(found.neither)
    with_middle = [each for each in between if fold(each) == _MIDDLE]
    ways = [label_option(fake or ["…"], [*with_middle, *real] or ["…"])]
    if with_middle:
        ways.append(f"without {', '.join(with_middle)}: {label_option(fake or ['…'], real or ['…'])}")
    return f"Say where: {'; or '.join(ways)}; what is on no side is no label"


def _ask_other_side(found: _Sorted, side: Label) -> str:
    known = _distinct(found.fake or found.real)
    # What is known to be neither is proposed only where nothing else is left.
    others = _distinct({**found.leaning, **found.unknown} or found.others)
    sides = (known, others) if side == FAKE else (others, known)
    other = REAL if side == FAKE else FAKE
    which = others[0] if len(others) == 1 else f"the others, or some of them, are {other}"
    condition = f"If {quote_value(which)} is {other}" if len(others) == 1 else f"If {which}"
    return f"{condition}: {label_option(*sides)}"


def _ask_rest(found: _Sorted) -> str:
    option = label_option(_distinct(found.fake), _distinct(found.real))
    return f"If the others are no labels: {option}; else name each on its side"


def _distinct(values: Iterable[str]) -> list[str]:
    """One spelling of each value."""
    return list({fold(value): value.strip() for value in reversed(list(values))}.values())[::-1]


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"
