"""What a program gives to be classified, as a list of texts with the reason for each that is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from newsgate.foundation.errors import WrongUsageError
from newsgate.tasks.reading.row_maker import EMPTY_TEXT, storable, why_no_text


@dataclass(frozen=True, slots=True)
class GivenTexts:
    """texts: as they were given, empty where there was none. errors: by place, why a text cannot be classified.

    index: that of a pandas Series, None where there is no such thing.
    """

    texts: list[str]
    errors: dict[int, str]
    index: Any = None

    def scorable(self) -> list[str]:
        """The texts that the model is to read, in their order."""
        if not self.errors:
            return self.texts
        return [text for place, text in enumerate(self.texts) if place not in self.errors]


def given_texts(given: Iterable[str | None]) -> GivenTexts:
    """Read all of `given`: a list, a Series of pandas or polars, an Arrow array, any iterable of texts.

    A text that is missing or empty has a reason in its place, as a row of a file has. Raises WrongUsageError for
    anything else that is no text.
    """
    _refuse_what_is_no_column(given)
    values = given.to_pylist() if hasattr(given, "to_pylist") else given
    texts: list[str] = []
    errors: dict[int, str] = {}
    for place, value in enumerate(values):
        if isinstance(value, str):
            # As a file's rows are stored: half of a character that was cut is no character.
            text = storable(value)
            if (reason := why_no_text(text)) is not None:
                errors[place] = reason
        elif is_missing(value):
            text, errors[place] = "", EMPTY_TEXT
        else:
            raise WrongUsageError(
                f"text {place} is no str but {type(value).__name__}", remedy="Give the column of texts alone"
            )
        texts.append(text)
    index = getattr(given, "index", None)
    # A list has a method of that name.
    return GivenTexts(texts, errors, None if callable(index) else index)


def is_missing(value: object) -> bool:
    """Whether a table means by this value that there is none: None, NaN, pandas' NA and NaT."""
    if value is None:
        return True
    if isinstance(value, float):
        return value != value
    return type(value).__name__ in ("NAType", "NaTType")


def _refuse_what_is_no_column(given: object) -> None:
    if isinstance(given, str):
        raise WrongUsageError("one text is given where several are wanted", remedy="Write classify([text])")
    if isinstance(given, bytes | Mapping) or hasattr(given, "columns") or not hasattr(given, "__iter__"):
        raise WrongUsageError(
            f"{type(given).__name__} is no list of texts", remedy="Give the column of texts: classify(table['text'])"
        )
