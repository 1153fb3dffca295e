"""Labels that are numbers in a file which itself names these numbers, as the library `datasets` writes Parquet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from newsgate.model.labels import LABELS
from newsgate.tasks.reading.label_values.decision import LabelValuesError, words_vocabulary
from newsgate.tasks.reading.label_values.vocabulary import LabelVocabulary
from newsgate.tasks.reading.label_values.words import fold

# What the library writes where there is no label.
_NO_LABEL = "-1"


def by_names(values: Mapping[str, int], names: Sequence[str]) -> Counter[str]:
    """The values with their names in place of their numbers; a number that stands for no label is left out."""
    named: Counter[str] = Counter()
    for value, rows in values.items():
        number = fold(value)
        if number != _NO_LABEL:
            is_named = number.isdecimal() and int(number) < len(names)
            named[names[int(number)] if is_named else value] += rows
    return named


def with_numbers(vocabulary: LabelVocabulary, names: Sequence[str]) -> LabelVocabulary:
    """The vocabulary of the names, which knows the numbers of these names too."""
    numbers = {
        label: frozenset(str(number) for number, name in enumerate(names) if vocabulary.label_of(name) == label)
        for label in LABELS
    }
    return replace(vocabulary, fake=vocabulary.fake | numbers["fake"], real=vocabulary.real | numbers["real"])


def check_numbers(vocabulary: LabelVocabulary, names: Sequence[str], *, column: str, where: str) -> None:
    """See that numbers that a person typed do not say the opposite of their names. Raises LabelValuesError."""
    known = words_vocabulary(names, column)
    for number, name in enumerate(names):
        typed, named = vocabulary.label_of(str(number)), known.label_of(name)
        if typed is not None and named is not None and typed != named:
            raise LabelValuesError(
                f"the file calls {number} {name!r} in column {column!r}, and {vocabulary.as_option()} calls it {typed}",
                column=column,
                values={str(number): 0},
                where=where,
                remedy="Leave --labels out, or write the names in it",
            )
