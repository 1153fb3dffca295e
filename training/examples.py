"""What a network is fitted to: texts, and how fake each is said to be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from newsgate.model.labels import FAKE
from newsgate.training.corpus import LabelledTexts


@dataclass(frozen=True)
class Examples:
    """Texts and their targets in step: float32 [texts], the wanted P(fake), 0 to 1."""

    texts: tuple[str, ...]
    targets: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.targets.shape != (len(self.texts),):
            raise ValueError(f"targets of shape {self.targets.shape} for {len(self.texts)} texts")

    @classmethod
    def of_labels(cls, labelled: LabelledTexts, *, smoothing: float) -> Examples:
        """Return targets that stand half of `smoothing` from 0 and 1 (Szegedy et al. 2016, arXiv 1512.00567)."""
        fake = np.array([label == FAKE for label in labelled.labels], dtype=np.float32)
        return cls(labelled.texts, fake * (1.0 - smoothing) + smoothing / 2.0)

    def __add__(self, other: Examples) -> Examples:
        return Examples(self.texts + other.texts, np.concatenate([self.targets, other.targets]))
