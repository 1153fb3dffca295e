"""What a bundle says about itself."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from newsgate.model.labels import LABELS

# 4 may have a wide part among its weights, which a program of before would leave out without a word.
FORMAT_VERSION: Final = 4
# No bundle was ever written as 2: that is a tokenizer's format.
OLDER_FORMAT_VERSIONS: Final = (1, 2, 3)
# From here on the weights are a file of their own.
FIRST_WITH_WEIGHTS: Final = 3
# A bundle from outside decides by this number how much memory a text may take.
MOST_TOKENS: Final = 16_384
# As many slots are a megabyte of each array in a bundle.
MOST_WIDE_SLOTS: Final = 1 << 18


@dataclass(frozen=True)
class Parity:
    """How far the other runtimes' probabilities were from Keras' at most, and on how many texts that was seen."""

    max_abs_difference: float
    texts: int


@dataclass(frozen=True)
class TrainingData:
    """What a model learned from.

    rows: `{"fake": n, "real": n}`. sha256: the fingerprint of texts and labels (`LabelledTexts.fingerprint`).
    held_back_rows: how many of the rows chose the epoch and the temperature instead of fitting weights.
    """

    rows: Mapping[str, int]
    sha256: str
    held_back_rows: int


@dataclass(frozen=True)
class BundleMetadata:
    """The content of `metadata.json`.

    created_at: ISO 8601 with its UTC offset. max_tokens: what the model reads of a text. temperature: what logits
    are divided by. recipe: the settings it was trained with. metrics: `{"held_back": {...}, "validation": {...}}`,
    each an evaluation as a dictionary. libraries: name -> version at training time. corpus: which labels it was trained
    on (`training.judging_split`). reference: how its scores of held-back texts are distributed (`model.score_summary`).
    abstention: which confidence went with how many mistakes on them (`model.abstention`). languages: those of its
    training texts (`model.languages`). quantisation: what whole numbers change about its scores (`model.quantisation`).
    These five are left out where nobody recorded them; readers of this format ignore what they do not know.
    """

    created_at: str
    max_tokens: int
    temperature: float
    recipe: Mapping[str, Any]
    training_data: TrainingData
    metrics: Mapping[str, Any]
    libraries: Mapping[str, str]
    parity: Parity
    labels: tuple[str, ...] = LABELS
    members_sha256: Mapping[str, str] = field(default_factory=dict)
    corpus: Mapping[str, Any] | None = None
    reference: Mapping[str, Any] | None = None
    abstention: Mapping[str, Any] | None = None
    languages: tuple[str, ...] | None = None
    quantisation: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if tuple(self.labels) != LABELS:
            raise ValueError(f"the labels are {', '.join(self.labels)}, not {', '.join(LABELS)}")
        if not (math.isfinite(self.temperature) and self.temperature > 0):
            raise ValueError(f"the temperature is {self.temperature}, not a positive number")
        if not 1 <= self.max_tokens <= MOST_TOKENS:
            raise ValueError(f"max_tokens is {self.max_tokens}, not a number from 1 to {MOST_TOKENS}")

    def as_dict(self) -> dict[str, Any]:
        """Return this as the JSON document that `from_dict` reads."""
        document = asdict(self)
        for optional in ("corpus", "reference", "abstention", "languages", "quantisation"):
            if document[optional] is None:
                del document[optional]
        document["format_version"] = FORMAT_VERSION
        document["calibration"] = {"temperature": document.pop("temperature")}
        return document

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> BundleMetadata:
        """Return the metadata in `document`; ValueError, OverflowError, KeyError or TypeError where it is not one."""
        return cls(
            created_at=str(document["created_at"]),
            max_tokens=int(document["max_tokens"]),
            temperature=float(document["calibration"]["temperature"]),
            recipe=dict(document["recipe"]),
            training_data=TrainingData(**document["training_data"]),
            metrics=dict(document["metrics"]),
            libraries=dict(document["libraries"]),
            parity=Parity(**document["parity"]),
            labels=tuple(document["labels"]),
            members_sha256=dict(document["members_sha256"]),
            corpus=_optional(document, "corpus"),
            reference=_optional(document, "reference"),
            abstention=_optional(document, "abstention"),
            languages=None if document.get("languages") is None else tuple(map(str, document["languages"])),
            quantisation=_optional(document, "quantisation"),
        )


def _optional(document: Mapping[str, Any], key: str) -> dict[str, Any] | None:
    return None if document.get(key) is None else dict(document[key])
