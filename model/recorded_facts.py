"""What a model's metadata says of its training, read once and with suspicion.

A program that made a bundle may have recorded anything, or nothing. What is not what it should be is left out here and
named as damaged, so that no command that shows a model has to look for itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from newsgate.model.labels import LABELS

# More texts than anybody trains on. Sums of a few such counts are exact in a float.
MOST_TEXTS: Final = 10**12
# The texts of the starter model of version 0.2.0, whose bundle does not say that they are English.
_OLD_STARTER_TEXTS: Final = "5c4937b2c4f519d8080411985c67a05557d4edc6fec1ddbca5a8c31940170112"
_JUDGED_BY: Final = ("validation", "held_back")


@dataclass(frozen=True, slots=True)
class JudgedFigures:
    """How a model did on labelled texts that were kept out of its training. weighted_f1: None where not recorded."""

    rows: int
    accuracy: float
    weighted_f1: float | None


@dataclass(frozen=True, slots=True)
class RecordedFacts:
    """The facts that can be used, None where nobody recorded them or they are damaged.

    trained_rows: texts by their label. label_id: the last label it was trained on, 0 where that is not known. damaged:
    the parts of the metadata that are there and are not what they should be. languages: of its training texts.
    """

    trained_rows: Mapping[str, int] | None
    judged: JudgedFigures | None
    label_id: int
    languages: tuple[str, ...] | None
    damaged: tuple[str, ...]

    @property
    def trained_texts(self) -> int | None:
        """How many texts it was trained on."""
        return None if self.trained_rows is None else sum(self.trained_rows.values())


def recorded_facts(metadata: Mapping[str, Any]) -> RecordedFacts:
    """Return what a model's metadata, as JSON has it, says of its training."""
    readers: dict[str, Callable[[Any], Any]] = {
        "training_data": _trained_rows,
        "metrics": _judged,
        "corpus": _label_id,
        "languages": _languages,
    }
    found: dict[str, Any] = {}
    damaged = []
    for part, read in readers.items():
        try:
            found[part] = read(metadata[part]) if metadata.get(part) else None
        except (ValueError, TypeError, KeyError, AttributeError):
            found[part] = None
            damaged.append(part)
    return RecordedFacts(
        trained_rows=found["training_data"],
        judged=found["metrics"],
        label_id=found["corpus"] or 0,
        languages=found["languages"] or _unrecorded_languages(metadata),
        damaged=tuple(damaged),
    )


def count_of(value: Any) -> int:
    """Return `value` where it is a count of texts; ValueError where not. To Python true is 1, but it is no count."""
    if type(value) is not int or not 0 <= value <= MOST_TEXTS:
        raise ValueError("not a count")
    return value


def without_odd_numbers(document: Any) -> Any:
    """Return a JSON document with null for what is no number: JSON has no NaN and no infinity."""
    if isinstance(document, Mapping):
        return {name: without_odd_numbers(value) for name, value in document.items()}
    if isinstance(document, list):
        return [without_odd_numbers(value) for value in document]
    return None if isinstance(document, float) and not math.isfinite(document) else document


def _trained_rows(document: Mapping[str, Any]) -> dict[str, int] | None:
    rows = document["rows"]
    return {label: count_of(rows[label]) for label in LABELS} if rows else None


def _judged(document: Mapping[str, Any]) -> JudgedFigures | None:
    figures = next((document[name] for name in _JUDGED_BY if document.get(name)), None)
    if figures is None:
        return None
    f1 = figures.get("weighted_f1")
    return JudgedFigures(
        rows=count_of(figures["rows"]),
        accuracy=_share_of(figures["accuracy"]),
        weighted_f1=None if f1 is None else _share_of(f1),
    )


def _label_id(document: Mapping[str, Any]) -> int:
    return count_of(document.get("label_id", 0))


def _languages(document: Any) -> tuple[str, ...]:
    if not isinstance(document, list | tuple) or not all(isinstance(each, str) for each in document):
        raise TypeError("not a list of languages")
    return tuple(document)


def _unrecorded_languages(metadata: Mapping[str, Any]) -> tuple[str, ...] | None:
    trained_on = metadata.get("training_data")
    is_old_starter = isinstance(trained_on, Mapping) and trained_on.get("sha256") == _OLD_STARTER_TEXTS
    return ("en",) if is_old_starter else None


def _share_of(value: Any) -> float:
    # NaN is in no range.
    if type(value) not in (int, float) or not 0 <= value <= 1:
        raise ValueError("not a share")
    return float(value)
